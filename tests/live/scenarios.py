#!/usr/bin/env python3
"""Runs crosscheck with the real scanners, well and under trouble, and compares with what is expected.

    scenarios.py CROSSCHECK WORK CACHE

CROSSCHECK is the program, WORK the folder with image, inventory and databases, CACHE the folder with
the scanners. run.sh prepares all of them. Prints a table of scenarios, one of wall times, and every
difference; exit code 0 only without differences.
"""

import collections
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ALL = ["trivy", "grype", "snyk", "docker-scout", "osv-scanner"]
# Causes that the facts and the settings below bring about; README.md says which are not.
PLANTED = {
    "built-in-rule", "covering-advisory", "database-older", "distribution-fixed", "ecosystem",
    "ecosystem-not-catalogued", "fixed-at-installed", "given-rule", "listed", "no-package-list", "no-result",
    "not-catalogued", "not-in-data", "other-advisory-source", "other-version", "owned-by-os-package",
    "severity-floor", "shipped-rule", "third-party", "unfixed-hidden", "version-range",
}  # fmt: skip
TOKEN = "00000000-0000-4000-8000-000000000000"


def pins():
    text = (HERE / "versions.env").read_text()
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


class FakeSnyk:
    """The stand-in for the Snyk API, on a free port of loopback."""

    def __init__(self, live, *options):
        self.port_file = live.scratch / f"snyk-port-{time.monotonic_ns()}"
        program = live.work / "snyk-api/debug/fake-snyk"
        self.process = subprocess.Popen(
            [program, "--facts", HERE / "facts.json", "--port-file", self.port_file, *options],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while not (self.port_file.exists() and self.port_file.read_text().strip()):
            if time.monotonic() > deadline:
                raise SystemExit("scenarios.py: the stand-in for the Snyk API does not start")
            time.sleep(0.05)
        self.url = f"http://127.0.0.1:{self.port_file.read_text().strip()}/api"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Live:
    """Everything that a scan needs, and what came out so far."""

    def __init__(self, crosscheck, work, cache, scratch="scratch", keep=False):
        self.crosscheck, self.work, self.cache = map(pathlib.Path, (crosscheck, work, cache))
        self.scratch = self.work / scratch
        self.rows = []
        self.differences = []
        # Causes by scanner, over all runs that were compared.
        self.causes = collections.Counter()
        if keep:
            # For looking at the runs of earlier scenarios.
            return
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        self.now = os.environ["CROSSCHECK_LIVE_NOW"]
        self.programs()
        self.adapters()

    def programs(self):
        """A directory with the scanners under their own names, and the stub for Docker Scout."""
        pin = pins()
        self.bin = self.scratch / "bin"
        self.bin.mkdir()
        for name, version in [
            ("trivy", pin["TRIVY_VERSION"]),
            ("grype", pin["GRYPE_VERSION"]),
            ("syft", pin["SYFT_VERSION"]),
            ("osv-scanner", pin["OSV_VERSION"]),
            ("snyk", pin["SNYK_VERSION"]),
        ]:
            program = self.cache / f"{name}-{version}" / name
            if not program.exists():
                raise SystemExit(f"scenarios.py: {program} is missing; run scanners.sh")
            (self.bin / name).symlink_to(program)
        (self.bin / "docker").symlink_to(HERE / "stubs/docker")
        self.versions = {
            "trivy": pin["TRIVY_VERSION"].lstrip("v"),
            "grype": pin["GRYPE_VERSION"].lstrip("v"),
            "snyk": pin["SNYK_VERSION"],
            "osv-scanner": pin["OSV_VERSION"].lstrip("v"),
        }

    def adapters(self):
        """OSV-Scanner's own manifest with the flag that keeps it off the network."""
        self.adapter_directory = self.scratch / "adapters"
        self.adapter_directory.mkdir()
        manifest = (HERE.parents[1] / "adapters/osv-scanner.yaml").read_text()
        offline = manifest.replace("      - --all-vulns\n", "      - --all-vulns\n      - --offline\n")
        if offline == manifest:
            raise SystemExit("scenarios.py: adapters/osv-scanner.yaml has changed; mend this script")
        (self.adapter_directory / "osv-scanner.yaml").write_text(offline)
        scout = self.scratch / "scout"
        scout.mkdir()
        shutil.copy(self.work / "inventory.json", scout / "inventory.json")
        shutil.copy(HERE / "facts.json", scout / "facts.json")

    def environment(self, snyk, **changes):
        databases = self.work / "databases"
        node = shutil.which("node")
        home = self.scratch / "home"
        home.mkdir(exist_ok=True)
        environment = {
            "PATH": f"{self.bin}:{pathlib.Path(node).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "TRIVY_CACHE_DIR": str(databases / "trivy"),
            "TRIVY_SKIP_DB_UPDATE": "true",
            "TRIVY_SKIP_JAVA_DB_UPDATE": "true",
            "TRIVY_OFFLINE_SCAN": "true",
            "GRYPE_DB_CACHE_DIR": str(databases / "grype"),
            "GRYPE_DB_AUTO_UPDATE": "false",
            "GRYPE_DB_VALIDATE_AGE": "false",
            "OSV_SCALIBR_LOCAL_DB_CACHE_DIRECTORY": str(databases / "osv"),
            "DOCKER_SCOUT_CACHE_DIR": str(self.scratch / "scout"),
            "DOCKER_SCOUT_HUB_USER": "tester",
            "DOCKER_SCOUT_HUB_PASSWORD": "not-a-password",
            "SNYK_API": snyk,
            "SNYK_HTTP_PROTOCOL_UPGRADE": "0",
            "SNYK_TOKEN": TOKEN,
        }
        environment.update(changes)
        return environment

    def adapters_with(self, name, **changes):
        """A directory like `adapters()` has it, with manifests in which one line gives way to others."""
        directory = self.scratch / f"adapters-{name}"
        shutil.copytree(self.adapter_directory, directory)
        for scanner, replacements in changes.items():
            manifest = (HERE.parents[1] / f"adapters/{scanner}.yaml").read_text()
            for line, lines in replacements.items():
                if manifest.count(f"{line}\n") != 1:
                    raise SystemExit(f"scenarios.py: adapters/{scanner}.yaml has changed; mend this script")
                manifest = manifest.replace(f"{line}\n", "".join(f"{new}\n" for new in lines))
            (directory / f"{scanner}.yaml").write_text(manifest)
        return directory

    def command(self, image, out, scanners=ALL):
        return [
            str(self.crosscheck), "scan", image, "--scanners", ",".join(scanners),
            "--adapters", str(self.adapter_directory), "--out", str(out), "--now", self.now,
            "--format", "json", "--timeout", "10m",
        ]  # fmt: skip

    def scan(self, name, image, environment, scanners=ALL, within=()):
        """One scan, within another command if given; gives exit code, report, record and seconds."""
        out = self.scratch / name
        started = time.monotonic()
        done = subprocess.run(
            [*within, *self.command(image, out, scanners)],
            env=environment,
            cwd=self.scratch,
            capture_output=True,
            text=True,
        )
        seconds = time.monotonic() - started
        if done.returncode not in (0, 1, 3):
            raise SystemExit(f"scenarios.py: {name}: exit code {done.returncode}\n{done.stderr}")
        return done.returncode, json.loads(done.stdout), json.loads((out / "run.json").read_text()), seconds

    def expect(self, scanners=ALL, failed=(), settings=()):
        command = [
            sys.executable, str(HERE / "expect.py"), str(HERE / "facts.json"), str(self.work / "inventory.json"),
            str(self.work / "image/rootfs"), "--scanners", ",".join(scanners),
        ]  # fmt: skip
        if failed:
            command += ["--failed", ",".join(failed)]
        for setting in settings:
            command += ["--setting", setting]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def compare(self, name, scanners=ALL, failed=(), show=False, settings=()):
        """Holds a scan's report against the expectation."""
        expected = self.scratch / f"{name}.expected.json"
        expected.write_text(self.expect(scanners, failed, settings))
        done = subprocess.run(
            [sys.executable, str(HERE / "compare.py"), str(expected), str(self.scratch / name / "report.json")],
            capture_output=True,
            text=True,
        )
        report = json.loads((self.scratch / name / "report.json").read_text())
        for finding in report["findings"]:
            self.causes.update((verdict["cause"], scanner) for scanner, verdict in finding["verdicts"].items())
        lines = done.stdout.splitlines()
        count = int(re.search(r"^differences: (\d+)$", done.stdout, re.MULTILINE).group(1))
        table = [line for line in lines if re.search(r"\s\d+\s+\d+\s+\d+$|expected\s+seen", line)]
        if show:
            print(f"\n{name}")
            print("\n".join(table))
        self.differences += [f"{name}: {line}" for line in lines if line not in table and "differences:" not in line]
        findings = next(line.split() for line in table if line.startswith("findings"))
        self.rows.append((name, findings[1], findings[2], count))

    def check(self, name, what, holds):
        """A single fact of a scenario."""
        self.rows.append((f"{name}: {what}", "yes", "yes" if holds else "no", 0 if holds else 1))
        if not holds:
            self.differences.append(f"{name}: {what}: does not hold")

    def outcome(self, report, scanner):
        return next(row for row in report["scanners"] if row["id"] == scanner)

    def check_failed(self, name, report, scanner, kind):
        row = self.outcome(report, scanner)
        told = row.get("kind") == kind and row.get("cause") and row.get("remedy")
        self.check(name, f"{scanner} failed, {kind}", row["status"] == "failed" and told)
        if row.get("kind") != kind:
            self.differences.append(f"{name}: {scanner}: {json.dumps(row)}")

    def print_causes(self):
        """How often each scanner's part in a finding had each cause: none that is planted may be missing."""
        width = max(len(cause) for cause, _ in self.causes)
        print(f"\n{'cause':<{width}}" + "".join(f"  {scanner:>12}" for scanner in ALL))
        for cause in sorted({cause for cause, _ in self.causes} | PLANTED):
            counts = [self.causes[cause, scanner] for scanner in ALL]
            print(f"{cause:<{width}}" + "".join(f"  {count or '-':>12}" for count in counts))
            if cause in PLANTED and not any(counts):
                self.check("causes", f"{cause} occurs", False)

    def summary(self, title):
        """Prints what came out, and gives the exit code."""
        width = max(len(row[0]) for row in self.rows)
        print(f"\n{'':<{width}}  {'expected':>8}  {'seen':>6}  {'differences':>11}")
        for name, due, seen, count in self.rows:
            print(f"{name:<{width}}  {due:>8}  {seen:>6}  {count:>11}")
        total = sum(row[3] for row in self.rows)
        for difference in self.differences[:60]:
            print(difference)
        if len(self.differences) > 60:
            print(f"and {len(self.differences) - 60} more")
        print(f"{title}: {len(self.rows)} rows, differences = {total}")
        return 1 if total or self.differences else 0


def own_answers(live, record, environment):
    """What run.json says of versions, dates and digests, against the tools' own answers."""
    by_id = {row["id"]: row for row in record["scanners"]}
    for scanner, version in live.versions.items():
        live.check("record", f"version of {scanner} is {version}", by_id[scanner]["version"] == version)

    def ask(*command):
        return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)

    trivy = ask("trivy", "version", "--format", "json", "--cache-dir", environment["TRIVY_CACHE_DIR"])
    grype = ask("grype", "db", "status", "-o", "json")
    for scanner, date in [("trivy", trivy["VulnerabilityDB"]["UpdatedAt"]), ("grype", grype["built"])]:
        live.check("record", f"database date of {scanner}", by_id[scanner]["database_built"] == date)
    image = json.loads((live.work / "image/image.json").read_text())
    config = next(value for key, value in image.items() if "config" in key and str(value).startswith("sha256:"))
    live.check("record", "config digest", record["target"]["config_digest"] == config)


