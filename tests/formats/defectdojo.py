"""DefectDojo's import against what its generic parser takes, and against the JSON report.

DefectDojo publishes no schema; its parser refuses a file with a member that it does not know.
"""

import datetime
import json
from collections import Counter

from support import action, run

REQUIRED = {"title", "severity", "description"}
# Known since DefectDojo 2.20. Newer members would keep older installations from importing at all.
STRINGS = REQUIRED | {
    "component_name", "component_version", "cve", "cvssv3", "date", "file_path", "mitigation",
    "publish_date", "references", "severity_justification", "unique_id_from_tool", "vuln_id_from_tool",
}
NUMBERS = {"cwe", "nb_occurences"}
FLAGS = {
    "active", "dynamic_finding", "false_p", "out_of_scope", "risk_accepted", "static_finding", "verified",
}
LISTS = {"tags", "vulnerability_ids"}
SEVERITIES = {
    "critical": "Critical", "high": "High", "medium": "Medium", "low": "Low", "negligible": "Info",
    "unknown": "Info",
}


def check(case, checker):
    document = json.loads(case.text("report.defectdojo.json"))
    known = {"name", "type", "version", "description", "static_tool", "dynamic_tool", "findings"}
    checker.equal("members of the root", set(document) - known, set())
    findings = document["findings"]
    checker.equal("findings", len(findings), len(case.findings))
    keys = {one["key"] for one in case.findings}
    checker.equal("ids", len({one["unique_id_from_tool"] for one in findings}), len(keys))
    states = Counter()
    for found, finding in zip(findings, case.findings):
        key = finding["key"]
        for members, kind in [(STRINGS, str), (NUMBERS, int), (FLAGS, bool), (LISTS, list)]:
            for name in members & set(found):
                checker.true(f"{key}: {name} is no {kind.__name__}", type(found[name]) is kind)
        checker.equal(f"{key}: members", set(found) - STRINGS - NUMBERS - FLAGS - LISTS, set())
        checker.equal(f"{key}: missing", REQUIRED - {name for name in REQUIRED if found.get(name)}, set())
        checker.equal(f"{key}: severity", found["severity"], SEVERITIES[finding["severity"]["level"]])
        checker.equal(f"{key}: active", found["active"], action(finding) != "ignore")
        checker.equal(f"{key}: occurrences", found["nb_occurences"], max(len(finding["instances"]), 1))
        grounds = [name for name in ["false_p", "out_of_scope", "risk_accepted"] if found[name]]
        checker.equal(f"{key}: grounds", len(grounds), int(not found["active"]))
        states["active" if found["active"] else grounds[0]] += 1
        checker.true(f"{key}: the title is too long", len(found["title"]) <= 511)
        for name in ["date", "publish_date"]:
            if name in found:
                datetime.date.fromisoformat(found[name])
        for tag in found["tags"]:
            checker.true(f"{key}: the tag {tag!r}", not set(tag) & set(" ,'\""))
    for scanner in case.failed_scanners():
        checker.true(f"{scanner} is not said to have failed", scanner in document["description"])
    return f"{len(findings)} findings, {dict(states)}"


run(check)
