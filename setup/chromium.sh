#!/bin/sh
# Finds Chromium for the browser tests, or installs it where that is allowed; else says so and goes on.
set -eu

for name in "${ACCREDIT_CHROMIUM:-chromium}" chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

echo "Installing Chromium for the browser tests"
as_root sh -c "apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium" >/dev/null 2>&1 ||
    echo "There is no Chromium, and this user cannot install it: the browser tests are skipped. Install it, as in" \
        "\`apt-get install chromium\`, or name it in ACCREDIT_CHROMIUM." >&2
