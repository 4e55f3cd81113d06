#!/bin/sh
# Make or repair a virtual environment: tools/create_venv.sh FOLDER PYTHON
set -eu
venv="$1"
python="$2"

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
  echo "Python 3.10 or newer is needed; make PYTHON=/path/to/python3 ... chooses one." >&2
  exit 1
fi

# Debian keeps ensurepip, which a virtual environment needs, in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  sh "$(dirname "$0")/apt_install.sh" python3-venv
fi

# An environment that was moved, or whose Python is gone, cannot be repaired in place.
if [ -d "$venv" ] && ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  rm -rf "$venv"
fi

"$python" -m venv "$venv"
"$venv/bin/python" -m pip install ${INSTALL_FLAGS:--qq} --disable-pip-version-check --upgrade 'pip>=25.1'
