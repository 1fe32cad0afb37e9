#!/bin/sh
# Finds wrk, which makes the load of the tracker's benchmark, or installs it where that is allowed; else says so and goes
# on: that benchmark fails then.
set -eu

command -v wrk >/dev/null 2>&1 && exit 0

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

echo "Installing wrk for the tracker's benchmark"
as_root sh -c "apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -qq -y wrk" >/dev/null 2>&1 ||
    echo "There is no wrk, and this user cannot install it. Install it, as in \`apt-get install wrk\`." >&2
