"""The SARIF file by what GitHub limits and demands beyond the schema, and by Microsoft's validator.

SARIF_MULTITOOL names the program of npm's @microsoft/sarif-multitool
(node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool); its rules for SARIF and for GitHub
Advanced Security run.
"""

import gzip
import json
import os
import re
import subprocess
import tempfile

from support import run

MULTITOOL = os.environ["SARIF_MULTITOOL"]

# The project has no page of its own to name.
ACCEPTED = {"SARIF2005"}


def multitool(path):
    """What Microsoft's validator says; its exit status is 0 whatever it finds."""
    environment = dict(os.environ, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT="1")
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "validated.sarif")
        command = [MULTITOOL, "validate", path, "--rule-kind", "Sarif;Ghas", "--output", output]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        for told in json.load(open(output, encoding="utf-8-sig"))["runs"]:
            for result in told.get("results", []):
                if result["ruleId"].split("/")[0] not in ACCEPTED:
                    yield f"{result['ruleId']} ({result.get('level', 'warning')})"


def check(case, checker):
    raw = case.bytes("report.sarif")
    log = json.loads(raw)
    checker.true("more than 10 MB compressed", len(gzip.compress(raw)) <= 10_000_000)
    checker.equal("version", log["version"], "2.1.0")
    checker.equal("runs", len(log["runs"]), 1)
    log_run = log["runs"][0]
    rules, results = log_run["tool"]["driver"]["rules"], log_run["results"]
    shown = [one for one in case.findings if one not in case.with_action("ignore")]
    checker.equal("results", len(results), min(len(shown), 5_000))
    checker.true("too many rules", len(rules) <= 25_000)
    checker.true("too many extensions", len(log_run["tool"].get("extensions", [])) <= 100)
    checker.true("the category does not end with /", log_run["automationDetails"]["id"].endswith("/"))
    succeeded = all(one["executionSuccessful"] for one in log_run["invocations"])
    checker.equal("success", succeeded, not case.report["verdict"].get("insufficient"))

    ids = [rule["id"] for rule in rules]
    checker.equal("rules of one id", len(ids) - len(set(ids)), 0)
    for rule in rules:
        for text in ("shortDescription", "fullDescription"):
            checker.true(f"{rule['id']}: {text}", 0 < len(rule[text]["text"].strip()) <= 1_024)
        checker.true(f"{rule['id']}: help", rule["help"]["text"].strip())
        score = rule["properties"].get("security-severity")
        checker.true(f"{rule['id']}: {score}", score is None or 0 < float(score) <= 10)
        checker.true(f"{rule['id']}: tags", len(rule["properties"]["tags"]) <= 10)
    seen = set()
    for number, result in enumerate(results):
        checker.equal(f"rule of result {number}", ids[result["ruleIndex"]], result["ruleId"])
        checker.true(f"message of result {number}", result["message"]["text"].strip())
        checker.true(f"locations of result {number}", 1 <= len(result["locations"]) <= 100)
        for location in result["locations"]:
            place = location["physicalLocation"]
            uri = place["artifactLocation"]["uri"]
            is_plain = re.fullmatch(r"[A-Za-z0-9._~+,=@%-]+(/[A-Za-z0-9._~+,=@%-]+)*", uri)
            checker.true(f"result {number}: uri {uri}", is_plain)
            checker.true(f"region of result {number}", place["region"]["startLine"] >= 1)
        fingerprint = result["partialFingerprints"]["primaryLocationLineHash"]
        checker.true(f"result {number}: the fingerprint of another one", fingerprint not in seen)
        seen.add(fingerprint)
    checker.equal("Microsoft's validator", list(multitool(case.folder / "report.sarif"))[:5], [])
    return f"{len(results)} results of {len(rules)} rules as GitHub takes them"


run(check)
