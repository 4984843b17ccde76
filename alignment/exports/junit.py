"""Results as JUnit XML, which test viewers of continuous integration read: one case per result."""

from __future__ import annotations

import xml.etree.ElementTree as xml
from collections.abc import Sequence

from alignment.exports.cells import xml_text
from alignment.exports.results import Result


def to_junit(results: Sequence[Result], suite: str, initiative: str) -> bytes:
    """A JUnit document: what counts fails, what was accepted or lies below the threshold is skipped with its reason."""
    failures = sum(result.counts for result in results)
    numbers = {
        "tests": str(len(results)),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(len(results) - failures),
    }
    root = xml.Element("testsuites", {"name": "Accord", **numbers})
    cases = xml.SubElement(root, "testsuite", {"name": xml_text(f"{initiative} {suite}"), **numbers})
    for result in results:
        names = {"classname": xml_text(f"{initiative}.{result.rule}"), "name": xml_text(result.name), "time": "0"}
        case = xml.SubElement(cases, "testcase", names)
        if result.counts:
            failure = xml.SubElement(case, "failure", {"type": result.level, "message": xml_text(result.message)})
            failure.text = xml_text(f"{result.message}\n{result.fingerprint}")
        else:
            reason = result.accepted or f"{result.level}, below the threshold"
            xml.SubElement(case, "skipped", {"message": xml_text(f"{reason}: {result.message}")})
    xml.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="utf-8") + b"\n"
