"""The gauges by Prometheus' own reader, by promtool where it is there, and against the JSON report."""

import shutil
import subprocess
from collections import Counter

from prometheus_client.parser import text_string_to_metric_families

from support import action, run


def check(case, checker):
    text = case.text("report.prom")
    checker.true("does not end with a line end", text.endswith("\n"))
    samples = {}
    for family in text_string_to_metric_families(text):
        checker.equal(f"type of {family.name}", family.type, "gauge")
        checker.true(f"{family.name} has no help", family.documentation)
        for sample in family.samples:
            # The textfile collector drops a file with timestamps.
            checker.equal(f"timestamp of {sample.name}", sample.timestamp, None)
            key = (sample.name, frozenset(sample.labels.items()))
            checker.true(f"twice: {key}", key not in samples)
            samples[key] = sample.value
            for label in ["image", "platform", "profile"]:
                checker.true(f"{sample.name} has no {label}", label in sample.labels)
            checker.true("a label holds a digest", "sha256" not in sample.labels["image"])

    def values(name: str, *labels: str) -> dict:
        found = {}
        for (other, pairs), value in samples.items():
            if other == f"crosscheck_{name}":
                found[tuple(dict(pairs)[label] for label in labels)] = value
        return found

    counts = Counter((one["severity"]["level"], action(one) or "undecided") for one in case.findings)
    found = values("findings", "severity", "action")
    checker.equal("findings", {key: n for key, n in found.items() if n}, dict(counts))
    for severity in ["critical", "high", "medium", "low", "negligible", "unknown"]:
        checker.true(f"no sample for blocking {severity}", (severity, "block") in found)
    success = {scanner for (scanner,), value in values("scanner_success", "scanner").items() if not value}
    checker.equal("failed scanners", success, case.failed_scanners())
    verdict = case.report["verdict"]
    checker.equal("pass", values("policy_pass")[()], int(verdict["outcome"] == "pass"))
    checker.equal("exit code", values("exit_code")[()], verdict["exit_code"])
    checker.equal("unchecked", values("unchecked_packages")[()], len(case.report["unchecked"]))
    counting = [one for one in case.findings if action(one) != "ignore"]
    fixable = [one for one in counting if one["fix"].get("versions") or one["fix"].get("recommended")]
    checker.equal("fixable", values("fixable_findings")[()], len(fixable))

    promtool = shutil.which("promtool")
    if promtool:
        told = subprocess.run(
            [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        checker.equal("promtool", (told.returncode, told.stdout + told.stderr), (0, ""))
    return f"{len(samples)} samples" + (", promtool has nothing to say" if promtool else ", no promtool")


run(check)
