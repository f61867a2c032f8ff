#!/usr/bin/env bash
# Tests of the HTML report in headless Chromium.
#
#     tests/browser/run.sh [CROSSCHECK]
#
# CROSSCHECK is the program, by default built here. Exit code 0 means that all tests passed; the last line counts
# them. Needs Node.js with npm, and apt-get for Chromium if there is none. With CROSSCHECK_SCREENSHOTS=FOLDER
# what the pages look like is kept there, with CROSSCHECK_COSTS=FILE what 100,000 findings cost, as JSON.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export CHROMIUM="${CHROMIUM:-/usr/bin/chromium}"
if [ ! -x "$CHROMIUM" ]; then
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" apt-get install -qy --no-install-recommends chromium fonts-dejavu-core
fi
if [ ! "$here/node_modules/.package-lock.json" -nt "$here/package-lock.json" ]; then
    # Nothing of the packages runs when they are installed, so no browser is fetched.
    npm ci --prefix "$here" --ignore-scripts --no-audit --no-fund
fi

crosscheck=${1:-${CROSSCHECK:-}}
if [ -z "$crosscheck" ]; then
    cargo build --locked --quiet --release --manifest-path "$root/Cargo.toml"
    crosscheck=$(cargo metadata --no-deps --format-version 1 --manifest-path "$root/Cargo.toml" |
        node -e 'console.log(JSON.parse(require("fs").readFileSync(0)).target_directory)')/release/crosscheck
fi
crosscheck=$(realpath "$crosscheck")

node "$here/pages.mjs" "$crosscheck" "$work/pages"

export CROSSCHECK_PAGES="$work/pages"
code=0
(cd "$here" && node --test --test-concurrency=1 \
    --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$work/results.tap" \
    ./*.test.mjs) || code=$?
count() {
    sed -n "s/^# $1 \([0-9]*\)\$/\1/p" "$work/results.tap"
}
printf '%s passed, %s failed\n' "$(count pass)" "$(($(count fail) + $(count cancelled)))"
exit "$code"
