#!/usr/bin/env bash
# Prints a Python 3.11 that starts; fails, saying what to install, when there is none.
set -euo pipefail
for candidate in "${PYTHON:-python3.11}" python3.11 python3; do
    if path=$(command -v "$candidate") && "$path" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        echo "$path"
        exit 0
    fi
done
echo "No Python 3.11 found: install it (Debian: apt-get install python3.11 python3.11-venv) or set PYTHON=/path/to/python3.11" >&2
exit 1
