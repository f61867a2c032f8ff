"""The Markdown by a CommonMark reader: it fits into a comment and holds no markup but its own."""

import re

from markdown_it import MarkdownIt

from support import run

# What the program itself writes.
HTML = re.compile(r"</?(details|summary|span|br)>|<!-- crosscheck:[^<>]* -->")


def tokens(parsed):
    for token in parsed:
        yield token
        yield from tokens(token.children or [])


def check(case, checker):
    text = case.text("report.md")
    checker.true("is too long for a comment", len(text.encode("utf-16-le")) // 2 < 65_536)
    checker.true("has no marker in its first line", re.match(r"<!-- crosscheck:\S.* -->\n", text))
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    rows = 0
    for token in tokens(reader.parse(text)):
        checker.true(f"a {token.type} at {token.map}", token.type not in ("link_open", "image"))
        if token.type in ("html_block", "html_inline"):
            rest = HTML.sub("", token.content)
            checker.true(f"HTML: {rest!r}", "<" not in rest)
        if token.type == "text":
            # GitHub makes links of them wherever they stand.
            checker.true(f"a mention: {token.content!r}", not re.search(r"(^|\W)@\w", token.content))
            checker.true(f"an address: {token.content!r}", "://" not in token.content)
        rows += token.type == "tr_open"
    outcome = case.report["verdict"]["outcome"]
    word = {"pass": "PASS", "block": "BLOCKED", "insufficient": "INSUFFICIENT"}[outcome]
    heading = text.splitlines()[1]
    checker.true(f"the verdict is not first: {heading!r}", heading.startswith(f"## {word}: "))
    for finding in case.with_action("block"):
        checker.true(f"{finding['key']} is missing", finding["vulnerability"]["id"] in text)
    for scanner in case.report["scanners"]:
        if scanner["status"] == "failed":
            checker.true(f"{scanner['id']}: not said to have failed", f"{scanner['title']} gave no" in text)
    return f"{len(text)} characters, {rows} rows, no markup from outside"


run(check)
