#!/bin/sh
# Fetches what pages load into node_modules, as package-lock.json says, with npm from PyPI where there is none.
set -eu
cd "$(dirname "$0")/.."

npm=npm
version=$(npm --version 2>/dev/null || echo 0)
if [ "${version%%.*}" -lt 8 ]; then
    echo "Installing Node.js into .venv: there is no npm from version 8 on"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-node.lock
    npm=.venv/bin/npm
fi
echo "Fetching what pages load into node_modules"
$npm ci --ignore-scripts --silent
