#!/usr/bin/env bash
# Replaces the example run by one recorded here, with the scanners, the image and the databases of the
# live tests:
#
#     tests/live/run.sh && tests/live/record-example.sh
#
# A record names programs and files by their paths, so everything runs in /tmp/crosscheck-example: a
# bundle that is kept in the repository says nothing of the machine that it was made on. The policy is
# examples/policies/pytorch-cuda.yaml; the moment that it is judged at is that of run.sh. Afterwards,
# refresh what shows the example: INSTA_UPDATE=always cargo test --test replay
set -euo pipefail
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=versions.env
source "$here/versions.env"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/crosscheck-live
work=${CROSSCHECK_LIVE_WORK:-$cache/run}
bundle=$root/examples/runs/pytorch-cuda
stage=/tmp/crosscheck-example
now=2026-11-01T07:00:00Z

fail() {
    printf 'record-example.sh: %s\n' "$*" >&2
    exit 1
}

# A copy that costs nothing where the file system is the same. For files that nobody writes to.
place() { # file… destination
    cp -al "$@" 2>/dev/null || cp -a "$@"
}

fake_snyk=$work/snyk-api/debug/fake-snyk
for needed in "$work/image/image.tar" "$work/inventory.json" "$work/databases/trivy" "$fake_snyk" \
    "$cache/trivy-$TRIVY_VERSION/trivy" "$cache/grype-$GRYPE_VERSION/grype" "$cache/syft-$SYFT_VERSION/syft" \
    "$cache/osv-scanner-$OSV_VERSION/osv-scanner" "$cache/snyk-$SNYK_VERSION/snyk"; do
    [ -e "$needed" ] || fail "$needed is missing; tests/live/run.sh makes it"
done
cargo build --locked --quiet --manifest-path "$root/Cargo.toml"
crosscheck=$(cargo metadata --no-deps --format-version 1 --manifest-path "$root/Cargo.toml" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/debug/crosscheck

snyk_pid=
leave() {
    [ -z "$snyk_pid" ] || kill "$snyk_pid" 2>/dev/null || true
    rm -rf "$stage"
}
# Never into a folder that somebody else has put there.
mkdir "$stage" || fail "$stage exists; remove it if it is a leftover of this script"
trap leave EXIT
mkdir "$stage/bin" "$stage/cache" "$stage/home"
# The command for Snyk finds its modules beside itself.
place "$cache/trivy-$TRIVY_VERSION/trivy" "$cache/grype-$GRYPE_VERSION/grype" "$cache/syft-$SYFT_VERSION/syft" \
    "$cache/osv-scanner-$OSV_VERSION/osv-scanner" "$cache/snyk-$SNYK_VERSION/"{snyk,node_modules} "$stage/bin"
place "$work/image/image.tar" "$stage/ml-app.tar"
# The stub for Docker Scout takes what it says from the folder above its own.
cp "$here/stubs/docker" "$stage/bin/docker"
cp "$here/expect.py" "$here/facts.json" "$stage"
cp -R "$work/databases/trivy" "$work/databases/grype" "$stage/cache"
mkdir "$stage/cache/docker-scout"
cp "$work/inventory.json" "$here/facts.json" "$stage/cache/docker-scout"
cp "$root/examples/policies/pytorch-cuda.yaml" "$stage/policy.yaml"

"$fake_snyk" --facts "$here/facts.json" --port-file "$stage/port" >/dev/null &
snyk_pid=$!
for _ in $(seq 200); do
    [ ! -s "$stage/port" ] || break
    sleep 0.1
done
port=$(cat "$stage/port") || fail "the stand-in for the Snyk API does not start"

# Whatever looks beyond loopback meets a proxy that is not there: OSV-Scanner, whose own manifest lets
# it ask its service, fails as it does on any machine without a network.
environment=(
    PATH="$stage/bin:$(dirname "$(command -v node)"):/usr/local/bin:/usr/bin:/bin"
    HOME="$stage/home"
    LC_ALL=C.UTF-8
    HTTP_PROXY=http://127.0.0.1:9
    HTTPS_PROXY=http://127.0.0.1:9
    NO_PROXY=127.0.0.1
    TRIVY_CACHE_DIR="$stage/cache/trivy"
    TRIVY_SKIP_DB_UPDATE=true
    TRIVY_SKIP_JAVA_DB_UPDATE=true
    TRIVY_OFFLINE_SCAN=true
    GRYPE_DB_CACHE_DIR="$stage/cache/grype"
    GRYPE_DB_AUTO_UPDATE=false
    GRYPE_DB_VALIDATE_AGE=false
    DOCKER_SCOUT_CACHE_DIR="$stage/cache/docker-scout"
    DOCKER_SCOUT_HUB_USER=tester
    DOCKER_SCOUT_HUB_PASSWORD=not-a-password
    SNYK_API="http://127.0.0.1:$port/api"
    SNYK_HTTP_PROTOCOL_UPGRADE=0
    SNYK_TOKEN=00000000-0000-4000-8000-000000000000
)
cd "$stage"
code=0
env -i "${environment[@]}" "$crosscheck" scan "docker-archive:$stage/ml-app.tar" \
    --scanners trivy,grype,snyk,docker-scout,osv-scanner --policy policy.yaml --now "$now" --out run || code=$?
[ "$code" -eq 1 ] || fail "exit code $code; the policy of the example should block (1)"

# A replay makes it again.
rm run/report.json
"$here/without_configuration.py" run
for private in "$cache" "$work" "$root" "$(hostname)"; do
    if grep -rnowF -m 3 -- "$private" run; then
        fail "the run names $private, which belongs to this machine"
    fi
done
rm -rf "$bundle"
cp -R run "$bundle"
chmod -R u=rwX,go=rX "$bundle"
du -sh "$bundle"
