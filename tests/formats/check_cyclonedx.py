#!/usr/bin/env python3
"""Holds CycloneDX documents against the strict validator of CycloneDX's own Python library.

    check_cyclonedx.py FILE...

Needs the packages of cyclonedx.requirements.txt. The validator allows no member that the schema does not
name. Prints one line a file; exit code 0 only if all are valid.
"""

import json
import sys

from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def faults(text):
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        return [str(fault)]
    # The library's own model looks for references that lead nowhere.
    bom = Bom.from_json(json.loads(text))
    bom.validate()
    known = {component.bom_ref.value for component in bom.components}
    return [
        f"{vulnerability.id}: affects {affected.ref}, which is no component"
        for vulnerability in bom.vulnerabilities
        for affected in vulnerability.affects
        if affected.ref not in known
    ]


def main():
    failed = False
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            found = faults(file.read())
        print(f"{path}: {'valid' if not found else 'not valid'}", *found, sep="\n  ")
        failed |= bool(found)
    return failed


if __name__ == "__main__":
    sys.exit(main())
