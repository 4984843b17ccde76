"""Records as JSON text and back, losing nothing: key order, digits of decimals, dates, texts that look like dates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from alignment.errors import UsageError
from alignment.initiative.writing import plain_number

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TEXT = "text"  # {"text": "2026-03-01"} is a text that looks like a date; a bare "2026-03-01" is a date


def to_body(value: Mapping[str, Any]) -> str:
    """JSON text of plain values; decimals are written digit for digit, dates as ISO text.

    Raises UsageError for text that is not valid Unicode.
    """
    body = _json(value)
    try:
        body.encode()
    except UnicodeEncodeError:
        raise UsageError("the text has characters that are not valid Unicode; type them again") from None
    return body


def from_body(body: str) -> dict[str, Any]:
    """The plain values of a JSON text written by `to_body`."""
    values: dict[str, Any] = _plain(json.loads(body, parse_float=Decimal))
    return values


def _json(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(str(k))}: {_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_json(v) for v in value) + "]"
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, (date, datetime)):
        return _quoted(value.isoformat())
    if isinstance(value, str):
        return f'{{"{_TEXT}": "{value}"}}' if _as_date(value) else _quoted(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if list(value) == [_TEXT] and isinstance(value[_TEXT], str) and _as_date(value[_TEXT]):
            return value[_TEXT]
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, str):
        return _as_date(value) or value
    return value


def _as_date(text: str) -> date | None:
    if len(text) != 10 or not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
