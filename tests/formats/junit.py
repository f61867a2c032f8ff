"""The JUnit XML by the schema of Jenkins' xunit plugin, and its results against the JSON report."""

import os
from collections import Counter
from pathlib import Path

from junitparser import JUnitXml
from lxml import etree

from support import run

ROOT = Path(os.environ["CROSSCHECK_ROOT"])
SCHEMA = etree.XMLSchema(etree.parse(ROOT / "tests/data/schemas/junit-10.xsd"))


def result(test) -> str:
    kinds = [type(one).__name__ for one in test.result]
    return kinds[0] if kinds else "Passed"


def check(case, checker):
    file = case.folder / "report.junit.xml"
    checker.true("is too long for GitLab", file.stat().st_size < 30_000_000)
    # Neither entities nor the network, as a careful server reads it.
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    document = etree.parse(file, parser)
    SCHEMA.validate(document)
    checker.equal("schema", [str(error) for error in SCHEMA.error_log], [])

    suites = {suite.name.rsplit(": ", 1)[1]: suite for suite in JUnitXml.fromfile(str(file))}
    tests = [(test.classname, test.name) for suite in suites.values() for test in suite]
    checker.equal("tests of one name", [one for one, n in Counter(tests).items() if n > 1], [])
    found = Counter(result(test) for test in suites.get("vulnerabilities", []))
    expected = Counter({
        "Failure": len(case.with_action("block")),
        "Error": len(case.with_action(None)),
        "Passed": len(case.with_action("warn")),
        "Skipped": len(case.with_action("ignore")),
    })
    checker.equal("findings", +found, +expected)
    failed = {test.name.split()[0] for test in suites["scanners"] if result(test) == "Error"}
    checker.equal("failed scanners", failed, case.failed_scanners())
    outcome = case.report["verdict"]["outcome"]
    policy = [result(test) for test in suites["policy"]]
    checker.equal("the verdict passes", set(policy) == {"Passed"}, outcome == "pass")
    for element in document.iter("failure", "error", "skipped"):
        checker.true("a message is not in its text", element.text.startswith(element.get("message")))
    return f"valid by the schema, {len(tests)} tests, {dict(found)}"


run(check)
