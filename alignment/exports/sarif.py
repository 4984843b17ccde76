"""Results as SARIF 2.1.0, the format of code-scanning viewers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from alignment.exports.results import Result

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def to_sarif(
    results: Sequence[Result],
    file: str,
    rules: Mapping[str, str],
    content_hash: str | None = None,
) -> bytes:
    """A SARIF log of one run.

    file: path of the initiative as it was given; rules: what each kind of result is.
    Fingerprints are stable across runs, accepted results carry a suppression.
    """
    kinds = sorted({result.rule for result in results})
    uri = quote(file.replace("\\", "/"))
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "Accord", "rules": [_rule(kind, rules.get(kind)) for kind in kinds]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(r, kinds, uri) for r in results],
    }
    if content_hash:
        run["properties"] = {"contentHash": content_hash}
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return (json.dumps(log, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode("utf-8", "replace")


def _rule(kind: str, text: str | None) -> dict[str, Any]:
    words = kind.replace("_", " ").replace("-", " ")
    name = "".join(word.capitalize() for word in words.split())
    return {"id": kind, "name": name, "shortDescription": {"text": text or words[0].upper() + words[1:]}}


def _result(result: Result, kinds: Sequence[str], uri: str) -> dict[str, Any]:
    lines = result.lines or (1,)
    shown: dict[str, Any] = {
        "ruleId": result.rule,
        "ruleIndex": kinds.index(result.rule),
        "level": result.level,
        "message": {"text": result.message},
        "locations": [_location(uri, lines[0])],
        "partialFingerprints": {"accord/v1": result.fingerprint},
        "properties": {"name": result.name, **dict(result.facts)},
    }
    if lines[1:]:
        shown["relatedLocations"] = [_location(uri, line) | {"id": k} for k, line in enumerate(lines[1:], 1)]
    if result.accepted:
        shown["suppressions"] = [{"kind": "external", "status": "accepted", "justification": result.accepted}]
    return shown


def _location(uri: str, line: int) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}
