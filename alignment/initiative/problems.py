"""Says what does not fit in an initiative file: where, what was found and what would be valid."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from alignment.errors import Problem
from alignment.initiative.models import Initiative

Lines = dict[tuple[str | int, ...], int]

_REQUIRED_HINT = {"rule": "write the rule as one SQL condition, such as price >= cost * 1.08"}


def problem_of(error: Mapping[str, Any], data: Any, lines: Lines, file: str) -> Problem:
    """What pydantic says about a place in the file, as a sentence for its author."""
    at = known_path(error["loc"], data)
    kind, value, context = error["type"], error.get("input"), error.get("ctx") or {}
    line = line_at(lines, at)
    if kind == "missing":
        key = str(error["loc"][-1])
        return Problem(path_text(at), f"`{key}` is missing", _REQUIRED_HINT.get(key, "add it"), line, file)
    if kind == "extra_forbidden":
        return Problem(path_text(at), f"`{at[-1]}` is not a key here", _near(str(at[-1]), _keys_at(at)), line, file)
    if kind == "literal_error":
        return Problem(
            path_text(at),
            f"{_shown(value)} is not one of the words allowed",
            f"write {context['expected']}",
            line,
            file,
        )
    if kind == "value_error":
        found, _, expected = str(context["error"]).partition("; ")
        return Problem(path_text(at), found, expected, line, file)
    wanted = _WANTED.get(kind) or error["msg"][0].lower() + error["msg"][1:]
    for name, limit in context.items():
        wanted = wanted.replace("{" + name + "}", str(limit))
    return Problem(path_text(at), f"{_shown(value)} does not fit", wanted, line, file)


_WANTED = {
    "string_type": "write text, in quotes if it looks like a number",
    "string_too_short": "it must not be empty",
    "string_too_long": "write at most {max_length} characters",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "decimal_parsing": "write a number",
    "decimal_type": "write a number",
    "finite_number": "write a finite number",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "date_from_datetime_parsing": "write a date as 2026-03-01",
    "date_parsing": "write a date as 2026-03-01",
    "date_type": "write a date as 2026-03-01",
    "datetime_from_date_parsing": "write a time as 2026-03-01T14:10:00",
    "datetime_type": "write a time as 2026-03-01T14:10:00",
    "tuple_type": "write a list",
    "list_type": "write a list",
    "model_type": "write an entry of keys and values",
    "model_attributes_type": "write an entry of keys and values",
    "greater_than": "write a number above {gt}",
    "greater_than_equal": "write a number of at least {ge}",
    "less_than_equal": "write a number of at most {le}",
}


def known_path(loc: Iterable[str | int], data: Any) -> tuple[str | int, ...]:
    """The part of a pydantic location that exists in the data, plus a last key that was asked for or refused."""
    at: list[str | int] = []
    here = data
    for step in loc:
        if is_in(step, here):
            at.append(step)
            here = here[step]
    return tuple(at)


def _keys_at(at: tuple[str | int, ...]) -> list[str]:
    schema = Initiative.model_json_schema(by_alias=True)
    here: Any = schema
    for step in at[:-1]:
        here = _resolved(here, schema)
        here = here.get("items", {}) if isinstance(step, int) else here.get("properties", {}).get(step, {})
    return list(_resolved(here, schema).get("properties", {}))


def _resolved(here: Any, schema: Any) -> Any:
    for choice in here.get("anyOf", []):
        if "$ref" in choice or choice.get("type") == "array":
            here = choice
            break
    return schema["$defs"][here["$ref"].rsplit("/", 1)[-1]] if "$ref" in here else here


def _near(word: str, words: list[str]) -> str:
    close = difflib.get_close_matches(word, words, 1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"keys here are {', '.join(words)}" if words else "remove it"


def _shown(value: Any) -> str:
    text = f"'{value}'" if isinstance(value, str) else "nothing" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def line_at(lines: Lines, at: tuple[str | int, ...]) -> int | None:
    """The line of a path, or of the nearest entity round it whose line is known."""
    for end in range(len(at), 0, -1):
        if at[:end] in lines:
            return lines[at[:end]]
    return lines.get(())


def path_text(at: Iterable[str | int]) -> str:
    """A path as people write it: `constraints[3].rule`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at)
    return text.removeprefix(".")


def is_in(step: str | int, here: Any) -> bool:
    """Is a step of a path a key of this mapping, or a place in this list?"""
    if isinstance(here, dict):
        return step in here
    return isinstance(here, list) and isinstance(step, int) and step < len(here)
