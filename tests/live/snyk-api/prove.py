#!/usr/bin/env python3
"""Proves the stand-in of the Snyk API with the real Snyk command line program.

    prove.py FAKE-SNYK FACTS SNYK [ARGUMENT ...]

FAKE-SNYK is the built program, FACTS the facts file, SNYK the command that runs Snyk (a program, or
`node` and its script). Makes a small image, has Snyk test it, and compares what Snyk writes with what
the facts say. Python's standard library only; everything on loopback.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

TOKEN = "00000000-0000-4000-8000-000000000000"
PYTHON = "usr/local/lib/python3.11/site-packages"
FILES = {
    "etc/os-release": 'ID=debian\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "var/lib/dpkg/status": "".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n{source}Version: {version}\n"
        f"Maintainer: {maintainer}\nDescription: {name}\n\n"
        for name, source, version, maintainer in (
            ("libc6", "Source: glibc\n", "2.36-9+deb12u8", "Debian <a@debian.org>"),
            ("login", "Source: shadow (1:4.13+dfsg1-1)\n", "1:4.13+dfsg1-1+b1", "Debian <a@debian.org>"),
            ("libcublas-12-4", "", "12.4.5.8-1", "cudatools <cudatools@nvidia.com>"),
        )
    ),
    "app/requirements.txt": "Jinja2==3.1.2\nh11==0.14.0\n",
    f"{PYTHON}/Jinja2-3.1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: Jinja2\nVersion: 3.1.2\n",
    f"{PYTHON}/h11-0.14.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: h11\nVersion: 0.14.0\n",
    # In no requirements file: Snyk does not see it.
    f"{PYTHON}/pip-22.3.dist-info/METADATA": "Metadata-Version: 2.1\nName: pip\nVersion: 22.3\n",
    "app/node_modules/minimist/package.json": '{"name": "minimist", "version": "1.2.0"}',
}
# What must be reported, by package manager: the package as Snyk names it, and the flaw.
EXPECTED = {
    "deb": {
        # A fix above the installed version, no fix, a fix in the very source version + rebuild.
        ("glibc", "CVE-2025-0395"), ("glibc", "CVE-2025-4802"), ("glibc", "CVE-2010-4756"),
        ("shadow", "CVE-2023-4641"), ("shadow", "CVE-2024-56433"),
    },
    "pip": {("jinja2", "CVE-2024-22195"), ("jinja2", "CVE-2025-27516"), ("h11", "CVE-2025-43859")},
    "npm": {("minimist", "CVE-2020-7598"), ("minimist", "CVE-2021-44906")},
}
# Absent for Snyk on purpose, another package's, or of a package that Snyk does not see.
UNEXPECTED = {("glibc", "CVE-2019-9192"), ("pip", "CVE-2023-5752")}


def add(archive, name, data):
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


def image(path):
    """A docker-archive with one layer."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        for name, text in FILES.items():
            add(archive, name, text.encode())
    layer = layer.getvalue()
    digest = hashlib.sha256(layer).hexdigest()
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "prove.py"}],
    }).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": ["crosscheck/small:1"], "Layers": [f"{digest}/layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        add(archive, name, config)
        add(archive, f"{digest}/layer.tar", layer)
        add(archive, "manifest.json", json.dumps(manifest).encode())


class Fake:
    def __init__(self, program, facts, directory, *arguments):
        port = directory / "port"
        port.unlink(missing_ok=True)
        self.log = directory / "log"
        self.process = subprocess.Popen(
            [program, "--facts", facts, "--port-file", port, "--log", self.log, *arguments])
        while not port.exists():
            assert self.process.poll() is None, "fake-snyk ended"
            time.sleep(0.02)
        self.port = port.read_text().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def snyk(command, port, directory, archive, token=TOKEN):
    output = directory / "output.json"
    output.unlink(missing_ok=True)
    clean = directory / "clean"
    clean.mkdir(exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(clean), "XDG_CONFIG_HOME": str(clean),
        "SNYK_API": f"http://127.0.0.1:{port}/api", "SNYK_HTTP_PROTOCOL_UPGRADE": "0",
        "SNYK_TOKEN": token, "SNYK_DISABLE_ANALYTICS": "1", "SNYK_CI": "1",
    }
    done = subprocess.run(
        [*command, "container", "test", "--json", "--print-deps", f"--json-file-output={output}",
         f"docker-archive:{archive}"],
        env=environment, cwd=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(output.read_text()) if output.exists() else done.stdout


def reported(project):
    return {
        (issue["packageName"], cve)
        for issue in project["vulnerabilities"]
        for cve in issue["identifiers"]["CVE"]
    }


def check(what, holds):
    print(("ok    " if holds else "WRONG ") + what)
    return holds


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    program, facts, *command = sys.argv[1:]
    good = True
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        archive = directory / "small.tar"
        image(archive)
        with Fake(program, facts, directory) as fake:
            code, result = snyk(command, fake.port, directory, archive)
            good &= check("findings give exit code 1", code == 1)
            projects = {p["packageManager"]: p for p in [result, *result.get("applications", [])]}
            for manager, expected in EXPECTED.items():
                seen = reported(projects[manager]) if manager in projects else set()
                good &= check(f"{manager}: {len(expected)} issues are there", expected <= seen)
                good &= check(f"{manager}: none that must not be", not UNEXPECTED & seen)
                packages = projects[manager]["depGraph"]["pkgs"] if manager in projects else []
                good &= check(f"{manager}: the package list is in the report", len(packages) > 1)
            code, result = snyk(command, fake.port, directory, archive, TOKEN.replace("4", "5"))
            good &= check("a foreign token gives exit code 77 and says so", code == 77 and not result["ok"])
            code, result = snyk(command, fake.port, directory, directory / "nowhere.tar")
            good &= check("a missing archive gives exit code 2 and says so", code == 2 and not result["ok"])
        with Fake(program, facts, directory, "--expired-token") as fake:
            code, result = snyk(command, fake.port, directory, archive)
            good &= check("an expired token gives exit code 77 and says so",
                          code == 77 and "expired" in result["error"])
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
