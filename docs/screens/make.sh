#!/usr/bin/env bash
# Makes the pictures of the documentation out of the bundled example.
#
#     docs/screens/make.sh [CROSSCHECK]
#
# CROSSCHECK is the program, by default built here. Writes PNG files beside this script: terminal, html-verdict,
# html-finding, html-agreement. The same program, Chromium and fonts give the same pictures.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
run=examples/runs/pytorch-cuda
# The columns of the terminal, and the lines of it that fit in a picture.
columns=100
lines=44
# GitHub shows no picture at its best that takes long to load.
most_bytes=200000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

packages=()
command -v chromium >/dev/null || packages+=(chromium)
command -v aha >/dev/null || packages+=(aha)
command -v pngquant >/dev/null || packages+=(pngquant)
[ -d /usr/share/fonts/truetype/dejavu ] || packages+=(fonts-dejavu-core)
if [ "${#packages[@]}" -gt 0 ]; then
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" apt-get install -qy --no-install-recommends "${packages[@]}"
fi
[ -d "$root/tests/browser/node_modules" ] ||
    npm ci --prefix "$root/tests/browser" --ignore-scripts --no-audit --no-fund

crosscheck=${1:-${CROSSCHECK:-}}
if [ -z "$crosscheck" ]; then
    cargo build --locked --quiet --release --manifest-path "$root/Cargo.toml"
    crosscheck=$(cargo metadata --no-deps --format-version 1 --manifest-path "$root/Cargo.toml" |
        node -e 'console.log(JSON.parse(require("fs").readFileSync(0)).target_directory)')/release/crosscheck
fi
crosscheck=$(realpath "$crosscheck")
cd "$root"

"$crosscheck" report "$run" --format "html=$work/report.html" 2>/dev/null

# What a terminal shows, with its colours: the command, then the first screen of its output.
"$crosscheck" report "$run" --format table --color always --width "$columns" >"$work/terminal.txt"
{
    printf '\033[1m$\033[0m crosscheck scan --replay %s\n' "$run"
    head -n "$lines" "$work/terminal.txt"
} | aha --no-header >"$work/terminal.body"
{
    cat <<'HTML'
<!doctype html><meta charset="utf-8"><style>
body { margin: 0 }
pre { margin: 0; padding: 16px 20px; width: max-content; background: #14181f; color: #d7dde6;
      font: 14px/1.35 "DejaVu Sans Mono", monospace }
HTML
    # The dark colours of a terminal's palette cannot be read on a dark ground; real terminals brighten them.
    for colour in red:#ff7b72 olive:#e3b341 green:#56d364 blue:#79c0ff teal:#56d4dd purple:#d2a8ff dimgray:#8b949e; do
        printf '[style*="color:%s;"] { color: %s !important }\n' "${colour%%:*}" "${colour#*:}"
    done
    printf '</style><pre>'
    cat "$work/terminal.body"
    printf '</pre>\n'
} >"$work/terminal.html"

mkdir "$work/pictures"
node "$here/shoot.mjs" "$work/report.html" "$work/terminal.html" "$work/pictures"
for picture in "$work/pictures"/*.png; do
    name=$(basename "$picture")
    pngquant --force --strip --speed 1 --nofs --output "$here/$name" 96 "$picture"
    bytes=$(stat --format %s "$here/$name")
    printf '%-20s %6d bytes\n' "$name" "$bytes"
    if [ "$bytes" -gt "$most_bytes" ]; then
        echo "error: $name is larger than $most_bytes bytes" >&2
        exit 1
    fi
done
