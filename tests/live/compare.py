#!/usr/bin/env python3
"""Holds a report of crosscheck against what is expected.

    compare.py EXPECTED REPORT

EXPECTED is what expect.py says, REPORT a report.json of crosscheck. Prints a table of what was expected
and seen, then each difference on a line of its own. Exit code 0 without differences, 1 with any, 2 when
a file cannot be read.
"""

import json
import pathlib
import sys

# What is compared on a finding that both have, by scanner.
ASPECTS = ("verdict", "cause", "ids", "severity", "fix", "fixed in")


def expected_statements(finding):
    """What is due on a finding, by scanner."""
    due = {}
    for scanner, reporter in finding["reporters"].items():
        due[scanner] = {
            "verdict": "reported",
            "cause": "listed",
            "ids": reporter["ids"],
            "severity": reporter["severity"],
            "fix": reporter["fix"],
            "fixed in": reporter["fixed_in"],
        }
    for scanner, miss in finding["misses"].items():
        due[scanner] = {"verdict": miss["verdict"], "cause": miss["cause"], "because": miss["because"]}
    return due


SEVERITIES = ("unknown", "negligible", "low", "medium", "high", "critical")
FIXES = ("unknown", "not-fixed", "deferred", "end-of-life", "wont-fix", "fixed")


def seen_statements(finding):
    """What the report has on a finding, by scanner: its verdict and cause, and its own words where it reports."""
    seen = {}
    for scanner, verdict in finding["verdicts"].items():
        seen[scanner] = {"verdict": verdict["verdict"], "cause": verdict["cause"], "reason": verdict["reason"]}
        said = [
            record
            for record in finding["observations"]
            if record["scanner"] == scanner and record["attachment"] == "direct"
        ]
        if said:
            seen[scanner] |= {
                "ids": sorted({record["id"] for record in said}),
                "severity": max((record["severity"] for record in said), key=SEVERITIES.index),
                "fix": max((record["fix_state"] for record in said), key=FIXES.index),
                "fixed in": sorted({version for record in said for version in record.get("fixed_in", [])}),
            }
    return seen


def differences(expected, report):
    """The rows of the table, and the differences in words."""
    due = {(row["id"], row["group"]): row for row in expected["findings"]}
    seen = {}
    found = []
    for finding in report["findings"]:
        package = finding["package"]
        group = f"{package['ecosystem']}/{package['name']}"
        if "version" in package:
            group += f"@{package['version']}"
        name = (finding["vulnerability"]["id"], group)
        if name in seen:
            found.append(f"{name[0]} in {group}: the report has it twice")
        seen[name] = finding

    wanted, has = set(expected["unchecked"]), {
        f"{package['ecosystem']}/{package['name']}@{package['version']}" for package in report["unchecked"]
    }
    found += [f"{name}: expected among the unchecked packages, not there" for name in sorted(wanted - has)]
    found += [f"{name}: among the unchecked packages, not expected" for name in sorted(has - wanted)]
    rows = {
        "findings": [len(due), len(seen), 0],
        "unchecked packages": [len(wanted), len(has), len(wanted ^ has)],
    }
    for scanner in expected["scanners"]:
        rows[f"{scanner}: reported"] = [0, 0, 0]
        rows[f"{scanner}: not reported"] = [0, 0, 0]

    for name in sorted(due.keys() | seen.keys()):
        title = f"{name[0]} in {name[1]}"
        wanted = expected_statements(due[name]) if name in due else {}
        has = seen_statements(seen[name]) if name in seen else {}
        for scanner in expected["scanners"]:
            for column, statements in ((0, wanted), (1, has)):
                if scanner in statements:
                    reported = statements[scanner]["verdict"] == "reported"
                    rows[f"{scanner}: {'reported' if reported else 'not reported'}"][column] += 1
        if name not in seen:
            found.append(f"{title}: expected of {', '.join(due[name]['reporters']) or 'nobody'}, not in the report")
            rows["findings"][2] += 1
            continue
        if name not in due:
            said = sorted({record["scanner"] for record in seen[name]["observations"]})
            found.append(f"{title}: in the report by {', '.join(said)}, not expected")
            rows["findings"][2] += 1
            continue
        for scanner in sorted(wanted.keys() | has.keys()):
            found += on_scanner(title, scanner, wanted.get(scanner, {}), has.get(scanner, {}), rows)
    return rows, found


def on_scanner(title, scanner, wanted, has, rows):
    found = []
    for aspect in ASPECTS:
        if wanted.get(aspect) == has.get(aspect):
            continue
        is_judgement = aspect in ("verdict", "cause")
        why = f" ({wanted['because']})" if is_judgement and "because" in wanted else ""
        reason = f" ({has['reason']})" if is_judgement and "reason" in has else ""
        found.append(
            f"{title}: {scanner}: {aspect}: expected {words(wanted.get(aspect))}{why}, "
            f"seen {words(has.get(aspect))}{reason}"
        )
        if aspect == "verdict":
            # The rest follows from it.
            break
    if found:
        reported = wanted.get("verdict") == "reported"
        row = rows.setdefault(f"{scanner}: {'reported' if reported else 'not reported'}", [0, 0, 0])
        row[2] += 1
    return found


def words(value):
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return "nothing" if value is None else value


def line_up(expected, report):
    """Differences in who took part and how it ended."""
    found = []
    status = {}
    for scanner in report["scanners"]:
        status.setdefault(scanner["id"], scanner["status"])
    for name in expected["scanners"]:
        due = "failed" if name in expected["failed"] else "completed"
        if status.get(name) != due:
            found.append(f"{name}: expected to have {due}, seen {words(status.get(name))}")
    found += [f"{name}: in the report, not expected" for name in sorted(status.keys() - set(expected["scanners"]))]
    for account in report["accounting"]:
        if account["unreadable"]:
            found.append(f"{account['scanner']}: {account['unreadable']} entries could not be read")
    return found


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        expected, report = (json.loads(pathlib.Path(name).read_text()) for name in sys.argv[1:])
    except (OSError, ValueError) as problem:
        print(f"compare.py: {problem}", file=sys.stderr)
        return 2
    rows, found = differences(expected, report)
    found = line_up(expected, report) + found
    width = max(len(name) for name in rows)
    print(f"{'':<{width}}  {'expected':>8}  {'seen':>8}  {'differences':>11}")
    for name, (due, seen, differs) in rows.items():
        print(f"{name:<{width}}  {due:>8}  {seen:>8}  {differs:>11}")
    for difference in found:
        print(difference)
    print(f"differences: {len(found)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
