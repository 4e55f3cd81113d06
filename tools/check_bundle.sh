#!/bin/sh
# Fail when the committed widget bundle is not what frontend/ builds now.
set -eu
cd "$(dirname "$0")/.."
assets="streamlit_redis_session/widget/assets"

# The build writes beside the frontend folder, so that a copy of that folder builds elsewhere.
copy="$(mktemp -d)"
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/frontend"
for entry in frontend/*; do
  case "$entry" in
    */node_modules) ln -s "$PWD/$entry" "$copy/$entry" ;;
    *) cp -R "$entry" "$copy/$entry" ;;
  esac
done
(cd "$copy/frontend" && npm run --silent build)

if ! diff -rq "$assets" "$copy/$assets"; then
  echo "The committed bundle differs from its source: run 'make frontend' and commit the result." >&2
  exit 1
fi
