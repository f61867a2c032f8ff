#!/usr/bin/env python3
"""Gives what crosscheck ignores to other tools, and looks whether they leave out the same.

    round_trips.py CROSSCHECK WORK CACHE [--given DIRECTORY]

CROSSCHECK, WORK and CACHE are those of scenarios.py. The image is scanned by Trivy and Grype, in a registry
and as an archive. What `crosscheck ignore export` and `--format openvex` then write is given to the same
scanners, run as they were run before. Of each scanner, exactly those entries of its first report have to be
gone that belong to findings which crosscheck ignores: no more and no less. For VEX, those that crosscheck
ignores for a reason which says that the image is not affected. What a format cannot say is listed here rule
by rule, and the notes of the export have to name exactly these rules.

One case asks no policy: with the driver of a host that has NVIDIA's fix, the one flaw in the kernel module
has to go, and none of the others.

Not tried: `.snyk`, which Snyk's service applies and its stand-in does not, and Docker Scout, whose stub reads
no VEX.

`--given` takes the files from a directory instead, for trying files by hand: trivyignore, trivyignore.yaml,
grype.yaml, openvex.json. Exit code 0 only without differences.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys

# No cache of the compiled module beside the source.
sys.dont_write_bytecode = True

from scenarios import HERE, Live  # noqa: E402

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCANNERS = ["trivy", "grype"]
POLICY = HERE / "round-trips-policy.yaml"
SCHEMA = HERE.parent / "data/schemas/openvex-0.2.0.schema.json"

# Rules that no other tool is told of, in no format, and the words of the note on it.
UNTOLD = {
    "ignore[2]": "ignores nothing in this run",
    "ignore[10]": "expired on 2026-09-30",
}
# Rules that `.trivyignore` cannot say: all but the one with nothing but an id.
CONDITIONAL = {f"ignore[{number}]": "trivyignore-yaml has conditions" for number in (0, 1, 3, 4, 5, 6, 7, 8, 9)}
# What is exported: the format and its file, who reads it by which option, and the rules that the format
# cannot say.
EXPORTS = [
    ("trivyignore", "trivyignore", "trivy", "--ignorefile", CONDITIONAL),
    (
        "trivyignore-yaml", "trivyignore.yaml", "trivy", "--ignorefile",
        {"ignore[4]": "only until there is a fix, which Trivy cannot express"},
    ),
    ("grype", "grype.yaml", "grype", "--config", {}),
]  # fmt: skip

# NVIDIA's bulletin 5861: the driver with the fixes, the one before, the flaw in the kernel module, and
# those in user mode, which lie in the image.
FIXED_DRIVER, OPEN_DRIVER = "580.178.04", "580.159.03"
IN_KERNEL, IN_IMAGE = "CVE-2026-47600", ["CVE-2026-47594", "CVE-2026-47504"]


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


class Scan:
    """A recorded scan of the image, and what the scanners say when they are given more."""

    def __init__(self, live, name, image):
        self.live, self.name = live, name
        # No service of Snyk's takes part.
        self.environment = live.environment("http://127.0.0.1:9", GRYPE_CHECK_FOR_APP_UPDATE="false")
        self.run = live.scratch / name
        text, _ = self.crosscheck(*live.command(image, self.run, SCANNERS)[1:], "--policy", str(POLICY))
        self.report = json.loads(text)
        self.record = json.loads((self.run / "run.json").read_text())
        self.said = {
            scanner: dict(entries(scanner, json.loads((self.run / f"raw/{scanner}.json").read_text())))
            for scanner in SCANNERS
        }

    def crosscheck(self, *arguments):
        """Standard output and standard error."""
        done = subprocess.run(
            [self.live.crosscheck, *arguments], env=self.environment, cwd=self.live.scratch,
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode not in (0, 1):
            command = " ".join(map(str, arguments))
            raise SystemExit(f"round_trips.py: {command}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout, done.stderr

    def openvex(self, *options):
        return self.crosscheck("scan", "--replay", str(self.run), "--format", "openvex", *options)

    def ignored(self, scanner, counts):
        """The scanner's entries that belong to ignored findings whose decision counts."""
        return {
            self.said[scanner][said["pointer"]]
            for finding in self.report["findings"]
            if finding["decision"]["action"] == "ignore" and counts(finding["decision"])
            for said in finding["observations"]
            if said["scanner"] == scanner
        }

    def again(self, scanner, title, *options):
        """The entries of the scanner's last step, run once more as recorded, with further options."""
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

    def trip(self, what, scanner, option, file, due):
        """Exactly these entries have to be gone when the scanner reads the file."""
        title = f"{self.name}: {scanner} {option.lstrip('-')} {what}"
        said = set(self.said[scanner].values())
        left = self.again(scanner, title, option, str(file))
        gone = said - left
        wrong = [
            ("gone, but not ignored", gone - due),
            ("ignored, but not gone", due - gone),
            ("new", left - said),
        ]
        self.live.rows.append((title, len(due), len(gone), sum(len(which) for _, which in wrong)))
        for how, which in wrong:
            self.live.differences += [f"{title}: {how}: {' '.join(entry)}" for entry in sorted(which)]

    def trip_by_vex(self, what, text, due):
        """Both scanners read the document; `due` gives the entries for each."""
        file = self.live.scratch / f"{self.name}-{what.replace(' ', '-')}.openvex.json"
        file.write_text(text)
        for scanner in SCANNERS:
            self.trip(what, scanner, "--vex", file, due(scanner))


