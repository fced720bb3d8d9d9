# shellcheck shell=sh
# Sourced by the programs that ask AWS something: where this machine's things are, and with how much patience.
# shellcheck source=/dev/null
. /etc/machine/aws
export AWS_DEFAULT_REGION
# standard: throttling, time-outs and errors of the service are tried again, with growing pauses
export AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=6
# the machine's own credentials are asked for once and for a second only, which a busy machine may miss
export AWS_METADATA_SERVICE_TIMEOUT=5 AWS_METADATA_SERVICE_NUM_ATTEMPTS=5
aws() { command aws --cli-connect-timeout 5 --cli-read-timeout 20 "$@"; }

# What AWS says about this machine, such as `metadata instance-id`.
metadata() {
  service=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}
  token=$(curl -fsS --max-time 5 --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
    "$service/latest/api/token") &&
    curl -fsS --max-time 5 --header "X-aws-ec2-metadata-token: $token" "$service/latest/meta-data/$1"
}

# Runs a command until it succeeds, for five minutes: a new machine's permissions take a while to be known everywhere.
patiently() {
  deadline=$(($(date +%s) + ${PATIENCE:-300}))
  until "$@"; do
    [ "$(date +%s)" -ge "$deadline" ] && return 1
    sleep 5
  done
}

# Tells the deployment that waits for this machine: `report ok`, `report waiting WHY`, `report failed WHY`.
report() {
  instance=$(metadata instance-id) || return 1
  # a parameter holds 4 KiB
  value=$(printf '%s %s' "$instance" "$*" | head -c 4000)
  aws ssm put-parameter --name "$PARAMETERS/ready" --overwrite --value "$value" >/dev/null
}
