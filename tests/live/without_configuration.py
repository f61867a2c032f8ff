#!/usr/bin/env python3
"""Takes the scanners' own configuration out of a recorded run.

    without_configuration.py RUN

Syft and Grype write their whole configuration into what they report: servers, paths and settings of the
machine, nothing about the image. The example does without; everything else stays as it was written, and
run.json gets the new sizes and digests.
"""

import hashlib
import json
import pathlib
import sys


def main():
    run = pathlib.Path(sys.argv[1])
    record = json.loads((run / "run.json").read_text())
    for scanner in record["scanners"]:
        for part in ("report", "inventory"):
            file = scanner.get(part)
            if not file or not file["path"].endswith(".json"):
                continue
            path = run / file["path"]
            document = json.loads(path.read_text())
            descriptor = document.get("descriptor") if isinstance(document, dict) else None
            if not descriptor or descriptor.pop("configuration", None) is None:
                continue
            path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")
            content = path.read_bytes()
            file["sha256"], file["bytes"] = hashlib.sha256(content).hexdigest(), len(content)
    (run / "run.json").write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n")


if __name__ == "__main__":
    main()
