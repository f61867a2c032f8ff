"""The CSV against the JSON report, cell by cell where both hold the same text."""

import csv
import io

from support import action, run

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def undone(cell: str) -> str:
    """A cell without the apostrophes that keep spreadsheets from calculating."""
    return ";".join(part.removeprefix("'") for part in cell.split(";"))


def is_plain(text: str) -> bool:
    return text.isprintable() and not any(0xFE00 <= ord(c) <= 0xFE0F for c in text)


def check(case, checker):
    text = case.text("report.csv")
    checker.true("has a byte order mark", not text.startswith("\ufeff"))
    checker.equal("line ends", text.count("\n"), text.count("\r\n"))
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    checker.equal("lines", text.count("\r\n"), len(rows) + 1)
    expected = []
    for finding in case.findings:
        for instance in finding["instances"] or [{}]:
            expected.append((finding, instance))
    checker.equal("rows", len(rows), len(expected))
    compared = 0
    for row, (finding, instance) in zip(rows, expected):
        checker.true(f"a row is ragged: {row}", None not in row and None not in row.values())
        vulnerability = finding["vulnerability"]
        cells = {
            "key": finding["key"],
            "id": vulnerability["id"],
            "title": vulnerability.get("title", ""),
            "severity": finding["severity"]["level"],
            "known_exploited": "yes" if vulnerability["known_exploited"] else "no",
            "ecosystem": finding["package"]["ecosystem"],
            "package": finding["package"]["name"],
            "installed": instance.get("name", ""),
            "version": instance.get("version", ""),
            "purl": instance.get("purl", ""),
            "recommended": finding["fix"].get("recommended", ""),
            "fix_state": finding["fix"]["state"],
            "decision": action(finding) or "",
            "published": vulnerability.get("published", ""),
        }
        for scanner, verdict in finding["verdicts"].items():
            cells[f"verdict_{scanner}"] = verdict["verdict"]
        for name, value in cells.items():
            # The others are written with visible escapes.
            if is_plain(value):
                checker.equal(f"{finding['key']} {name}", undone(row[name]), value)
                compared += 1
        for name, cell in row.items():
            # As a program parts them that takes a comma, and as one that takes a semicolon.
            for part in [cell, *cell.split(";")]:
                starts = part.lstrip().lstrip('"').lstrip()
                checker.true(f"{name} is a formula: {cell!r}", not starts.startswith(FORMULA))
    return f"{len(rows)} rows, {compared} cells as in the JSON report, no formula"


run(check)
