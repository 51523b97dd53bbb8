#!/bin/sh
# `make lock`: writes requirements.lock beside each requirements.in: exact versions with hashes, for all platforms and
# for Python 3.11 or newer. Versions already locked are kept where they still fit; UPGRADE=1 takes the newest.
set -eu
cd "${0%/*}/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check uv==0.13.9
for requirements in tools/python/emulators rehearsal/apps/python; do
  (
    cd "$requirements"
    "$folder/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
      --custom-compile-command 'make lock' ${UPGRADE:+--upgrade} requirements.in -o requirements.lock
  )
  echo "wrote $requirements/requirements.lock"
done
