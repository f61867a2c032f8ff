#!/usr/bin/env bash
# Builds or installs the real scanners that the live tests run, at the versions of versions.env:
#
#     tests/live/scanners.sh                 all of them
#     tests/live/scanners.sh syft grype      only these
#
# Trivy, Grype, Syft and OSV-Scanner are built from their Go modules, the Snyk CLI is the
# JavaScript program of its npm package. Each lands in
# ${XDG_CACHE_HOME:-$HOME/.cache}/crosscheck-live/TOOL-VERSION/TOOL and is built only once.
# The last thing printed on standard output is a table: tool, version, seconds (0: cached), path.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=versions.env
source "$here/versions.env"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/crosscheck-live

fail() {
    printf 'scanners.sh: %s\n' "$*" >&2
    exit 1
}

note() {
    printf '%s\n' "$*" >&2
}

need() {
    command -v "$1" >/dev/null || fail "$1 is missing: install $2, then run this again."
}

# What a scanner says its version is, without a leading "v".
answered_version() { # tool program
    case $1 in
        trivy) "$2" --version 2>/dev/null | sed -n 's/^Version: v\{0,1\}//p' ;;
        grype | syft) "$2" --version 2>/dev/null | awk '{ print $2 }' ;;
        osv-scanner) "$2" --version 2>/dev/null | sed -n 's/^osv-scanner version: v\{0,1\}//p' ;;
        snyk) "$2" --version 2>/dev/null | awk 'NR == 1 { print $1 }' ;;
    esac
}

# Moves what was made under $2 into place at $3, once it answers the version that it was pinned to.
# Everything before this line happens in $scratch, so an interrupted build leaves nothing half done.
put_in_place() { # tool made place version
    local answered
    answered=$(answered_version "$1" "$2/$1") || true
    [ "$answered" = "${4#v}" ] ||
        fail "$1 was made as ${4#v} but answers '$answered' to --version. Is the recipe still right for this version?"
    rm -rf "$3"
    mv -T "$2" "$3"
}

go_module() { # tool module version package linker-flags [variable for the compiler…]
    local tool=$1 module=$2 version=$3 package=$4 flags=$5
    shift 5
    need go "Go (1.26 or later)"
    need python3 "Python 3"
    local downloaded source made=$scratch/made
    # Outside of any module, or the go command would look at that module's own requirements.
    downloaded=$(cd "$scratch" && GOFLAGS='' go mod download -json "$module@$version") ||
        fail "cannot download $module@$version through the Go module proxy: $downloaded"
    source=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])' <<<"$downloaded")
    # A copy, since `replace` directives hold only in the main module: `go install PATH@VERSION`
    # refuses modules that have them, and the module cache is read-only.
    cp -r "$source" "$scratch/source"
    chmod -R u+w "$scratch/source"
    mkdir -p "$made"
    (
        cd "$scratch/source"
        env GOFLAGS= GOWORK=off CGO_ENABLED=0 "$@" nice -n 10 go build -trimpath -buildvcs=false \
            -ldflags "-s -w $flags" -o "$made/$tool" "$package"
    ) || fail "$tool $version does not build; the compiler's words are above."
}

snyk_cli() { # version
    need node "Node.js (18 or later)"
    need npm "npm"
    local made=$scratch/made
    mkdir -p "$made"
    # Without scripts: the package's own would download a native program from elsewhere.
    npm install --prefix "$made" --ignore-scripts --no-audit --no-fund --no-save --loglevel=error \
        "snyk@$1" >&2 || fail "npm cannot install snyk@$1."
    [ -f "$made/node_modules/snyk/dist/cli/index.js" ] ||
        fail "snyk@$1 no longer carries its JavaScript program (dist/cli/index.js): pin the last version that does in versions.env."
    cat >"$made/snyk" <<'WRAPPER'
#!/bin/sh
# The JavaScript program of the Snyk CLI, the part that runs `container test`.
exec node "$(dirname "$(readlink -f "$0")")/node_modules/snyk/dist/cli/index.js" "$@"
WRAPPER
    chmod +x "$made/snyk"
}

install_scanner() { # tool
    local tool=$1 version
    local started=$SECONDS seconds=0
    case $tool in
        trivy) version=$TRIVY_VERSION ;;
        grype) version=$GRYPE_VERSION ;;
        syft) version=$SYFT_VERSION ;;
        osv-scanner) version=$OSV_VERSION ;;
        snyk) version=$SNYK_VERSION ;;
        *) fail "unknown scanner '$tool' (there are: ${all[*]})" ;;
    esac
    local place=$cache/$tool-$version
    if ! [ -x "$place/$tool" ]; then
        note "$tool $version: not cached, getting it ready (a Go build takes minutes)"
        scratch=$(mktemp -d "$cache/tmp-$tool.XXXXXX")
        case $tool in
            trivy)
                # It uses encoding/json/v2, which Go has behind a switch; its releases are built so too.
                go_module trivy github.com/aquasecurity/trivy "$version" ./cmd/trivy \
                    "-X github.com/aquasecurity/trivy/pkg/version/app.ver=${version#v}" GOEXPERIMENT=jsonv2
                ;;
            grype) go_module grype github.com/anchore/grype "$version" ./cmd/grype "-X main.version=${version#v}" ;;
            syft) go_module syft github.com/anchore/syft "$version" ./cmd/syft "-X main.version=${version#v}" ;;
            # OSV-Scanner has its version in its source.
            osv-scanner) go_module osv-scanner "github.com/google/osv-scanner/${version%%.*}" "$version" ./cmd/osv-scanner "" ;;
            snyk) snyk_cli "$version" ;;
        esac
        put_in_place "$tool" "$scratch/made" "$place" "$version"
        rm -rf "$scratch"
        scratch=
        seconds=$((SECONDS - started))
    fi
    table+="$(printf '%-12s %-10s %7s  %s' "$tool" "${version#v}" "$seconds" "$place/$tool")"$'\n'
}

all=(syft grype osv-scanner trivy snyk)
if [ $# -eq 0 ]; then
    set -- "${all[@]}"
fi

scratch=
trap '[ -z "$scratch" ] || rm -rf "$scratch"' EXIT
mkdir -p "$cache"
# One at a time: two test runs on one machine must not build the same scanner side by side.
exec 9>"$cache/scanners.lock"
need flock "util-linux"
flock 9
# Left by builds that were killed; nobody else builds while the lock is ours.
rm -rf "$cache"/tmp-*

table=
for tool in "$@"; do
    install_scanner "$tool"
done
printf '%-12s %-10s %7s  %s\n%s' TOOL VERSION SECONDS PATH "$table"
