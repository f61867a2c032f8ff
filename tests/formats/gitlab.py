#!/usr/bin/env python3
"""Checks a GitLab container scanning report against the schemas in tests/data/schemas.

usage: gitlab.py FILE...

Needs Python 3.9 and jsonschema 4. Its validator is another one than that of the tests in Rust.
"""

import json
import pathlib
import sys

import jsonschema

SCHEMAS = pathlib.Path(__file__).parent.parent / "data" / "schemas"


def faults(path):
    report = json.load(open(path, encoding="utf-8"))
    for version in ("15.0.7", "15.2.1"):
        name = f"gitlab-container-scanning-{version}.transcribed.json"
        schema = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
        jsonschema.Draft7Validator.check_schema(schema)
        for error in jsonschema.Draft7Validator(schema).iter_errors(report):
            yield f"{version}: {error.json_path}: {error.message[:200]}"
    entries = report["vulnerabilities"]
    if len({entry["id"] for entry in entries}) != len(entries):
        yield "two entries have one id"
    for entry in entries:
        if len(entry["identifiers"]) > 20:
            yield f"{entry['id']}: GitLab keeps 20 identifiers"


def main():
    failed = False
    for path in sys.argv[1:]:
        found = list(faults(path))
        for fault in found[:20]:
            print(f"{path}: {fault}")
        failed |= bool(found)
    print("gitlab.py:", "faults" if failed else "all files are valid")
    return 1 if failed or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