def export_trips(scan, given):
    """The ignore files."""
    for form, name, scanner, option, unsaid in EXPORTS:
        if given:
            file = given / name
        else:
            text, notes = scan.crosscheck(
                "ignore", "export", "--to", form, "--run", str(scan.run), "--policy", str(POLICY)
            )
            file = scan.live.scratch / name
            file.write_text(text)
            told = dict(re.findall(r"^note: (ignore\[\d+\]) \(.*?\): not exported: (.*)$", notes, re.MULTILINE))
            expected = UNTOLD | unsaid
            holds = told.keys() == expected.keys() and all(expected[rule] in told[rule] for rule in told)
            scan.live.check(scan.name, f"the notes on {name} name what it lacks", holds)
        due = scan.ignored(scanner, lambda decision: decision["rule"]["rule"] not in unsaid)
        scan.trip(name, scanner, option, file, due)


def check_schema(scan, what, text):
    if jsonschema is None:
        print("round_trips.py: no Python module jsonschema; documents are not held against the schema")
        return
    errors = list(jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).iter_errors(json.loads(text)))
    scan.live.check(scan.name, f"{what} is valid", not errors)


def vex_trips(scan, warning, given=None):
    """OpenVEX of the policy, with the warning that is due beside it, if any."""
    if given:
        text = (given / "openvex.json").read_text()
    else:
        text, told = scan.openvex("--policy", str(POLICY))
        right = warning in told if warning else told == ""
        scan.live.check(scan.name, "OpenVEX comes with the warning that is due, or none", right)
        check_schema(scan, "OpenVEX", text)
    scan.trip_by_vex("OpenVEX", text, lambda scanner: scan.ignored(scanner, is_not_affected))
    return text


def another_image(scan, text, digest):
    """The same document on another image: nobody may apply it to this one."""
    other = digest.replace(digest[7:], "0" * 64)
    text = text.replace(digest, other).replace(digest[7:], other[7:])
    scan.trip_by_vex("OpenVEX of another image", text, lambda _: set())


def host_driver(scan):
    """The driver of the hosts decides on the flaw in the kernel module, and on that alone."""
    policy = scan.live.scratch / "no-rules.yaml"
    policy.write_text("version: 1\n")
    name = f"host driver {FIXED_DRIVER}"
    text, _ = scan.openvex("--policy", str(policy), "--host-driver", FIXED_DRIVER)
    check_schema(scan, name, text)
    for scanner in SCANNERS:
        known = {entry[0] for entry in scan.said[scanner].values()}
        scan.live.check(scan.name, f"{scanner} has the driver's flaws", known.issuperset([IN_KERNEL, *IN_IMAGE]))
    # Told by the id alone: what crosscheck makes of it is not asked.
    scan.trip_by_vex(
        name, text, lambda scanner: {entry for entry in scan.said[scanner].values() if entry[0] == IN_KERNEL}
    )
    (statement,) = json.loads(text)["statements"]
    impact = statement["impact_statement"]
    condition = ["only on hosts", f"{FIXED_DRIVER} (fixed in {FIXED_DRIVER})", "Holds until 20"]
    scan.live.check(scan.name, "the statement holds its condition", all(words in impact for words in condition))

    text, told = scan.openvex("--policy", str(policy), "--host-driver", OPEN_DRIVER)
    nothing = text == "" and "no OpenVEX document is written" in told
    scan.live.check(scan.name, f"host driver {OPEN_DRIVER} exempts nothing", nothing)


def main():
    parser = argparse.ArgumentParser(description="Gives what crosscheck ignores to other tools.")
    for name in ("crosscheck", "work", "cache", "--given"):
        # Programs run in directories of their own.
        parser.add_argument(name, type=lambda path: pathlib.Path(path).resolve())
    arguments = parser.parse_args()
    live = Live(arguments.crosscheck, arguments.work, arguments.cache, "round-trips")
    serve = str(HERE / "image/serve.sh")
    reference = subprocess.run([serve, "start"], check=True, capture_output=True, text=True).stdout.split()[-1]
    try:
        scan = Scan(live, "registry", f"registry:{reference}")
        rules = {finding["decision"]["rule"]["rule"] for finding in scan.report["findings"]}
        # One rule is past its end, one does not go far enough; the others have to be put to the test.
        live.check("registry", "ten rules ignore something", sum(r.startswith("ignore[") for r in rules) == 10)
        export_trips(scan, arguments.given)
        text = vex_trips(scan, None, arguments.given)
        if not arguments.given:
            another_image(scan, text, reference.split("@")[1])
            host_driver(scan)
    finally:
        subprocess.run([serve, "stop"], check=True, capture_output=True)
    if not arguments.given:
        # Neither scanner can tell an archive from another, so that the packages stand for it.
        archive = Scan(live, "archive", f"docker-archive:{live.work}/image/image.tar")
        vex_trips(archive, "names its packages as products")
    return live.summary("round trips")


if __name__ == "__main__":
    sys.exit(main())
