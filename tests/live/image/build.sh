#!/usr/bin/env bash
# Makes the image that the live tests scan, from Debian's packages, PyPI, npm and Go modules:
#
#     tests/live/image/build.sh [--inflate GIB]
#
# Into ${CROSSCHECK_LIVE_WORK:-…/crosscheck-live/run}/image/:
#
#     rootfs/       the file system, as inventory.py reads it
#     oci/          an OCI image layout with one image, tagged IMAGE_TAG
#     image.tar     the same image as a docker-archive, named IMAGE_NAME:IMAGE_TAG
#     image.json    its digests and sizes
#
# in three layers: base (Debian), libraries (NVIDIA's package names, Python, a Go program),
# application (npm, conda, a stale copy of a Python package). Built only when its inputs changed.
# `--inflate GIB` makes a second image beside it, image-inflated-GIBgib/ (no rootfs), with a fourth
# layer of GIB GiB that no compressor can shrink, for timing.
#
# Needs root, but neither user namespaces, systemd nor a container engine. Missing tools are
# installed where apt-get can. The Debian mirror is the one that this machine uses for the suite;
# CROSSCHECK_LIVE_MIRROR names another.
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../versions.env
source "$here/../versions.env"
export SOURCE_DATE_EPOCH
work=${CROSSCHECK_LIVE_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/crosscheck-live/run}
created=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)

fail() {
    printf 'image/build.sh: %s\n' "$*" >&2
    exit 1
}

step() {
    printf '%4s s  %s\n' "$SECONDS" "$*" >&2
}

# Runs a command with its words kept for the case that it fails.
quietly() { # what command…
    local what=$1
    shift
    step "$what"
    if ! "$@" >"$build/log" 2>&1; then
        tail -n 40 "$build/log" >&2
        fail "$what: failed; its last words are above."
    fi
}

package_lists_read=
# Sees to it that a command is there, out of a Debian package if need be.
need() { # command package
    if command -v "$1" >/dev/null; then
        return
    fi
    command -v apt-get >/dev/null ||
        fail "$1 is missing and there is no apt-get to install it with: install $1 (Debian has it in $2)."
    step "Installing $2"
    if [ -z "$package_lists_read" ]; then
        apt-get update -q >/dev/null || fail "apt-get update failed, so $1 (Debian has it in $2) cannot be installed."
        package_lists_read=yes
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$2" >/dev/null ||
        fail "$1 is missing and apt-get cannot install $2: install it by hand."
    command -v "$1" >/dev/null || fail "$2 is installed but brought no $1."
}

# The mirror that this machine's apt uses for the suite.
mirror() {
    local address=${CROSSCHECK_LIVE_MIRROR:-}
    if [ -z "$address" ]; then
        # shellcheck disable=SC2016 # apt's own placeholders
        address=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' |
            awk -v suite="$DEBIAN_SUITE" '$2 == suite { print $1; exit }')
    fi
    [ -n "$address" ] ||
        fail "this machine's apt knows no mirror of Debian $DEBIAN_SUITE: set CROSSCHECK_LIVE_MIRROR to the address of one."
    printf '%s' "$address"
}

# The lines of a list without its comments.
entries() {
    grep -v '^#' "$1"
}

# No file is younger than SOURCE_DATE_EPOCH, whatever the hour of the build.
settle_dates() { # directory
    find "$1" -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
}

# Turns what changed under rootfs since the last call into a layer.
commit_layer() { # how it came about
    settle_dates "$rootfs"
    quietly "Packing the layer" umoci repack --refresh-bundle --image "$oci:$IMAGE_TAG" \
        --history.created "$created" --history.author crosscheck --history.created_by "$1" "$build/bundle"
}

# Python packages as pip installs them, without the start scripts: those name the Python of this machine.
pip_install() { # directory arguments for pip…
    local directory=$1
    shift
    local platforms=() tag
    for tag in manylinux1 manylinux_2_5 manylinux2014 manylinux_2_17 manylinux_2_28; do
        platforms+=(--platform "${tag}_x86_64")
    done
    quietly "Python packages into ${directory#"$rootfs"}" python3 -m pip install --quiet \
        --no-deps --no-compile --only-binary :all: --implementation cp --python-version "$PYTHON_VERSION" \
        --abi "cp${PYTHON_VERSION/./}" --abi abi3 --abi none "${platforms[@]}" \
        --disable-pip-version-check --root-user-action ignore --target "$directory" "$@"
    rm -rf "${directory:?}/bin"
    find "$directory" -path '*.dist-info/RECORD' -exec sed -i '/^\.\.\/\.\.\/bin\//d' {} +
}

