#!/usr/bin/env bash
# Makes an image that looks like Debian 12 with the packages of facts-sample.json, as a
# docker-archive.
#
#   sample-image.sh WORK     makes WORK/rootfs and WORK/image.tar
#
# Nothing in it runs but one Go program with old dependencies.
set -euo pipefail
work=$1
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
root=$work/rootfs
rm -rf "$work"
mkdir -p "$root"/{etc,var/lib/dpkg,usr/bin,usr/lib,usr/local/lib/python3.11/site-packages,srv/node_modules/lodash}

cat >"$root/usr/lib/os-release" <<'END'
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION_CODENAME=bookworm
ID=debian
END
ln -s ../usr/lib/os-release "$root/etc/os-release"
echo 12.5 >"$root/etc/debian_version"

package() { # name version source
    cat >>"$root/var/lib/dpkg/status" <<END
Package: $1
Status: install ok installed
Priority: optional
Section: libs
Maintainer: A Debian Maintainer <maintainer@debian.org>
Architecture: amd64
Source: $3
Version: $2
Description: stands for $1

END
}
package gcc-12-base 12.2.0-14 gcc-12
package libexpat1 2.5.0-1 expat
package libgcc-s1 12.2.0-14 gcc-12
package libssl3 3.0.14-1~deb12u2 openssl
package perl-base 5.36.0-7+deb12u1 perl

distribution() { # name version
    local info=$root/usr/local/lib/python3.11/site-packages/$1-$2.dist-info
    mkdir "$info"
    printf 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' "$1" "$2" >"$info/METADATA"
    printf '%s-%s.dist-info/METADATA,,\n' "$1" "$2" >"$info/RECORD"
}
distribution Jinja2 3.1.2
distribution setuptools 65.5.1
distribution urllib3 1.26.5

# OSV-Scanner sees what the lock file of an installation lists, the others see the package.
echo '{"name": "lodash", "version": "4.17.20", "license": "MIT"}' >"$root/srv/node_modules/lodash/package.json"
cat >"$root/srv/node_modules/.package-lock.json" <<'END'
{"name": "srv", "lockfileVersion": 3, "requires": true, "packages": {"node_modules/lodash": {"version": "4.17.20"}}}
END

(cd "$here/app" && CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -o "$root/usr/bin/app" .)

# One layer, its digest, a configuration, a manifest: the whole of a docker-archive.
archive=$work/archive
mkdir "$archive"
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$root" -cf "$archive/layer.tar" .
layer=$(sha256sum "$archive/layer.tar" | cut -d' ' -f1)
jq -cn --arg layer "sha256:$layer" '{architecture: "amd64", os: "linux", created: "1970-01-01T00:00:00Z",
    config: {}, history: [{created: "1970-01-01T00:00:00Z", created_by: "sample-image.sh"}],
    rootfs: {type: "layers", diff_ids: [$layer]}}' >"$archive/config.json"
jq -cn '[{Config: "config.json", RepoTags: ["crosscheck.test/sample:1"], Layers: ["layer.tar"]}]' >"$archive/manifest.json"
tar -C "$archive" -cf "$work/image.tar" manifest.json config.json layer.tar
rm -r "$archive"
