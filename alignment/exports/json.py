"""The constraint sheet as JSON, for programs that enforce it: the rules, what a check found, and the hash of both."""

from __future__ import annotations

import json
from typing import Any

from alignment.conflicts.report import ConflictReport, as_json
from alignment.exports.sheet import backstop_rows, constraint_rows
from alignment.initiative.models import Initiative


def to_json(initiative: Initiative, report: ConflictReport | None = None, mapping: Any = None) -> bytes:
    """One document, keys in this order:

    `accord` (format 1), `initiative`, `name`, `content_hash` (null without a report), `levers` and `catalogue` as in
    the initiative file, `constraints` and `backstops` (rows of the sheet), `check` and `map` (the reports as the
    command line writes them, null where there is none).
    """
    hashed = report or mapping
    document = {
        "accord": 1,
        "initiative": initiative.slug,
        "name": initiative.title,
        "content_hash": as_json(hashed)["content_hash"] if hashed else None,
        "levers": [lever.written() for lever in initiative.levers],
        "catalogue": initiative.catalogue.written() if initiative.catalogue else None,
        "constraints": constraint_rows(initiative, report),
        "backstops": backstop_rows(initiative),
        "check": report,
        "map": mapping,
    }
    return dumped(document)


def dumped(value: Any) -> bytes:
    """A report, or plain values, as JSON text in UTF-8: stable bytes, two spaces, no NaN."""
    text = json.dumps(as_json(value), ensure_ascii=False, indent=2, allow_nan=False)
    return (text + "\n").encode("utf-8", "replace")
