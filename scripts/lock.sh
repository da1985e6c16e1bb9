#!/usr/bin/env bash
# Renews the locks. Usage: lock.sh UV [--upgrade]. Pins stay where they are unless --upgrade is given.
# The locks hold versions and hashes only: no host, so any mirror can serve them.
set -euo pipefail
uv=$1
shift
compile=("$uv" pip compile --quiet --system-certs --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links
    --custom-compile-command "make lock" "$@")

"${compile[@]}" requirements-bootstrap.in --output-file requirements-bootstrap.lock
"${compile[@]}" pyproject.toml requirements-build.in --extra compiled --extra demo --extra git \
    --output-file requirements.lock
"${compile[@]}" pyproject.toml requirements-build.in --constraints requirements.lock \
    --extra compiled --extra demo --extra git --extra postgres --extra mysql --extra sqlite --extra openlineage \
    --extra mssql --extra oracle --extra saphana --extra sybase --extra kafka --extra sftp --extra http \
    --extra objects --extra cdr --extra ai --extra notify --extra test \
    --output-file requirements-test.lock
"${compile[@]}" requirements-engines.in --output-file requirements-engines.lock
