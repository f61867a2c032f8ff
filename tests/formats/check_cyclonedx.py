#!/usr/bin/env python3
"""Holds CycloneDX documents against the strict validator of CycloneDX's own Python library.

    check_cyclonedx.py FILE...

Needs the packages of cyclonedx.requirements.txt. The validator allows no member that the schema does not
name. Prints one line a file; exit code 0 only if all are valid.
"""

import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def main():
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    failed = False
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            fault = validator.validate_str(file.read())
        print(f"{path}: {'valid' if fault is None else f'not valid: {fault}'}")
        failed |= fault is not None
    return failed


if __name__ == "__main__":
    sys.exit(main())
