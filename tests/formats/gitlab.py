"""The GitLab container scanning report by GitLab's schemas, by another validator than the tests in Rust have,
and against the JSON report."""

import json
import os
from pathlib import Path

import jsonschema

from support import run

SCHEMAS = Path(os.environ["CROSSCHECK_ROOT"]) / "tests/data/schemas"


def validator(version):
    name = f"gitlab-container-scanning-{version}.transcribed.json"
    schema = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


VALIDATORS = {version: validator(version) for version in ("15.0.7", "15.2.1")}


def check(case, checker):
    report = json.loads(case.text("gl-container-scanning-report.json"))
    for version, schema in VALIDATORS.items():
        errors = [f"{error.json_path}: {error.message[:200]}" for error in schema.iter_errors(report)]
        checker.equal(f"schema {version}", errors[:5], [])
    entries = report["vulnerabilities"]
    shown = len(case.findings) - len(case.with_action("ignore"))
    checker.equal("entries", len(entries), shown)
    checker.equal("ids", len({entry["id"] for entry in entries}), len(entries))
    for entry in entries:
        checker.true(f"{entry['id']}: GitLab keeps 20 identifiers", len(entry["identifiers"]) <= 20)
    is_failure = case.report["verdict"]["outcome"] == "insufficient"
    checker.equal("status", report["scan"]["status"], "failure" if is_failure else "success")
    return f"valid by the schemas {' and '.join(VALIDATORS)}, {len(entries)} entries"


run(check)
