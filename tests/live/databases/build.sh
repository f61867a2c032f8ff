#!/usr/bin/env bash
# Makes the advisory databases of the live tests from one facts file.
#
#   build.sh FACTS OUT DATE      e.g. build.sh facts.json /tmp/databases 2026-01-15T06:00:00Z
#
#   OUT/trivy   trivy --cache-dir OUT/trivy --skip-db-update …
#   OUT/grype   GRYPE_DB_CACHE_DIR=OUT/grype GRYPE_DB_AUTO_UPDATE=false GRYPE_DB_VALIDATE_AGE=false
#   OUT/osv     osv-scanner … --offline --local-db-path OUT/osv
#
# DATE is the date of the build that the databases state. Needs Go; the programs that write the
# databases are built once and kept in the cache of the live tests.
set -euo pipefail

if [ $# -ne 3 ]; then
    echo "usage: build.sh FACTS OUT DATE" >&2
    exit 2
fi
facts=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
date=$3
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
programs=${XDG_CACHE_HOME:-$HOME/.cache}/crosscheck-live/databases
mkdir -p "$programs"

# The flags of the scanners' own builds, so that Go's cache serves both.
build() { # directory package name
    (cd "$here/$1" && CGO_ENABLED=0 nice -n 10 go build -p 2 -trimpath -ldflags "-s -w" -o "$programs/$3" "$2")
}

started=$SECONDS
build . ./osvdb osvdb
build trivydb . trivydb
build grypedb . grypedb
echo "databases: programs built in $((SECONDS - started)) s"

started=$SECONDS
for database in osv trivy grype; do
    "$programs/${database}db" "$facts" "$out/$database" "$date"
done
echo "databases: written in $((SECONDS - started)) s, dated $date"
du -sh "$out"/*/
