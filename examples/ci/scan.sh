#!/usr/bin/env bash
# Scans one image with crosscheck and does what each exit code asks for. For any CI, or a timer.
#
#     scan.sh IMAGE [DIRECTORY]
#
# What to change: the profile, the formats, and what stands in `case` for each code. Scanners with an
# account take it from the environment (SNYK_TOKEN); nothing secret goes on the command line.
set -euo pipefail

if [ "$#" -lt 1 ]; then
    echo "usage: scan.sh IMAGE [DIRECTORY]" >&2
    exit 2
fi
image=$1
# crosscheck writes to a directory that is new or empty, so that no run mixes with another.
run=${2:-crosscheck-run}
profile=${CROSSCHECK_PROFILE:-production}

code=0
crosscheck scan "$image" --profile "$profile" --out "$run" --format table,html,sarif,junit || code=$?

case $code in
    0)
        echo "The policy passes."
        ;;
    1)
        echo "The policy blocks this image. What to do first: $run/report.html" >&2
        ;;
    2)
        # Repeating it does not help.
        echo "Wrong usage, configuration or input, or a report that could not be written; the message above says what." >&2
        ;;
    3)
        # Not a pass: what the missing scanners would have found is unknown. A later try may succeed,
        # a service or a database may have been away.
        echo "Too few trustworthy results: crosscheck scanners shows what each scanner lacks." >&2
        ;;
    130)
        echo "Interrupted. What the scanners had written is in $run" >&2
        ;;
    *)
        echo "crosscheck ended with exit code $code, which it does not know: was it killed?" >&2
        ;;
esac
exit "$code"
