#!/usr/bin/env bash
# A registry on loopback that serves the image:
#
#     tests/live/image/serve.sh start     prints HOST:PORT/NAME@sha256:… once the image can be pulled
#     tests/live/image/serve.sh stop
#
# The registry speaks plain HTTP on 127.0.0.1, on a free port or on CROSSCHECK_LIVE_REGISTRY_PORT.
# `start` again says where the running one is. CROSSCHECK_LIVE_IMAGE names another directory with an
# oci/ layout than the image that build.sh made (an inflated one).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../versions.env
source "$here/../versions.env"
work=${CROSSCHECK_LIVE_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/crosscheck-live/run}
image=${CROSSCHECK_LIVE_IMAGE:-$work/image}
state=$work/registry

fail() {
    printf 'image/serve.sh: %s\n' "$*" >&2
    exit 1
}

need() { # command package
    if command -v "$1" >/dev/null; then
        return
    fi
    { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; } ||
        fail "$1 is missing and cannot be installed from here: install it (Debian has it in $2)."
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$2"; } >/dev/null ||
        fail "$1 is missing and apt-get cannot install $2: install it by hand."
}

# Whether the registry that this script started still runs: the process id may be another's by now.
is_running() {
    [ -f "$state/pid" ] || return 1
    local pid
    pid=$(cat "$state/pid")
    [ -r "/proc/$pid/cmdline" ] && tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qxF "$state/config.yml"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Whether something on the port speaks the registry's protocol.
answers() {
    python3 - "$1" 2>/dev/null <<'PYTHON'
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
opener.open(f"http://127.0.0.1:{sys.argv[1]}/v2/", timeout=2).close()
PYTHON
}

start() {
    need docker-registry docker-registry
    need skopeo skopeo
    [ -f "$image/image.json" ] || fail "$image holds no image: run build.sh first."
    if ! is_running; then
        rm -rf "$state"
        mkdir -p "$state/data"
        local port=${CROSSCHECK_LIVE_REGISTRY_PORT:-$(free_port)}
        cat >"$state/config.yml" <<CONFIG
version: 0.1
log:
  level: warn
storage:
  filesystem:
    rootdirectory: $state/data
http:
  addr: 127.0.0.1:$port
  secret: of this test only
CONFIG
        # Its own session, so that the test run's signals do not reach it, and no inherited settings.
        env -i PATH="$PATH" OTEL_TRACES_EXPORTER=none \
            setsid docker-registry serve "$state/config.yml" >"$state/log" 2>&1 </dev/null &
        printf '%s\n' "$!" >"$state/pid"
        printf '%s\n' "$port" >"$state/port"
        local tries=0
        until answers "$port"; do
            tries=$((tries + 1))
            if [ "$tries" -ge 100 ] || ! kill -0 "$(cat "$state/pid")" 2>/dev/null; then
                tail -n 20 "$state/log" >&2
                stop
                fail "the registry does not answer on 127.0.0.1:$port; its last words are above."
            fi
            sleep 0.1
        done
    fi
    local repository digest
    repository=127.0.0.1:$(cat "$state/port")/$IMAGE_NAME
    # --preserve-digests: what is pulled has to be the manifest of the layout, byte for byte.
    skopeo --insecure-policy copy --quiet --preserve-digests --dest-tls-verify=false \
        "oci:$image/oci:$IMAGE_TAG" "docker://$repository:$IMAGE_TAG" ||
        fail "cannot push the image to $repository."
    digest=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["manifest_digest"])' "$image/image.json")
    skopeo --insecure-policy inspect --raw --tls-verify=false "docker://$repository@$digest" >/dev/null ||
        fail "the registry does not know the image as $repository@$digest."
    printf '%s@%s\n' "$repository" "$digest"
}

stop() {
    if is_running; then
        local pid
        pid=$(cat "$state/pid")
        kill "$pid"
        local tries=0
        while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 50 ]; do
            tries=$((tries + 1))
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -rf "$state/pid" "$state/data"
}

case ${1:-} in
    start) start ;;
    stop) stop ;;
    *) fail "usage: serve.sh start|stop" ;;
esac
