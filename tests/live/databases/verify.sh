#!/usr/bin/env bash
# Runs the unit tests, then proves that the real scanners read the databases: builds them from testdata/facts-sample.json, scans
# the image of testdata/sample-image.sh, and compares what each scanner reports with
# testdata/expected/SCANNER.tsv (identifier, package, severity, fix), which follows from the facts.
#
#   verify.sh [WORK]
#
# Scanners are taken from the cache of the live tests; TRIVY, GRYPE, SYFT, OSV_SCANNER name others.
# Needs Go and jq. Exit 0: no difference.
set -euo pipefail
export LC_ALL=C

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/crosscheck-live
work=${1:-$cache/databases-verify}
date=2026-01-15T06:00:00Z

program() { # name
    local found
    found=$(find "$cache" -maxdepth 2 -path "*/$1-v*/$1" | sort -V | tail -n 1)
    if [ -z "$found" ]; then
        echo "error: no $1 in $cache; run tests/live/scanners.sh first" >&2
        exit 1
    fi
    echo "$found"
}
trivy=${TRIVY:-$(program trivy)}
grype=${GRYPE:-$(program grype)}
syft=${SYFT:-$(program syft)}
osv_scanner=${OSV_SCANNER:-$(program osv-scanner)}

for module in . trivydb grypedb; do
    (cd "$here/$module" && CGO_ENABLED=0 nice -n 10 go test -p 2 -trimpath -ldflags "-s -w" ./...)
done

rm -rf "$work"
mkdir -p "$work/run"
"$here/testdata/sample-image.sh" "$work/image"
"$here/build.sh" "$here/testdata/facts-sample.json" "$work/databases" "$date"
image=$work/image/image.tar
databases=$work/databases
# Scanners read configuration from where they run.
cd "$work/run"
differences=0

compare() { # scanner rows
    sort <<<"$2" >"$work/$1.tsv"
    if diff -u --label expected --label seen "$here/testdata/expected/$1.tsv" "$work/$1.tsv"; then
        echo "$1: $(wc -l <"$work/$1.tsv") findings as expected"
    else
        differences=$((differences + 1))
    fi
}

states_date() { # scanner seen
    if [ "$2" = "$date" ]; then
        echo "$1: database of $2"
    else
        echo "$1: database of $2, not $date" >&2
        differences=$((differences + 1))
    fi
}

"$trivy" image --input "$image" --cache-dir "$databases/trivy" --cache-backend memory --format json \
    --output trivy.json --scanners vuln --skip-db-update --skip-java-db-update --offline-scan \
    --skip-version-check --disable-telemetry --no-progress 2>trivy.log
compare trivy "$(jq -r '.Results[].Vulnerabilities[]? | [.VulnerabilityID, .PkgName, .Severity, .SeveritySource // "",
    .Status, .FixedVersion // ""] | @tsv' trivy.json)"
states_date trivy "$("$trivy" version --format json --cache-dir "$databases/trivy" | jq -r .VulnerabilityDB.UpdatedAt)"

export GRYPE_DB_AUTO_UPDATE=false GRYPE_DB_VALIDATE_AGE=false GRYPE_CHECK_FOR_APP_UPDATE=false
export SYFT_CHECK_FOR_APP_UPDATE=false
"$syft" scan "docker-archive:$image" -o syft-json=syft.json 2>syft.log
GRYPE_DB_CACHE_DIR=$databases/grype "$grype" sbom:syft.json -o json=grype.json 2>grype.log
compare grype "$(jq -r '.matches[] | [.vulnerability.id, .artifact.name, .vulnerability.severity, .vulnerability.namespace,
    .vulnerability.fix.state, (.vulnerability.fix.versions | join(","))] | @tsv' grype.json)"
states_date grype "$(GRYPE_DB_CACHE_DIR=$databases/grype "$grype" db status -o json |
    jq -r 'if .valid then .built else "an invalid file" end')"
GRYPE_DB_CACHE_DIR=$work/imported "$grype" db import "$databases/grype/vulnerability-db.tar.gz" 2>import.log
states_date "grype (imported)" "$(GRYPE_DB_CACHE_DIR=$work/imported "$grype" db status -o json |
    jq -r 'if .valid then .built else "an invalid file" end')"

# Exit 1 says that there are findings.
code=0
"$osv_scanner" scan image --archive "$image" --format json --all-packages --all-vulns --offline \
    --local-db-path "$databases/osv" --output-file osv.json >osv.out 2>osv.log || code=$?
if [ "$code" -ne 1 ] || grep 'could not load db' osv.log osv.out; then
    echo "error: osv-scanner ended with $code" >&2
    differences=$((differences + 1))
fi
compare osv "$(jq -r '.results[].packages[] | .package as $package | .groups[]? | [(.ids | sort | join(",")),
    $package.os_package_name // $package.name, .max_severity] | @tsv' osv.json)"

if [ "$differences" -ne 0 ]; then
    echo "$differences differences; what the scanners said is in $work/run" >&2
    exit 1
fi
