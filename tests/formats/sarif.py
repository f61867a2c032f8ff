#!/usr/bin/env python3
"""Counts in a SARIF file what GitHub limits, and what it demands beyond the schema.

usage: sarif.py FILE...

Where npm's @microsoft/sarif-multitool is installed, SARIF_MULTITOOL names its program
(node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool); its rules for SARIF and for GitHub
Advanced Security run too. Knows nothing of how crosscheck makes the file. Needs Python 3.9.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile

# The project has no page of its own to name.
ACCEPTED = {"SARIF2005"}


def faults(path):
    raw = open(path, "rb").read()
    log = json.loads(raw)
    if len(gzip.compress(raw)) > 10_000_000:
        yield "more than 10 MB compressed"
    if log["version"] != "2.1.0" or len(log["runs"]) != 1:
        yield "not one run of 2.1.0"
    run = log["runs"][0]
    rules, results = run["tool"]["driver"]["rules"], run["results"]
    for what, number, most in (
        ("results", len(results), 5000),
        ("rules", len(rules), 25000),
        ("extensions", len(run["tool"].get("extensions", [])), 100),
    ):
        if number > most:
            yield f"{number} {what}"
    if not run["automationDetails"]["id"].endswith("/"):
        yield "the category does not end with /"
    ids = [rule["id"] for rule in rules]
    if len(set(ids)) != len(ids):
        yield "two rules have one id"
    for rule in rules:
        for text in ("shortDescription", "fullDescription"):
            if not 0 < len(rule[text]["text"].strip()) <= 1024:
                yield f"{rule['id']}: {text}"
        if not rule["help"]["text"].strip():
            yield f"{rule['id']}: help"
        score = rule["properties"].get("security-severity")
        if score is not None and not 0 < float(score) <= 10:
            yield f"{rule['id']}: security-severity {score}"
        if len(rule["properties"]["tags"]) > 10:
            yield f"{rule['id']}: tags"
    seen = set()
    for number, result in enumerate(results):
        if ids[result["ruleIndex"]] != result["ruleId"]:
            yield f"result {number}: another rule's index"
        if not result["message"]["text"].strip():
            yield f"result {number}: message"
        if not 1 <= len(result["locations"]) <= 100:
            yield f"result {number}: {len(result['locations'])} locations"
        for location in result["locations"]:
            place = location["physicalLocation"]
            uri = place["artifactLocation"]["uri"]
            if not re.fullmatch(r"[A-Za-z0-9._~+,=@%-]+(/[A-Za-z0-9._~+,=@%-]+)*", uri):
                yield f"result {number}: uri {uri}"
            if place["region"]["startLine"] < 1:
                yield f"result {number}: region"
        fingerprint = result["partialFingerprints"]["primaryLocationLineHash"]
        if fingerprint in seen:
            yield f"result {number}: the fingerprint of another result"
        seen.add(fingerprint)


def multitool(program, path):
    """What Microsoft's validator says; its exit status is 0 whatever it finds."""
    environment = dict(os.environ, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT="1")
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "validated.sarif")
        command = [program, "validate", path, "--rule-kind", "Sarif;Ghas", "--output", output]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        for run in json.load(open(output, encoding="utf-8-sig"))["runs"]:
            for result in run.get("results", []):
                if result["ruleId"].split("/")[0] not in ACCEPTED:
                    yield f"{result['ruleId']} ({result.get('level', 'warning')})"


def main():
    program = os.environ.get("SARIF_MULTITOOL")
    if not program:
        print("sarif.py: SARIF_MULTITOOL is not set: Microsoft's validator is not asked")
    failed = False
    for path in sys.argv[1:]:
        try:
            found = list(faults(path))
        except (KeyError, ValueError) as error:
            found = [f"missing, or not of its form: {error!r}"]
        if program:
            found += multitool(program, path)
        for fault in found[:20]:
            print(f"{path}: {fault}")
        failed |= bool(found)
    print("sarif.py:", "faults" if failed else "all files are as GitHub takes them")
    return 1 if failed or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
