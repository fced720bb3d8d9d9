#!/bin/sh
# Runs in the image while it is built: installs the packages listed in /build/packages, then switches off and removes
# what must not be shared by all machines.
set -eu
export DEBIAN_FRONTEND=noninteractive

# ---- Before: no service starts during the build, no manuals, no waiting for the disk after each file
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
cat >/etc/dpkg/dpkg.cfg.d/machine <<'END'
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
END
echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/build

# MySQL 9.7 is in Debian's sid only: from there, MySQL and the libraries it needs (sid-mysql.pref), nothing else. It
# comes by the mirror that the base already uses. Mirrors are sometimes behind with sid, hence check-valid-until=no:
# the signatures are verified all the same.
# shellcheck disable=SC2016 # apt fills in $(…), not the shell
mirror=$(apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
  'Created-By: Packages' |
  awk '$2 == "trixie" && $3 == "main" { print $1; exit }')
if [ -z "$mirror" ]; then
  echo "The base image has no apt source for Debian 13 (trixie main)." >&2
  exit 1
fi
echo "deb [check-valid-until=no signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" \
  >/etc/apt/sources.list.d/sid.list
cp /build/sid-mysql.pref /etc/apt/preferences.d/sid-mysql.pref

# The package initialises /var/lib/mysql, and each new data volume starts as a copy of it: with a small redo log that
# is 100 MB less to copy. mysqld enlarges the log to what it is configured to have when it starts.
mkdir -p /etc/mysql/conf.d
printf '[mysqld]\ninnodb_redo_log_capacity = 8M\n' >/etc/mysql/conf.d/build.cnf

# ---- Install
apt-get -o Acquire::Languages=none update
# shellcheck disable=SC2046 # one word per package is what is wanted
apt-get install -y --no-install-recommends $(sed 's/#.*//' /build/packages)

# ---- After: nothing runs until cloud-init says so
enabled_units() {
  systemctl list-unit-files --state=enabled --no-legend --plain | awk '{ print $1 }'
}
for unit in $(enabled_units); do
  case $unit in
    cloud-init-hotplugd.socket | getty@.service) systemctl disable "$unit" ;;
    cloud-* | dbus* | systemd-* | remote-fs.target) ;;
    *) systemctl disable "$unit" ;;
  esac
done
# Of no use in a machine that is replaced rather than upgraded, has no disk of its own and nobody logs in to.
systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
  man-db.timer systemd-logind.service systemd-pstore.service
systemctl set-default multi-user.target
# Without this cloud-init's generator asks the hardware where the machine runs, and on EC2 it would say: on EC2.
printf 'policy: enabled\n' >/etc/cloud/ds-identify.cfg

# ---- Remove the tools of the build, sid, and everything that would make two machines the same
rm -f /usr/sbin/policy-rc.d /etc/dpkg/dpkg.cfg.d/build /etc/mysql/conf.d/build.cnf \
  /etc/apt/sources.list.d/sid.list /etc/apt/preferences.d/sid-mysql.pref
rm -f /var/lib/mysql/auto.cnf /var/lib/mysql/*.pem /etc/ssh/ssh_host_* /etc/ssl/private/ssl-cert-snakeoil.key \
  /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
# Empty, not absent: systemd fills it in at boot. Without the file it would take the boot for the first one ever and
# enable every service again.
: >/etc/machine-id
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /build
find /var/log -type f -exec truncate --size 0 {} +
# Tells systemd that nothing has changed since, so that no machine rebuilds caches at its boot.
touch /etc/.updated /var/.updated
# Kept across restarts of a machine, so that the journal can tell why it stopped.
mkdir -p /var/log/journal
