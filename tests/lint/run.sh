#!/bin/sh
# Lints both templates and the state machine. Exit code 0 = no finding, not even a warning.
#
# PYTHON  an interpreter with tests/local-aws/requirements.txt (default: .venv/local-aws)
# SAM     the sam command of tests/local-aws/requirements-sam.txt (default: .venv/sam)
# The state machine's validator is installed here by npm, as package-lock.json says.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PYTHON:-$root/.venv/local-aws/bin/python}

if [ ! -x "$here/node_modules/.bin/asl-validator" ] ||
    [ "$here/package-lock.json" -nt "$here/node_modules/.package-lock.json" ]; then
    npm ci --prefix "$here" --no-audit --no-fund --loglevel=error
fi
PYTHONPATH=$here exec "$python" -m lint