def processes_of(directory):
    """Processes whose working directory lies below `directory`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                where = os.readlink(entry / "cwd")
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if where.startswith(str(directory)):
                found.append((int(entry.name), command))
    return found


def killed(live, snyk):
    """One scanner is killed in the middle of the run."""
    name, out = "killed", live.scratch / "killed"
    run = subprocess.Popen(
        live.command(live.archive, out), env=live.environment(snyk), cwd=live.scratch,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    victim = None
    while victim is None and time.monotonic() < deadline and run.poll() is None:
        for process, command in processes_of(out):
            if command and pathlib.Path(os.fsdecode(command[0])).name == "syft" and b"scan" in command:
                victim = process
        time.sleep(0.02)
    live.check(name, "the scanner was there to be killed", victim is not None)
    if victim:
        os.kill(victim, signal.SIGKILL)
    stdout, _ = run.communicate()
    report = json.loads(stdout)
    live.check_failed(name, report, "grype", "crash")
    live.compare(name, failed=["grype"])
    live.check(name, "no process is left", not processes_of(out))


def corrupt(live, snyk):
    """A database is damaged: its scanner fails, and never counts as having found nothing."""
    damaged = live.scratch / "damaged"
    shutil.copytree(live.work / "databases", damaged)
    (database,) = damaged.glob("grype/6/vulnerability.db")
    with open(database, "r+b") as file:
        file.seek(database.stat().st_size // 2)
        file.write(b"damaged" * 64)
    with open(damaged / "trivy/db/trivy.db", "r+b") as file:
        file.truncate(10_000)
    for archive in damaged.glob("osv/osv-scalibr/*/all.zip"):
        archive.write_bytes(b"damaged")
    environment = live.environment(
        snyk,
        TRIVY_CACHE_DIR=str(damaged / "trivy"),
        GRYPE_DB_CACHE_DIR=str(damaged / "grype"),
        OSV_SCALIBR_LOCAL_DB_CACHE_DIRECTORY=str(damaged / "osv"),
    )
    _, report, _, _ = live.scan("damaged-databases", live.archive, environment)
    for scanner in ("grype", "osv-scanner"):
        live.check_failed("damaged-databases", report, scanner, "database")
    live.check("damaged-databases", "trivy failed", live.outcome(report, "trivy")["status"] == "failed")
    live.compare("damaged-databases", failed=["trivy", "grype", "osv-scanner"])


def settings(live, snyk):
    """Scanners that are told to show less: by their reports' word, or by what is missing from them."""
    trivy_ignores, grype_ignores = live.scratch / "trivyignore", live.scratch / "grype.yaml"
    trivy_ignores.write_text("CVE-2021-23337\nCVE-2011-3374\n")
    grype_ignores.write_text("ignore:\n  - vulnerability: GHSA-cph5-m8f7-6c5x\n  - vulnerability: CVE-2018-20796\n")
    scan, go = "      - image", "go-module-binary-cataloger"
    languages = ["pypi", "npm", "maven", "golang", "gem", "cargo", "nuget", "composer", "bitnami", "conan",
                 "cocoapods", "swift", "pub", "hex", "julia"]  # fmt: skip
    variants = {
        "settings-fixed": (
            {
                "trivy": {scan: [scan, "      - --ignore-unfixed"]},
                "grype": {
                    '    args: [-o, "json={output}", "sbom:{inventory}"]':
                        [f'    args: [-c, {grype_ignores}, -o, "json={{output}}", "sbom:{{inventory}}"]']
                },
                "snyk": {"      - --print-deps": ["      - --print-deps", "      - --severity-threshold=high"]},
            },
            ["trivy:only-fixed", "grype:ignores=GHSA-cph5-m8f7-6c5x+CVE-2018-20796", "snyk:says-floor=high"],
        ),
        "settings-severity": (
            {
                "trivy": {scan: [scan, "      - --severity", "      - HIGH,CRITICAL"]},
                "grype": {
                    '    args: [scan, "{platform}", -o, "syft-json={output}", "{source}"]':
                        [f'    args: [scan, --select-catalogers=-{go}, "{{platform}}", -o, "syft-json={{output}}", "{{source}}"]']
                },
            },
            ["trivy:floor=high", "grype:lists-no=golang"],
        ),
        "settings-list": (
            {"trivy": {"      - --list-all-pkgs":
                       ["      - --list-all-pkgs=false", "      - --ignorefile", f"      - {trivy_ignores}"]}},
            ["trivy:no-list", "trivy:ignores=CVE-2021-23337+CVE-2011-3374"],
        ),
        "settings-system": (
            {"trivy": {"      - os,library": ["      - os"]} | {f"    - {kind}": [] for kind in languages}},
            ["trivy:matches=deb"],
        ),
    }  # fmt: skip
    usual = live.adapter_directory
    for name, (changes, told) in variants.items():
        live.adapter_directory = live.adapters_with(name, **changes)
        live.scan(name, live.archive, live.environment(snyk))
        live.adapter_directory = usual
        live.compare(name, settings=told)


