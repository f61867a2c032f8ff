#!/usr/bin/env python3
"""Lists the packages of a root file system from what the package managers left there.

    inventory.py ROOTFS > inventory.json

An inventory of its own, against which scanners are held: the Python standard library, and `go version -m`
for Go programs. Nothing is filtered: a Python package that Debian owns is listed as both.

The answer is one JSON object:

    deb     name, version, source, source_version, architecture, maintainer
    pypi    name, version, path (of the metadata file), owner (the Debian package that it is of, or null)
    npm     name, version, path (of package.json)
    golang  name (module path), version, path (of the program)
    conda   name, version, path (of the file in conda-meta)

Every list is sorted; paths are absolute inside of the image. Names stand as the packages state them.
"""

import email
import json
import os
import pathlib
import subprocess
import sys


def fail(problem):
    sys.exit(f"inventory.py: {problem}")


def paragraphs(text):
    """The paragraphs of a Debian control file, as mappings from field to value."""
    for paragraph in text.split("\n\n"):
        if paragraph.strip():
            yield email.message_from_string(paragraph)


def debian(root):
    status = root / "var/lib/dpkg/status"
    found = []
    for fields in paragraphs(status.read_text()):
        if not fields["Status"].endswith(" installed"):
            continue
        # "Source: glibc (2.36-9)"; absent where it is the package's own name, and its version.
        source, _, version = (fields["Source"] or fields["Package"]).partition(" ")
        found.append(
            {
                "name": fields["Package"],
                "version": fields["Version"],
                "source": source,
                "source_version": version.strip("()") or fields["Version"],
                "architecture": fields["Architecture"],
                "maintainer": fields["Maintainer"],
            }
        )
    return found


def debian_owners(root):
    """Which Debian package owns a path, of all paths."""
    owners = {}
    for listing in (root / "var/lib/dpkg/info").glob("*.list"):
        package = listing.stem.partition(":")[0]
        for line in listing.read_text().splitlines():
            owners[line] = package
    return owners


def files(root):
    """Every regular file, links not followed."""
    for directory, _, names in os.walk(root):
        for name in names:
            path = pathlib.Path(directory, name)
            if path.is_file() and not path.is_symlink():
                yield path


def inside(root, path):
    return "/" + path.relative_to(root).as_posix()


def python_package(path):
    """Whether a file is what a Python installer wrote about a package."""
    if path.name == "METADATA":
        return path.parent.suffix == ".dist-info"
    if path.name == "PKG-INFO":
        return path.parent.suffix == ".egg-info"
    return path.suffix == ".egg-info"


def npm_package(path):
    """Whether a package.json stands where npm installs a package: the packages carry others inside."""
    above = path.parent.parent
    if above.name.startswith("@"):
        above = above.parent
    return path.name == "package.json" and above.name == "node_modules"


def go_modules(path):
    """The modules that a Go program was built from; none for a file that is no Go program."""
    answer = subprocess.run(["go", "version", "-m", path], capture_output=True, text=True, check=False)
    lines = answer.stdout.splitlines()
    if answer.returncode != 0 or not lines:
        return
    yield "stdlib", lines[0].rpartition(": ")[2]
    for line in lines[1:]:
        word, *fields = line.strip().split("\t")
        if word == "=>":
            fail(f"{path} has a replaced module, which this program does not read")
        if word in ("mod", "dep"):
            yield fields[0], fields[1]


def is_program(path):
    if not os.access(path, os.X_OK):
        return False
    with path.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def inventory(root):
    owners = debian_owners(root)
    pypi, npm, golang, conda = [], [], [], []
    for path in files(root):
        place = inside(root, path)
        if python_package(path):
            fields = email.message_from_string(path.read_text(errors="replace"))
            pypi.append(
                {"name": fields["Name"], "version": fields["Version"], "path": place, "owner": owners.get(place)}
            )
        elif npm_package(path):
            fields = json.loads(path.read_text())
            npm.append({"name": fields["name"], "version": fields["version"], "path": place})
        elif path.suffix == ".json" and path.parent.name == "conda-meta":
            fields = json.loads(path.read_text())
            conda.append({"name": fields["name"], "version": fields["version"], "path": place})
        elif is_program(path):
            golang += [{"name": name, "version": version, "path": place} for name, version in go_modules(path)]
    return {"deb": debian(root), "pypi": pypi, "npm": npm, "golang": golang, "conda": conda}


def main():
    if len(sys.argv) != 2:
        fail("usage: inventory.py ROOTFS")
    root = pathlib.Path(sys.argv[1])
    if not (root / "var/lib/dpkg/status").is_file():
        fail(f"{root} is not a Debian root file system: run build.sh first")
    found = inventory(root)
    for kind, packages in found.items():
        packages.sort(key=lambda package: (package["name"].lower(), package["version"], package.get("path", "")))
        if not packages:
            fail(f"no {kind} packages under {root}: the image or this program is wrong")
    json.dump(found, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
