#!/usr/bin/env bash
# The live tests: real scanners, a real image, advisory databases whose content is known beforehand.
#
#     tests/live/run.sh
#
# Builds or takes from the cache everything that is needed, then runs scenarios.py, comparisons.py,
# round_trips.py and sbom_round_trip.py. Exit code 0 means that every scan came out as expected, in every
# finding and for every scanner, that other tools leave out what crosscheck ignores, and that they find in its
# bill of materials what they find in the image. Needs Go, Node.js with npm, Python 3, Rust, and apt-get for
# what else is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/crosscheck-live
work=${CROSSCHECK_LIVE_WORK:-$cache/run}
# The moment that the databases say they were built at; the scans are judged an hour later.
database_date=2026-11-01T06:00:00Z
export CROSSCHECK_LIVE_NOW=2026-11-01T07:00:00Z
mkdir -p "$work"

step() {
    printf '\n-- %s (after %s s)\n' "$*" "$SECONDS"
}

step "Scanners"
"$here/scanners.sh"

step "Image"
"$here/image/build.sh" | tail -n 1
python3 "$here/image/inventory.py" "$work/image/rootfs" >"$work/inventory.json"

step "Databases"
"$here/databases/build.sh" "$here/facts.json" "$work/databases" "$database_date"

step "crosscheck and the stand-in for the Snyk API"
cargo build --locked --quiet --release --manifest-path "$root/Cargo.toml"
cargo build --locked --quiet --manifest-path "$here/snyk-api/Cargo.toml" --target-dir "$work/snyk-api"
binary=$(cargo metadata --no-deps --format-version 1 --manifest-path "$root/Cargo.toml" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release/crosscheck

step "Scenarios"
failed=0
python3 "$here/scenarios.py" "$binary" "$work" "$cache" || failed=1

step "Comparisons"
python3 "$here/comparisons.py" "$binary" "$work" "$cache" || failed=1

step "Round trips"
python3 "$here/round_trips.py" "$binary" "$work" "$cache" || failed=1

step "Round trip of the bill of materials"
python3 "$here/sbom_round_trip.py" "$binary" "$work" "$cache" || failed=1

step "Done"
exit "$failed"
