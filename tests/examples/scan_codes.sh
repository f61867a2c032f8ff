#!/usr/bin/env bash
# Runs a script with a stand-in for crosscheck that ends with each exit code, which the script has to pass on.
#
#     scan_codes.sh SCRIPT
set -euo pipefail

script=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/crosscheck" <<'STAND_IN'
#!/bin/sh
printf '%s\n' "$@" >"$ARGUMENTS"
exit "$CODE"
STAND_IN
chmod +x "$work/crosscheck"
export PATH="$work:$PATH" ARGUMENTS="$work/arguments"
cd "$work"

# Blanks, and what a shell would run if it came to read it.
image="an image; \$(touch owned)"
failed=0
for code in 0 1 2 3 130 137; do
    got=0
    CODE=$code "$script" "$image" "run $code" >"$work/said" 2>&1 || got=$?
    if [ "$got" -ne "$code" ]; then
        echo "exit code $code became $got"
        failed=1
    fi
    if [ ! -s "$work/said" ]; then
        echo "nothing is said on exit code $code"
        failed=1
    fi
    if ! grep -qxF "$image" "$ARGUMENTS" || ! grep -qxF "run $code" "$ARGUMENTS"; then
        echo "the image or the directory does not arrive as it was given"
        failed=1
    fi
done
got=0
"$script" >/dev/null 2>&1 || got=$?
if [ "$got" -ne 2 ]; then
    echo "without an image the exit code is $got, not 2"
    failed=1
fi
exit "$failed"
