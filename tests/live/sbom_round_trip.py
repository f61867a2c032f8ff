#!/usr/bin/env python3
"""Gives crosscheck's CycloneDX document to other tools, and looks whether they find what they find in the image.

    sbom_round_trip.py CROSSCHECK WORK CACHE

CROSSCHECK, WORK and CACHE are those of scenarios.py. The image is scanned by Trivy and Grype; then each of
them scans the document that crosscheck writes of that run, with the same databases. Nothing may be missing.
More may be there where a tool leaves packages alone in the image for what a bill of materials does not tell: that
a Debian package installed a Python package, and that a package's maintainer is not Debian. Go's versions count
with and without their `v`. Exit code 0 only without differences.
"""

import argparse
import json
import pathlib
import subprocess
import sys

# No cache of the compiled module beside the source.
sys.dont_write_bytecode = True

from round_trips import SCANNERS, Scan  # noqa: E402
from scenarios import Live  # noqa: E402

def said(scanner, report):
    """What a scanner reports, as id, package and version."""
    if scanner == "grype":
        triples = (
            (match["vulnerability"]["id"], match["artifact"]["name"], match["artifact"]["version"])
            for match in report["matches"]
        )
    else:
        triples = (
            (entry["VulnerabilityID"], entry["PkgName"], entry["InstalledVersion"])
            for result in report["Results"]
            for entry in result.get("Vulnerabilities", [])
        )
    return {(flaw, name.lower(), version.removeprefix("v")) for flaw, name, version in triples}


def untold(report, scanner):
    """Packages that the scanner leaves alone in the image for what a bill of materials does not tell."""
    listed = {package["name"]: package["version"] for package in report["packages"] if package["ecosystem"] == "deb"}
    by_debian = {
        (package["name"].lower(), package["version"])
        for package in report["packages"]
        if package["ecosystem"] == "pypi" and listed.get(f"python3-{package['name']}", "").startswith(package["version"])
    }
    by_others = {
        (instance["name"].lower(), instance["version"])
        for finding in report["findings"]
        if finding["verdicts"][scanner]["cause"] == "third-party"
        for instance in finding["instances"]
    }
    return by_debian | by_others


def main():
    parser = argparse.ArgumentParser(description="Gives crosscheck's CycloneDX document to other tools.")
    for name in ("crosscheck", "work", "cache"):
        parser.add_argument(name, type=lambda path: pathlib.Path(path).resolve())
    arguments = parser.parse_args()
    live = Live(arguments.crosscheck, arguments.work, arguments.cache, "sbom-round-trip")
    scan = Scan(live, "archive", f"docker-archive:{live.work}/image/image.tar")
    document = live.scratch / "report.cdx.json"
    document.write_text(scan.crosscheck("scan", "--replay", str(scan.run), "--format", "cyclonedx")[0])
    for scanner in SCANNERS:
        written = live.scratch / f"{scanner}.json"
        command = {
            "trivy": ["trivy", "sbom", "--format", "json", "--output", written, document],
            "grype": ["grype", f"sbom:{document}", "--output", "json", "--file", written],
        }[scanner]
        done = subprocess.run(command, env=scan.environment, cwd=live.scratch, capture_output=True, text=True)
        live.check("archive", f"{scanner} takes the document", done.returncode == 0)
        if done.returncode != 0:
            live.differences.append(f"{scanner}: {done.stderr}")
            continue
        in_image = said(scanner, json.loads((scan.run / f"raw/{scanner}.json").read_text()))
        in_document = said(scanner, json.loads(written.read_text()))
        left = untold(scan.report, scanner)
        further = {entry for entry in in_document - in_image if entry[1:] not in left}
        due = in_image | {entry for entry in in_document if entry[1:] in left}
        missing = in_image - in_document
        title = f"archive: {scanner} reads CycloneDX"
        live.rows.append((title, len(due), len(in_document), len(missing) + len(further)))
        print(f"{title}: {len(in_image)} in the image, {len(in_document - in_image)} more in the document")
        for how, which in (("missing", missing), ("new", further)):
            live.differences += [f"{title}: {how}: {' '.join(entry)}" for entry in sorted(which)]
    return live.summary("round trip of the bill of materials")


if __name__ == "__main__":
    sys.exit(main())
