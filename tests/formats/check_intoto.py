#!/usr/bin/env python3
"""Reads in-toto statements with in-toto's own library, which knows no member that is not in its types.

    check_intoto.py FILE...

Needs the packages of intoto.requirements.txt. The library has no type for the predicate, which is held
against its specification (vulns v0.2) here. Prints one line a file; exit code 0 only if all are valid.
"""

import datetime
import sys

from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement


def moment(text):
    datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def check(text):
    """Raises for what is wrong."""
    parsed = json_format.Parse(text, statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()
    if parsed.predicate_type != "https://in-toto.io/attestation/vulns/v0.2":
        raise ValueError("another predicate")
    for subject in parsed.subject:
        bytes.fromhex(subject.digest["sha256"])
    predicate = json_format.MessageToDict(parsed.predicate)
    if predicate.keys() != {"scanner", "metadata"}:
        raise ValueError("further members of the predicate")
    scanner = predicate["scanner"]
    if scanner.keys() != {"uri", "version", "db", "result"}:
        raise ValueError("further members of the scanner")
    moment(scanner["db"]["lastUpdate"])
    for time in ("scanStartedOn", "scanFinishedOn"):
        moment(predicate["metadata"][time])
    for result in scanner["result"]:
        if not (result.keys() == {"id", "severity", "annotations"} and result["severity"]):
            raise ValueError(f"{result['id']}: not the members of a result")
        texts = [severity[member] for severity in result["severity"] for member in ("method", "score")]
        texts += [value for annotation in result["annotations"] for value in annotation.values()]
        if not all(isinstance(value, str) for value in texts):
            raise ValueError(f"{result['id']}: a value that is no text")
    return len(scanner["result"])


def main():
    failed = False
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        try:
            print(f"{path}: valid, vulnerabilities: {check(text)}")
        except (ValueError, KeyError, json_format.ParseError) as error:
            print(f"{path}: not valid: {error!r}")
            failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