def side_by_side(live, snyk):
    """Two scans at a time with one Trivy cache."""
    runs = [
        subprocess.Popen(
            live.command(live.archive, live.scratch / f"beside-{number}"), env=live.environment(snyk),
            cwd=live.scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for number in (1, 2)
    ]
    for run in runs:
        run.wait()
    for number in (1, 2):
        live.compare(f"beside-{number}")


def timings(live, snyk, concurrent, record):
    """Each scanner alone, their sum, all at once, and what crosscheck itself adds."""
    print(f"\n{'wall time in seconds':<28}  {'alone':>6}  {'at once':>7}")
    alone = {}
    for scanner in ALL:
        _, _, one, seconds = live.scan(f"alone-{scanner}", live.archive, live.environment(snyk), [scanner])
        alone[scanner] = seconds
        beside = next(row["duration_ms"] for row in record["scanners"] if row["id"] == scanner) / 1000
        print(f"{scanner:<28}  {seconds:>6.1f}  {beside:>7.1f}")
    slowest = max(row["duration_ms"] for row in record["scanners"]) / 1000
    print(f"{'sum, and all by crosscheck':<28}  {sum(alone.values()):>6.1f}  {concurrent:>7.1f}")
    print(f"{'crosscheck over the slowest':<28}  {'':>6}  {concurrent - slowest:>7.2f}")


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    live = Live(*sys.argv[1:])
    live.archive = f"docker-archive:{live.work}/image/image.tar"
    with FakeSnyk(live) as snyk:
        environment = live.environment(snyk.url)
        _, _, record, seconds = live.scan("archive", live.archive, environment)
        live.compare("archive", show=True)
        own_answers(live, record, environment)

        # Snyk and OSV-Scanner read no OCI layout, and OSV-Scanner no registry: said, not passed over.
        _, report, _, _ = live.scan("layout", f"oci-dir:{live.work}/image/oci", environment)
        for scanner in ("snyk", "osv-scanner"):
            live.check_failed("layout", report, scanner, "unsupported")
        live.compare("layout", failed=["snyk", "osv-scanner"])

        serve = str(HERE / "image/serve.sh")
        reference = subprocess.run([serve, "start"], check=True, capture_output=True, text=True).stdout.split()[-1]
        try:
            _, report, of_remote, _ = live.scan("registry", f"registry:{reference}", environment)
            # Snyk pulls by TLS alone, and this registry speaks plain HTTP.
            live.check_failed("registry", report, "snyk", "image")
            live.check_failed("registry", report, "osv-scanner", "unsupported")
            live.compare("registry", failed=["snyk", "osv-scanner"])
            digest = reference.split("@")[1]
            live.check("registry", "the record names the digest", digest in of_remote["target"]["reference"])
        finally:
            subprocess.run([serve, "stop"], check=True, capture_output=True)

        killed(live, snyk.url)
        corrupt(live, snyk.url)
        settings(live, snyk.url)
        side_by_side(live, snyk.url)
        timings(live, snyk.url, seconds, record)
        # A network namespace of its own, in which not even loopback is up.
        alone = ("unshare", "--map-root-user", "--net")
        _, report, _, _ = live.scan("no-network", live.archive, environment, within=alone)
        live.check_failed("no-network", report, "snyk", "other")
        live.compare("no-network", failed=["snyk"])
    with FakeSnyk(live, "--expired-token") as snyk:
        _, report, _, _ = live.scan("expired-token", live.archive, live.environment(snyk.url))
        live.check_failed("expired-token", report, "snyk", "authentication")
        live.compare("expired-token", failed=["snyk"])

    live.print_causes()
    return live.summary("live tests")


if __name__ == "__main__":
    sys.exit(main())