base_layer() {
    local mirror
    mirror=$(mirror)
    quietly "Debian $DEBIAN_SUITE" mmdebstrap --mode=root --variant=minbase --architectures="$DEBIAN_ARCHITECTURE" \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --include="$(entries "$here/debian-packages.txt" | paste -sd,)" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$DEBIAN_SUITE" "$rootfs" "deb $mirror $DEBIAN_SUITE main"
    # What depends on this machine or on the hour.
    find "$rootfs/dev" -mindepth 1 -delete
    find "$rootfs/var/log" -type f -delete
    find "$rootfs" -xdev -type d -name __pycache__ -prune -exec rm -rf {} +
    rm -f "$rootfs"/etc/{hostname,resolv.conf} "$rootfs"/var/lib/dpkg/*-old "$rootfs"/var/cache/debconf/*-old
    commit_layer "mmdebstrap $DEBIAN_SUITE"
}

# Packages under the names, versions and maintainers of NVIDIA's apt repository, and of the driver in
# Debian's non-free. Their libraries are stand-ins of a line: scanners go by the package database.
nvidia_packages() {
    local name version source section file maintainer tree packages=()
    while IFS=$'\t' read -r name version source section file maintainer; do
        tree=$build/nvidia/$name
        mkdir -p "$tree/DEBIAN" "$tree/$(dirname "$file")"
        printf 'Stand-in for a file of %s %s.\n' "$name" "$version" >"$tree/$file"
        cat >"$tree/DEBIAN/control" <<CONTROL
Package: $name
Source: $source
Version: $version
Section: $section
Priority: optional
Architecture: $DEBIAN_ARCHITECTURE
Maintainer: $maintainer
Description: Stand-in for a package with a part of NVIDIA's driver or libraries
CONTROL
        settle_dates "$tree"
        dpkg-deb --root-owner-group --build "$tree" "$build/nvidia/$name.deb"
        packages+=("$build/nvidia/$name.deb")
    done < <(entries "$here/nvidia-packages.tsv")
    dpkg --root="$rootfs" --log=/dev/null --force-unsafe-io --install "${packages[@]}"
    ln -s cuda-12.4 "$rootfs/usr/local/cuda"
    rm -f "$rootfs"/var/lib/dpkg/*-old "$rootfs"/var/log/*.log
}

gateway() {
    cd "$here/gateway"
    GOFLAGS='' GOWORK=off GOTOOLCHAIN=local CGO_ENABLED=0 GOOS=linux GOARCH=$DEBIAN_ARCHITECTURE \
        go build -mod=readonly -trimpath -buildvcs=false -ldflags '-s -w -buildid=' \
        -o "$rootfs/usr/local/bin/gateway" .
}

libraries_layer() {
    quietly "Packages with NVIDIA's names" nvidia_packages
    pip_install "$rootfs/usr/local/lib/python$PYTHON_VERSION/dist-packages" --requirement "$here/app/requirements.txt"
    quietly "Go program" gateway
    commit_layer "dpkg --install; pip install --requirement requirements.txt; go build"
}

node_modules() {
    cp "$here"/app/package{,-lock}.json "$rootfs/srv/app/"
    npm ci --prefix "$rootfs/srv/app" --ignore-scripts --no-audit --no-fund --no-update-notifier
}

# What conda leaves of the packages that it installed; no scanner reads more of it than this.
conda_package() { # name version build channel requirements
    cat >"$rootfs/opt/conda/conda-meta/$1-$2-$3.json" <<RECORD
{
  "name": "$1",
  "version": "$2",
  "build": "$3",
  "build_number": 0,
  "channel": "$4",
  "subdir": "linux-64",
  "fn": "$1-$2-$3.conda",
  "depends": [$5],
  "files": []
}
RECORD
}

application_layer() {
    mkdir -p "$rootfs/srv/app"
    cp "$here"/app/{app.py,requirements.txt} "$rootfs/srv/app/"
    quietly "npm packages into /srv/app/node_modules" node_modules

    mkdir -p "$rootfs/opt/conda/conda-meta"
    conda_package openssl 3.0.7 h0b41bf4_0 conda-forge ''
    conda_package cuda-cudart 12.4.127 0 nvidia ''
    conda_package certifi "$CONDA_CERTIFI_VERSION" pyhd8ed1ab_0 conda-forge "\"python >=$PYTHON_VERSION\""
    # The one of them that is a Python package has its own description too.
    pip_install "$rootfs/opt/conda/lib/python$PYTHON_VERSION/site-packages" "certifi==$CONDA_CERTIFI_VERSION"
    pip_install "$rootfs/opt/legacy/lib/python$PYTHON_VERSION/site-packages" "jinja2==$STALE_JINJA2_VERSION"
    commit_layer "npm ci; conda install; a copy of an older jinja2"
}

build_image() {
    build=$(mktemp -d "$work/tmp-image.XXXXXX")
    local oci=$build/oci rootfs=$build/bundle/rootfs
    umoci init --layout "$oci"
    umoci new --image "$oci:$IMAGE_TAG"
    umoci config --image "$oci:$IMAGE_TAG" --no-history --created "$created" --author crosscheck \
        --architecture "$DEBIAN_ARCHITECTURE" --os linux \
        --config.label org.opencontainers.image.title=ml-app \
        --config.label "org.opencontainers.image.version=$IMAGE_TAG" \
        --config.label maintainer=crosscheck \
        --config.env PATH=/usr/local/cuda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        --config.env CUDA_VERSION=12.4.1 \
        --config.env NVIDIA_VISIBLE_DEVICES=all \
        --config.env NVIDIA_DRIVER_CAPABILITIES=compute,utility \
        --config.env 'NVIDIA_REQUIRE_CUDA=cuda>=12.4' \
        --config.workingdir /srv/app --config.user 1000:1000 \
        --config.exposedports 8080/tcp --config.cmd /usr/local/bin/gateway
    quietly "Unpacking the empty image" umoci unpack --image "$oci:$IMAGE_TAG" "$build/bundle"
    base_layer
    libraries_layer
    application_layer
    umoci gc --layout "$oci" >/dev/null
    mkdir "$build/image"
    mv "$rootfs" "$oci" "$build/image/"
    export_archive "$build/image"
    printf '%s\n' "$inputs" >"$build/image/inputs"
    rm -rf "$work/image"
    mv -T "$build/image" "$work/image"
    rm -rf "$build"
    build=
}

# The docker-archive beside a layout, and the digests of both.
export_archive() { # directory
    quietly "Docker archive" skopeo --insecure-policy copy --quiet "oci:$1/oci:$IMAGE_TAG" \
        "docker-archive:$1/image.tar:$IMAGE_NAME:$IMAGE_TAG"
    python3 "$here/identity.py" "$1" "$IMAGE_NAME" "$IMAGE_TAG" >"$1/image.json"
}

inflate_image() { # GiB
    build=$(mktemp -d "$work/tmp-image.XXXXXX")
    mkdir -p "$build/image" "$build/models"
    cp -rl "$work/image/oci" "$build/image/oci"
    quietly "$1 GiB of incompressible files" python3 "$here/inflate.py" "$build/models" "$1"
    settle_dates "$build/models"
    quietly "Packing the layer" umoci insert --image "$build/image/oci:$IMAGE_TAG" \
        --history.created "$created" --history.author crosscheck --history.created_by "COPY models /srv/models" \
        "$build/models" /srv/models
    rm -rf "$build/models"
    umoci gc --layout "$build/image/oci" >/dev/null
    export_archive "$build/image"
    printf '%s\n' "$inputs" >"$build/image/inputs"
    rm -rf "$2"
    mv -T "$build/image" "$2"
    rm -rf "$build"
    build=
}

is_cached() { # directory
    [ -f "$1/inputs" ] && [ "$(cat "$1/inputs")" = "$inputs" ] && [ -f "$1/image.json" ]
}

inflate=
while [ $# -gt 0 ]; do
    case $1 in
        --inflate)
            inflate=${2:-}
            [[ $inflate =~ ^[1-9][0-9]?$ ]] || fail "--inflate takes a number of GiB from 1 to 99, not '$inflate'."
            shift 2
            ;;
        *) fail "unknown argument '$1' (usage: build.sh [--inflate GIB])" ;;
    esac
done

[ "$(id -u)" -eq 0 ] || fail "has to run as root: a Debian system cannot be laid out otherwise."
[[ $work != *:* ]] || fail "skopeo takes no paths with a colon: set CROSSCHECK_LIVE_WORK to another one than $work."
need python3 python3
command -v go >/dev/null || fail "go is missing: install Go (1.25 or later)."
command -v npm >/dev/null || fail "npm is missing: install Node.js with npm."
python3 -m pip --version >/dev/null 2>&1 || need pip3 python3-pip
need mmdebstrap mmdebstrap
need dpkg-deb dpkg
need umoci umoci
need skopeo skopeo
need flock util-linux

mkdir -p "$work"
build=
trap '[ -z "$build" ] || rm -rf "$build"' EXIT
exec 9>"$work/image.lock"
flock 9
rm -rf "$work"/tmp-image.*

# Everything that the image's content follows from, the Go standard library included.
inputs=$({
    cd "$here"
    sha256sum build.sh identity.py inflate.py debian-packages.txt nvidia-packages.tsv app/* gateway/*
    grep -E '^(DEBIAN|PYTHON|IMAGE|SOURCE|CONDA|STALE)_' ../versions.env
    GOTOOLCHAIN=local go version
} | sha256sum | cut -d ' ' -f 1)

if is_cached "$work/image"; then
    step "The image is cached"
else
    build_image
fi
made=$work/image
if [ -n "$inflate" ]; then
    made=$work/image-inflated-${inflate}gib
    if is_cached "$made"; then
        step "The inflated image is cached"
    else
        inflate_image "$inflate" "$made"
    fi
fi
step "Done"
printf '%s\n' "$made"
