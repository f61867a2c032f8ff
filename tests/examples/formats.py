"""Checks that crosscheck knows the formats that examples ask for, and writes the files that they read.

    python3 formats.py CROSSCHECK RUN EXAMPLE…
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile


def members(predicate):
    """The members that policies can ask for."""
    result = predicate["scanner"]["result"]
    return {*predicate, *(f"scanner.{name}" for name in predicate["scanner"]), *(f"result.{name}" for name in result)}


def main():
    crosscheck, run, *examples = sys.argv[1:]
    errors = []
    for example in examples:
        text = pathlib.Path(example).read_text(encoding="utf-8")
        lists = re.findall(r"--format[ =]([a-z][a-z,=./-]*)", text)
        if not lists:
            errors.append(f"{example}: asks for no format")
        with tempfile.TemporaryDirectory() as folder:
            for formats in lists:
                if "," not in formats:
                    continue
                result = subprocess.run(
                    [crosscheck, "report", run, "--report-dir", folder, "--format", formats],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if result.returncode != 0:
                    errors.append(f"{example}: --format {formats}: {result.stderr.strip()}")
            # A scan writes report.json by itself.
            written = {path.name for path in pathlib.Path(folder).iterdir()} | {"report.json"}
            for name in sorted(set(re.findall(r"run/([\w.-]+\.\w+)", text)) - written):
                errors.append(f"{example}: reads run/{name}, which is not written")
            predicate = pathlib.Path(folder, "report.cosign-vuln.json")
            if predicate.exists():
                written = json.loads(predicate.read_text(encoding="utf-8"))
                sample = json.loads(pathlib.Path(example).with_name("predicate.json").read_text(encoding="utf-8"))
                different = members(written) ^ members(sample)
                if different:
                    errors.append(f"predicate.json and what is written differ in {', '.join(sorted(different))}")
            summary = pathlib.Path(folder, "report.md")
            if summary.exists() and not summary.read_text(encoding="utf-8").startswith("<!--"):
                errors.append(f"{example}: report.md does not begin with a marker")
    if errors:
        sys.exit("\n".join(errors))


main()
