"""What the scripts of this folder share: the cases, and telling differences."""

import json
import sys
from pathlib import Path


class Case:
    """One report in all formats."""

    def __init__(self, folder: Path):
        self.name = folder.name
        self.folder = folder
        self.report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        self.findings = self.report["findings"]

    def bytes(self, file: str) -> bytes:
        return (self.folder / file).read_bytes()

    def text(self, file: str) -> str:
        # Line ends are part of what is looked at.
        return self.bytes(file).decode("utf-8")

    def with_action(self, *actions: str) -> list:
        return [one for one in self.findings if action(one) in actions]

    def failed_scanners(self) -> set:
        return {one["id"] for one in self.report["scanners"] if one["status"] == "failed"}


def action(finding: dict) -> str | None:
    """What the policy does with a finding."""
    return finding.get("decision", {}).get("action")


class Checker:
    """Collects differences, and tells them at the end."""

    def __init__(self):
        self.case = ""
        self.differences = []

    def equal(self, what: str, found, expected):
        if found != expected:
            self.differences.append(f"{self.case}: {what}: found {found!r}, expected {expected!r}")

    def true(self, what: str, holds):
        if not holds:
            self.differences.append(f"{self.case}: {what}")


def run(check_case):
    """Calls `check_case(case, checker)` for every case of the directory in the first argument; it gives a
    few words on what it looked at. Ends the program."""
    checker = Checker()
    folders = sorted(path.parent for path in Path(sys.argv[1]).glob("*/report.json"))
    if not folders:
        sys.exit("error: no case to look at")
    for folder in folders:
        checker.case = folder.name
        print(f"{folder.name}: {check_case(Case(folder), checker)}")
    for difference in checker.differences:
        print(f"error: {difference}"[:600], file=sys.stderr)
    sys.exit(1 if checker.differences else 0)
