#!/usr/bin/env bash
# Reads what crosscheck writes in every format with other people's readers.
#
#     tests/formats/run.sh
#
# Writes all formats of the bundled example and of small merges, then runs each script of this folder on
# them. Needs Python 3 with venv, npm, and the registries of both; takes the program from CROSSCHECK, else
# the release build.
# The last line tells how many scripts passed and failed; exit code 1 if one failed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
crosscheck=${CROSSCHECK:-$root/target/release/crosscheck}
crosscheck=$(realpath "$crosscheck")
# The scripts' own second opinion on what a run is.
export CROSSCHECK_ROOT=$root
moment=2026-11-24T09:30:00Z

sarif_multitool_version=5.7.0

cache=${XDG_CACHE_HOME:-$HOME/.cache}/crosscheck-ci
wanted=$(sha256sum "$here/requirements.txt" | cut -c 1-16)
venv=$cache/formats-$wanted
if [ ! -e "$venv/complete" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    touch "$venv/complete"
fi

multitool=$cache/sarif-multitool-$sarif_multitool_version
if [ ! -e "$multitool/complete" ]; then
    rm -rf "$multitool"
    mkdir -p "$multitool"
    npm install --silent --no-audit --no-fund --prefix "$multitool" \
        "@microsoft/sarif-multitool@$sarif_multitool_version"
    chmod u+x "$multitool/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
    touch "$multitool/complete"
fi
export SARIF_MULTITOOL=$multitool/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Every format that goes to a file: all but those for a terminal.
formats=$("$crosscheck" report --help | awk '
    /^Formats:/ { listed = 1; next }
    listed && NF == 0 { exit }
    listed && $1 !~ /^(table|compact|wide)$/ { printf "%s%s", comma, $1; comma = "," }')
echo "Formats: $formats"

# Writes all formats of the case $1, which ends with exit code $2, by the command that follows.
write() {
    local name=$1 expected=$2 code=0
    shift 2
    mkdir "$work/$name"
    (cd "$root" && "$crosscheck" "$@" --format "$formats" --report-dir "$work/$name" 2>"$work/$name.log") || code=$?
    if [ "$code" -ne "$expected" ]; then
        cat "$work/$name.log" >&2
        echo "error: crosscheck ends with exit code $code on the case $name, expected $expected" >&2
        exit 1
    fi
}

inputs=tests/formats/inputs
write example 0 report examples/runs/pytorch-cuda
write passing 0 merge $inputs/clean.trivy.json --policy $inputs/policy.yaml --now $moment
write insufficient 3 merge $inputs/clean.trivy.json --policy policy.yaml --now $moment
write hostile 1 merge $inputs/hostile.trivy.json --policy $inputs/policy.yaml --now $moment

passed=0
failed=0
for script in "$here"/*.py; do
    echo
    echo "-- $(basename "$script")"
    if "$venv/bin/python" -B "$script" "$work"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "error: $(basename "$script") found a difference" >&2
    fi
done

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
