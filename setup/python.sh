#!/bin/sh
# Makes .venv and installs the locked packages and Accredit itself into it. `make` calls it when the lock has changed.
set -eu
cd "$(dirname "$0")/.."

fail() { echo "$1" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "Accredit needs Python 3.11 to 3.14: install it, or name it as in \`make demo PYTHON=/path/to/python3.12\`."
}

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    echo "Making .venv with $python"
    if ! "$python" -m venv --clear .venv >/dev/null 2>&1; then
        # Debian keeps the part of Python that makes environments in a package of its own.
        package=$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
        echo "Installing $package"
        as_root sh -c "apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -qq -y $package" \
            >/dev/null 2>&1 || fail "Python cannot make environments: install $package, as in \`apt-get install $package\`."
        "$python" -m venv --clear .venv
    fi
fi

echo "Installing the locked Python packages into .venv"
install=".venv/bin/python -m pip install -qq --disable-pip-version-check"
$install --require-hashes -r requirements.lock
$install --no-deps --no-build-isolation --no-index --editable .
