"""The in-toto statement by in-toto's own library, and the predicate for cosign, against the JSON report.

The library knows no member that is not in its types. It has no type for either predicate: vulns v0.2
(https://in-toto.io/attestation/vulns/v0.2) and cosign's own are held against their specifications here.
"""

import datetime
import json

from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

from support import run


def moment(text):
    datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def statement(case, checker):
    file = case.folder / "report.vulns.intoto.json"
    # An image without any digest can be no subject, and an empty result would say that nothing is there
    # when too few scanners gave one.
    if not file.exists():
        target = case.report["target"]
        digests = [target.get("config_digest"), target.get("manifest_digest"), *target.get("repo_digests", [])]
        outcome = case.report["verdict"]["outcome"]
        checker.true("nothing is stated", not any(digests) or outcome == "insufficient")
        return "nothing stated"
    parsed = json_format.Parse(file.read_text(encoding="utf-8"), statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()
    checker.equal("predicate", parsed.predicate_type, "https://in-toto.io/attestation/vulns/v0.2")
    for subject in parsed.subject:
        checker.equal("bytes of a digest", len(bytes.fromhex(subject.digest["sha256"])), 32)
    predicate = json_format.MessageToDict(parsed.predicate)
    checker.equal("members", predicate.keys(), {"scanner", "metadata"})
    scanner = predicate["scanner"]
    checker.equal("members of the scanner", scanner.keys(), {"uri", "version", "db", "result"})
    moment(scanner["db"]["lastUpdate"])
    for time in ("scanStartedOn", "scanFinishedOn"):
        moment(predicate["metadata"][time])
    for result in scanner["result"]:
        texts = [severity[member] for severity in result["severity"] for member in ("method", "score")]
        texts += [value for annotation in result["annotations"] for value in annotation.values()]
        checker.true(f"{result['id']}: a value that is no text", all(isinstance(text, str) for text in texts))
    reported = case.with_action("block", "warn", "track")
    expected = {one["vulnerability"]["id"] for one in reported}
    checker.equal("vulnerabilities", {result["id"] for result in scanner["result"]}, expected)
    return f"{len(scanner['result'])} vulnerabilities"


def predicate(case, checker):
    document = json.loads(case.text("report.cosign-vuln.json"))
    # cosign drops every other member.
    checker.equal("members", document.keys(), {"invocation", "scanner", "metadata"})
    checker.equal("members of the scanner", document["scanner"].keys(), {"uri", "version", "db", "result"})
    for time in ("scanStartedOn", "scanFinishedOn"):
        moment(document["metadata"][time])
    result = document["scanner"]["result"]
    checker.equal("verdict", result["verdict"], case.report["verdict"]["outcome"])
    checker.equal("exit code", result["exit_code"], case.report["verdict"]["exit_code"])
    told = len(result["findings"]) + result["findings_left_out"]
    checker.equal("findings", told, len(case.findings))
    for name, number in case.report["summary"]["by_action"].items():
        checker.equal(f"findings to {name}", result["by_action"][name], number)
    return f"{len(result['findings'])} findings"


def check(case, checker):
    return f"statement: {statement(case, checker)}; predicate: {predicate(case, checker)}"


run(check)
