#!/usr/bin/env python3
"""Holds `crosscheck compare` and `crosscheck diff` on the live runs against what is expected.

    comparisons.py CROSSCHECK WORK CACHE

CROSSCHECK, WORK and CACHE are those of scenarios.py, which has to have run: its runs are compared here. The
expectation is that of expect.py; sets, choices and agreement are counted from it by brute force. Of the run
in which a scanner was killed nothing may be called fixed that only this scanner had reported.

Exit code 0 only without differences.
"""

import collections
import itertools
import json
import pathlib
import subprocess
import sys

# No cache of the compiled module beside the source.
sys.dont_write_bytecode = True

from scenarios import ALL, Live  # noqa: E402

# Runs of scenarios.py, with the scanners that fail in them.
RUNS = {
    "archive": [],
    "layout": ["snyk", "osv-scanner"],
    "killed": ["grype"],
    "damaged-databases": ["trivy", "grype", "osv-scanner"],
    "no-network": ["snyk"],
}


class Check:
    def __init__(self, live):
        self.live = live

    def crosscheck(self, *arguments, codes=(0,)):
        done = subprocess.run(
            [self.live.crosscheck, *map(str, arguments)], cwd=self.live.scratch, capture_output=True, text=True
        )
        if done.returncode not in codes:
            raise SystemExit(f"comparisons.py: {arguments}: exit code {done.returncode}\n{done.stderr}")
        return done.returncode, done.stdout

    def equal(self, what, expected, seen):
        same = expected == seen
        self.live.rows.append((what, str(expected), str(seen), 0 if same else 1))
        if not same:
            self.live.differences.append(f"{what}: expected {expected}, seen {seen}")

    def expected(self, name):
        return json.loads((self.live.scratch / f"{name}.expected.json").read_text())


def finders(finding):
    """The scanners that have a finding, themselves or through a notice that covers it."""
    covered = {name for name, miss in finding["misses"].items() if miss["verdict"] == "covered"}
    return frozenset(finding["reporters"]) | covered


def one_image(check):
    """Sets, choices and agreement on the run in which every scanner gave a result."""
    _, text = check.crosscheck("compare", "archive", "--format", "json")
    comparison = json.loads(text)
    found = [finders(finding) for finding in check.expected("archive")["findings"]]
    check.equal("compare: findings", len(found), comparison["universe"]["findings"])
    check.equal("compare: by one only", sum(len(by) == 1 for by in found), comparison["universe"]["by_one_only"])
    for scanner in ALL:
        row = next(row for row in comparison["scanners"] if row["scanner"] == scanner)
        check.equal(f"compare: {scanner} reports", sum(scanner in by for by in found), row["reported"])
        check.equal(f"compare: {scanner} alone", sum(by == {scanner} for by in found), row["alone"])
    sets = collections.Counter(found)
    seen = {frozenset(row["scanners"]): row["count"] for row in comparison["sets"]}
    check.equal("compare: sets that differ", 0, len(set(sets.items()) ^ set(seen.items())))
    for size in range(1, len(ALL) + 1):
        best = max(sum(bool(by & set(choice)) for by in found) for choice in itertools.combinations(ALL, size))
        check.equal(f"compare: best choice of {size} covers", best, comparison["best"][size - 1]["covered"]["count"])
        names = set(comparison["best"][size - 1]["scanners"])
        check.equal(f"compare: the choice of {size} does so", best, sum(bool(by & names) for by in found))
    for pair in comparison["pairs"]:
        a, b = pair["a"], pair["b"]
        overlap = pair["agreement"]["finding"]
        both = sum(a in by and b in by for by in found)
        either = sum(a in by or b in by for by in found)
        got = (overlap["jaccard"]["count"], overlap["jaccard"]["of"])
        check.equal(f"compare: {a} and {b} agree", (both, either), got)


def fleet(check):
    """All runs together: who failed where."""
    _, text = check.crosscheck("compare", *RUNS, "--format", "json")
    comparison = json.loads(text)
    check.equal("fleet: images", len(RUNS), comparison["universe"]["images"])
    for scanner in ALL:
        row = next(row for row in comparison["scanners"] if row["scanner"] == scanner)
        due = sum(scanner not in failed for failed in RUNS.values())
        check.equal(f"fleet: results of {scanner}", (due, len(RUNS)), (row["results"]["count"], row["results"]["of"]))
    _, turned = check.crosscheck("compare", *reversed(RUNS), "--format", "json")
    check.equal("fleet: the order of images shows", False, turned != text)


def differences(check):
    """The whole run against itself, and against those with a failed scanner."""
    _, text = check.crosscheck("diff", "archive", "archive", "--format", "json")
    same = json.loads(text)
    check.equal("diff with itself", [0] * 4, [len(same[kind]) for kind in ("new", "fixed", "gone", "changed")])
    whole = {(row["id"], row["group"]): finders(row) for row in check.expected("archive")["findings"]}
    for name in ("killed", "damaged-databases"):
        rest = {(row["id"], row["group"]) for row in check.expected(name)["findings"]}
        lost = {key for key in whole if key not in rest}
        _, text = check.crosscheck("diff", "archive", name, "--format", "json")
        changes = json.loads(text)
        check.equal(f"diff with {name}: gone", len(lost), len(changes["gone"]))
        check.equal(f"diff with {name}: fixed", 0, len(changes["fixed"]))
        _, text = check.crosscheck("diff", name, "archive", "--format", "json", "--fail-on-new", codes=(0, 1))
        check.equal(f"diff back from {name}: new", len(lost), len(json.loads(text)["new"]))


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    scratch = pathlib.Path(sys.argv[2]) / "scratch"
    missing = [name for name in RUNS if not (scratch / name / "run.json").exists()]
    if missing:
        raise SystemExit(f"comparisons.py: no run {missing[0]} in {scratch}; run scenarios.py first")
    live = Live(*sys.argv[1:], keep=True)
    check = Check(live)
    one_image(check)
    fleet(check)
    differences(check)
    return live.summary("comparisons")


if __name__ == "__main__":
    sys.exit(main())
