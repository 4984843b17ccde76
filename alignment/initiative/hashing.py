"""The content hash: one fingerprint of all that carries meaning, over which teams sign."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from alignment.initiative.models import Initiative, Record

_SILENT = {"summary", "stances", "signatures", "changes", "decisions_log", "readiness"}
_REASONS = {"because"}


def content_hash(initiative: Initiative, catalogue: str | None = None, decisions: str | None = None) -> str:
    """`sha256:` and the digest of the canonical JSON of what carries meaning.

    Left out are summary, reasons, stances, signatures, logs and readiness. `catalogue` and `decisions` are the hashes
    of those files, None where there is none. The order of records and of keys does not matter, nor how a number is
    written.
    """
    meaning = {
        name: _canonical(getattr(initiative, name), top=True)
        for name in type(initiative).model_fields
        if name not in _SILENT
    }
    meaning["id"], meaning["name"] = initiative.slug, initiative.title
    text = json.dumps(
        {"initiative": meaning, "catalogue": catalogue, "decisions": decisions},
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _canonical(value: Any, top: bool = False) -> Any:
    if isinstance(value, Record):
        return {name: _canonical(getattr(value, name)) for name in type(value).model_fields if name not in _REASONS}
    if isinstance(value, (list, tuple)):
        items = [_canonical(v) for v in value]
        unordered = top or any(isinstance(v, Record) for v in value)
        return sorted(items, key=lambda v: json.dumps(v, sort_keys=True)) if unordered else items
    if isinstance(value, Decimal):
        return {"number": format(value.normalize() + 0, "f")}
    if isinstance(value, date):
        return value.isoformat()
    return value
