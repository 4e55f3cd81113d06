#!/bin/sh
# Install Debian packages: tools/apt_install.sh PACKAGE...
# As root, or through sudo; elsewhere it names what to install by hand.
set -eu

if ! command -v apt-get >/dev/null 2>&1; then
  echo "Please install by hand: $* (this system has no apt-get)." >&2
  exit 1
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "Please install as root: apt-get install $*" >&2
    exit 1
  fi
  as_root="sudo"
fi

echo "==> System packages: $*"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive \
  apt-get install -qq --yes --no-install-recommends "$@" </dev/null
