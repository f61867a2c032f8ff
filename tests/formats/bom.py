"""The CycloneDX document by the strict validator of CycloneDX's own library, and its content against the
JSON report.

The validator allows no member that the schema does not name.
"""

import json
from collections import Counter

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from support import run

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


def check(case, checker):
    text = case.text("report.cdx.json")
    fault = VALIDATOR.validate_str(text)
    checker.equal("schema", None if fault is None else str(fault), None)
    document = json.loads(text)

    components = document["components"]
    refs = [component["bom-ref"] for component in components]
    checker.equal("components of one name", [ref for ref, n in Counter(refs).items() if n > 1], [])
    listed = Counter(component["type"] for component in components)
    checker.true("fewer packages than the report lists", listed["library"] >= len(case.report["packages"]))

    vulnerabilities = document.get("vulnerabilities", [])
    checker.equal("vulnerabilities", len(vulnerabilities), len(case.findings))
    found = Counter(one["id"] for one in vulnerabilities)
    checker.equal("ids", found, Counter(one["vulnerability"]["id"] for one in case.findings))
    for one in vulnerabilities:
        places = [place["ref"] for place in one["affects"]]
        checker.true(f"{one['id']} affects nothing that is there", places and set(places) <= set(refs))
    analysed = [one for one in vulnerabilities if "analysis" in one]
    checker.true("an ignored finding has no analysis", len(analysed) >= len(case.with_action("ignore")))
    return f"valid, {len(components)} components, {len(vulnerabilities)} vulnerabilities"


run(check)
