"""The answers of `why` as a person reads them: every rule as an interval, what is left, and who decides each end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alignment.cli.text import wrapped
from alignment.words import listed, number

Json = Mapping[str, Any]


def why_text(answer: Json) -> str:
    """The answer of `why` as text, from values with the keys of its JSON."""
    lines = [*wrapped(f"Item {answer['item']}: {_left(answer)}."), ""]
    width = max((len(rule["constraint"]) for rule in answer["rules"]), default=0)
    lines += [line for rule in answer["rules"] for line in _rule(rule, width)]
    without = [row for row in answer["without"] if row["left"] != answer["left"]]
    if without:
        lines += ["", "With one rule off:"]
        lines += [f"  {row['constraint']:<{width}}  {allowed(row)}" for row in without]
    return "\n".join(lines) + "\n"


def allowed(row: Json, key: str = "left") -> str:
    """Intervals or values as written in mathematics: [9.99, 12.5) or 20; `nothing` where none is left."""
    parts = row.get(key)
    if parts is None:
        parts = row.get("values") or ()
    return " or ".join(_part(part) for part in parts) or "nothing"


def _part(part: Any) -> str:
    if not isinstance(part, Mapping):
        return str(part)
    lower, upper = part["lower"], part["upper"]
    if lower is not None and lower == upper:
        return number(lower)
    left = f"{'[' if part['lower_closed'] else '('}{number(lower)}" if lower is not None else "(-∞"
    right = f"{number(upper)}{']' if part['upper_closed'] else ')'}" if upper is not None else "∞)"
    return f"{left}, {right}"


def _left(answer: Json) -> str:
    if not answer["left"]:
        return "the rules leave nothing"
    ends = [
        f"the {end} end is set by {listed(answer[key])}"
        for end, key in (("lower", "lower_by"), ("upper", "upper_by"))
        if answer[key]
    ]
    return "; ".join([f"what is left is {allowed(answer)}", *ends])


def _rule(rule: Json, width: int) -> Iterator[str]:
    first = f"  {rule['constraint']:<{width}}  "
    if rule["state"] == "out_of_scope":
        yield first + "does not apply to this item"
        return
    if rule["state"] == "unknown":
        yield first + "unknown: a value that it needs is missing"
        return
    today = {True: ", today's value fits", False: ", today's value breaks it"}.get(rule["allows_today"], "")
    if rule.get("parts") is None and rule.get("values") is None:
        yield first + "cannot be written as a range of values" + today
        return
    yield from wrapped(allowed(rule, "values" if rule.get("values") is not None else "parts") + today, first)


def error_line(error: Json) -> str:
    """`constraints[3].rule (line 41): 'cots' is not a column; did you mean 'cost'?`"""
    place = f" (line {error['line']})" if error.get("line") else ""
    where = f"{error['path']}{place}" if error.get("path") else place.strip(" ()")
    said = f"{where}: {error['found']}" if where else error["found"]
    return f"{said}; {error['expected']}" if error.get("expected") else said
