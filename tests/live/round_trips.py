#!/usr/bin/env python3
"""Gives what crosscheck ignores to other tools, and looks whether they leave out the same.

    round_trips.py CROSSCHECK WORK CACHE [--given DIRECTORY]

CROSSCHECK, WORK and CACHE are those of scenarios.py. The image is scanned once, by Trivy and Grype, under
round-trips-policy.yaml. What `crosscheck ignore export` and `--format openvex` then write is given to the
same scanners, run as they were run before. Of each scanner, exactly those entries of its first report have
to be gone that belong to findings which crosscheck ignores: no more and no less. For VEX, those that
crosscheck ignores for a reason which says that the image is not affected.

Trivy's `.trivyignore` knows ids alone, so there only half of it can hold: no entry is gone that crosscheck
does not ignore.

The image is scanned in a registry, since no statement of VEX on an image can reach Trivy otherwise: it knows
an image by its digest in a registry only. Not tried: `.snyk`, which Snyk's service applies and its stand-in
does not, and Docker Scout, whose stub reads no VEX.

`--given` takes the files from a directory instead, for trying files by hand: trivyignore, trivyignore.yaml,
grype.yaml, openvex.json. Exit code 0 only without differences.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys

# No cache of the compiled module beside the source.
sys.dont_write_bytecode = True

from scenarios import HERE, Live  # noqa: E402

SCANNERS = ["trivy", "grype"]
POLICY = HERE / "round-trips-policy.yaml"

# What is exported: its file's name, how crosscheck writes it, who reads it by which option, and whether the
# format can say all that the policy says.
TRIPS = [
    ("trivyignore", ("ignore", "export", "--to", "trivyignore"), "trivy", "--ignorefile", False),
    ("trivyignore.yaml", ("ignore", "export", "--to", "trivyignore-yaml"), "trivy", "--ignorefile", True),
    ("grype.yaml", ("ignore", "export", "--to", "grype"), "grype", "--config", True),
    ("openvex.json", ("scan", "--format", "openvex"), "trivy", "--vex", True),
    ("openvex.json", ("scan", "--format", "openvex"), "grype", "--vex", True),
]


def entries(scanner, report):
    """The entries of a scanner's report, each as JSON pointer and what tells it from all others."""
    if scanner == "grype":
        for place, match in enumerate(report["matches"]):
            package = match["artifact"]
            paths = sorted(location["path"] for location in package["locations"])
            yield f"/matches/{place}", (match["vulnerability"]["id"], package["purl"], *paths)
        return
    for place, result in enumerate(report["Results"]):
        for number, entry in enumerate(result.get("Vulnerabilities", [])):
            pointer = f"/Results/{place}/Vulnerabilities/{number}"
            yield pointer, (entry["VulnerabilityID"], entry["PkgIdentifier"]["PURL"], entry.get("PkgPath", ""))


def is_not_affected(decision):
    """Whether an ignored finding is one of which VEX says that the image is not affected."""
    rule = decision["rule"]
    status = rule.get("evidence", {}).get("status")
    return "justification" in rule or status in ("not_affected", "fixed")


def ignored(report, scanner, only_not_affected):
    """Pointers to the scanner's entries that belong to ignored findings."""
    return {
        said["pointer"]
        for finding in report["findings"]
        if finding["decision"]["action"] == "ignore"
        and (not only_not_affected or is_not_affected(finding["decision"]))
        for said in finding["observations"]
        if said["scanner"] == scanner
    }


class RoundTrips:
    """One scan, and scans that follow it."""

    def __init__(self, live, given):
        self.live, self.given = live, given
        # No service of Snyk's takes part.
        self.environment = live.environment("http://127.0.0.1:9", GRYPE_CHECK_FOR_APP_UPDATE="false")
        self.run = live.scratch / "run"

    def crosscheck(self, *arguments):
        done = subprocess.run(
            [self.live.crosscheck, *arguments], env=self.environment, cwd=self.live.scratch,
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode not in (0, 1):
            command = " ".join(map(str, arguments))
            raise SystemExit(f"round_trips.py: {command}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout

    def scan(self, reference):
        command = self.live.command(f"registry:{reference}", self.run, SCANNERS)
        self.report = json.loads(self.crosscheck(*command[1:], "--policy", str(POLICY)))
        self.record = json.loads((self.run / "run.json").read_text())
        self.said = {
            scanner: dict(entries(scanner, json.loads((self.run / f"raw/{scanner}.json").read_text())))
            for scanner in SCANNERS
        }
        rules = {finding["decision"]["rule"]["rule"] for finding in self.report["findings"]}
        # One rule is past its end, one does not go far enough; the others have to be put to the test.
        self.live.check("round trips", "nine rules ignore something", sum(r.startswith("ignore[") for r in rules) == 9)

    def export(self, name, command):
        """The file that crosscheck writes for other tools, or the one that was given."""
        if self.given:
            return self.given / name
        path = self.live.scratch / name
        run = ("--replay" if command[0] == "scan" else "--run", str(self.run))
        path.write_text(self.crosscheck(*command, *run, "--policy", str(POLICY)))
        return path

    def again(self, scanner, title, *options):
        """The scanner's last step once more, as the run records it, with further options."""
        steps = next(row["steps"] for row in self.record["scanners"] if row["id"] == scanner)
        place = self.live.scratch / title
        place.mkdir()
        # The step before left this beside it.
        shutil.copy(self.run / "sbom/grype.syft-json.json", place / "inventory.json")
        done = subprocess.run(
            [*steps[-1]["argv"], *options], env=self.environment, cwd=place, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise SystemExit(f"round_trips.py: {title}: exit code {done.returncode}\n{done.stderr}")
        report = json.loads((place / f"{steps[-1]['name']}.json").read_text())
        return {entry for _, entry in entries(scanner, report)}

    def trip(self, name, command, scanner, option, is_exact):
        title = f"{scanner} {option.lstrip('-')} {name}"
        said = self.said[scanner]
        due = {said[pointer] for pointer in ignored(self.report, scanner, option == "--vex")}
        left = self.again(scanner, title, option, str(self.export(name, command)))
        gone = set(said.values()) - left
        more, less = gone - due, due - gone if is_exact else set()
        new = left - set(said.values())
        expected = len(due) if is_exact else f"<= {len(due)}"
        self.live.rows.append((title, expected, len(gone), len(more) + len(less) + len(new)))
        for what, which in (("gone, but not ignored", more), ("ignored, but not gone", less), ("new", new)):
            self.live.differences += [f"{title}: {what}: {' '.join(entry)}" for entry in sorted(which)]


def main():
    parser = argparse.ArgumentParser(description="Gives what crosscheck ignores to other tools.")
    for name in ("crosscheck", "work", "cache", "--given"):
        # Programs run in directories of their own.
        parser.add_argument(name, type=lambda path: pathlib.Path(path).resolve())
    arguments = parser.parse_args()
    live = Live(arguments.crosscheck, arguments.work, arguments.cache, "round-trips")
    trips = RoundTrips(live, arguments.given)
    serve = str(HERE / "image/serve.sh")
    reference = subprocess.run([serve, "start"], check=True, capture_output=True, text=True).stdout.split()[-1]
    try:
        trips.scan(reference)
        for trip in TRIPS:
            trips.trip(*trip)
    finally:
        subprocess.run([serve, "stop"], check=True, capture_output=True)
    return live.summary("round trips")


if __name__ == "__main__":
    sys.exit(main())
