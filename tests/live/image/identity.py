#!/usr/bin/env python3
"""Says what an image is: digests and sizes, read from its OCI layout and the files themselves.

    identity.py DIRECTORY NAME TAG     DIRECTORY holds oci/ and image.tar

Prints one JSON object. Digests are computed here, not copied from where the layout states them, and
have to agree with it.
"""

import gzip
import hashlib
import json
import pathlib
import sys


def digest_of(stream):
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return "sha256:" + digest.hexdigest()


def blob(layout, descriptor):
    path = layout / "blobs" / descriptor["digest"].replace(":", "/", 1)
    with path.open("rb") as stream:
        found = digest_of(stream)
    if found != descriptor["digest"]:
        sys.exit(f"identity.py: {path} has the digest {found}: build the image again")
    return path


def main(directory, name, tag):
    layout = directory / "oci"
    descriptors = json.loads((layout / "index.json").read_text())["manifests"]
    if len(descriptors) != 1:
        sys.exit(f"identity.py: {layout} holds {len(descriptors)} images instead of one: build the image again")
    manifest = json.loads(blob(layout, descriptors[0]).read_text())
    config = json.loads(blob(layout, manifest["config"]).read_text())
    layers = []
    for descriptor, stated in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
        with gzip.open(blob(layout, descriptor)) as stream:
            diff_id = digest_of(stream)
            size = stream.tell()
        if diff_id != stated:
            sys.exit(f"identity.py: layer {descriptor['digest']} unpacks to {diff_id}, not {stated}")
        layers.append(
            {"digest": descriptor["digest"], "diff_id": diff_id, "compressed_bytes": descriptor["size"], "bytes": size}
        )
    identity = {
        "name": name,
        "tag": tag,
        "architecture": config["architecture"],
        "os": config["os"],
        "manifest_digest": descriptors[0]["digest"],
        "config_digest": manifest["config"]["digest"],
        "layers": layers,
        "archive_bytes": (directory / "image.tar").stat().st_size,
    }
    print(json.dumps(identity, indent=2))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3])
