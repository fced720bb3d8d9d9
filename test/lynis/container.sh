#!/bin/bash
# Lynis' hardening index of a running machine: by its default profile, then without what belongs to the computer (container.prf),
# and at which tests points are missing. Lynis is that of this computer (apt-get install lynis), without Debian's plugin.
# Usage: container.sh CONTAINER
set -euo pipefail
machine=${1:?"usage: container.sh CONTAINER"}
here=$(dirname "$0")

files=(usr/share/lynis usr/sbin/lynis etc/lynis)
# shellcheck disable=SC2317 # the trap calls it
remove() { docker exec "$machine" rm -rf "${files[@]/#//}" /var/log/lynis.log /var/log/lynis-report.dat; }
trap remove EXIT
tar -C / -c --exclude='etc/lynis/plugins/*' "${files[@]}" | docker exec -i "$machine" tar -C / -x --no-same-owner

audit() {
  docker exec "$machine" lynis audit system --quick --no-colors >/dev/null 2>&1
  echo "== $1: $(docker exec "$machine" sed -n 's/^hardening_index=//p' /var/log/lynis-report.dat)"
  docker exec "$machine" cat /var/log/lynis.log | awk -f "$here/lost-points.awk"
}
audit "default profile"
docker exec -i "$machine" sh -c 'cat >/etc/lynis/custom.prf' <"$here/container.prf"
audit "without what is the computer's"
