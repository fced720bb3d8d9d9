#!/bin/bash
# Makes the root file system of Debian 13 that the machine image stands on, for hosts where no registry answers.
# It holds as little as Docker's own debian:trixie; everything else is the Dockerfile's business.
#
# Usage: base.sh TARBALL [MIRROR [SECURITY_MIRROR]]
# Without a mirror mmdebstrap takes Debian's default ones (updates and security included).
set -euo pipefail
tarball=${1:?"usage: base.sh TARBALL [MIRROR [SECURITY_MIRROR]]"}
mirror=${2:-}
security_mirror=${3:-}

sources=()
if [ -n "$mirror" ]; then
  sources+=("deb $mirror trixie main" "deb $mirror trixie-updates main")
fi
if [ -n "$security_mirror" ]; then
  sources+=("deb $security_mirror trixie-security main")
fi

# Nobody reads manuals or translations in a machine; dpkg keeps the copyright files, which licences ask for.
exec mmdebstrap --variant=minbase --components=main --include=ca-certificates \
  --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  trixie "$tarball" "${sources[@]}"
