"""Reads an initiative file (YAML or JSON) into an `Initiative`, or says everything that is wrong with it at once."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from alignment.errors import FileProblems, Problem
from alignment.initiative.models import Initiative
from alignment.initiative.problems import Lines, is_in, known_path, line_at, path_text, problem_of
from alignment.initiative.references import Finding, reference_problems

LARGEST_FILE = 20_000_000
MOST_NODES = 500_000
DEEPEST = 40


SCALARS = (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+)$", list("-+.0123456789")),
    ("timestamp", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9:.]+(?:Z|[-+][0-9:]+)?)?$", list("0123456789")),
)


class _Loader(yaml.CSafeLoader):
    """YAML 1.2 scalars: `on` and `yes` are text, and only plain numbers, dates, true, false and null are special."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012, as the base declares it


for _tag, _pattern, _first in SCALARS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def load(path: str | Path) -> Initiative:
    """The initiative of a file; its sources are looked for in the file's folder.

    Raises FileProblems with every error of the file, each with its line.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            found = "the file is larger than 20 MB"
            raise FileProblems([Problem("", found, "data belongs in the catalogue", file=path.name)])
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FileProblems([Problem("", "the file is not UTF-8 text", "save it as UTF-8", file=path.name)]) from None
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else "the file cannot be read"
        raise FileProblems([Problem("", reason, "check the path", file=str(path))]) from None
    return read_text(text, path.name).in_folder(path.parent)


def read_text(text: str, file: str = "initiative.yaml") -> Initiative:
    """The initiative in a text of YAML or JSON; `file` is the name that errors carry.

    Raises FileProblems with every error, each with its line.
    """
    if len(text) > LARGEST_FILE:
        raise FileProblems([Problem("", "the text is longer than 20 MB", "data belongs in the catalogue", file=file)])
    data, lines, doubled = _parse(text.removeprefix("\ufeff"), file)
    if not isinstance(data, dict):
        raise FileProblems([Problem("", "this is not an initiative file", "it starts with `accord: 1`", file=file)])
    version = data.get("accord")
    if version != 1 or isinstance(version, bool):
        raise FileProblems([_version_problem(version, "accord" in data, file, lines)])
    initiative: Initiative | None = None
    places = {path_text(at): line for at, line in lines.items()}
    try:
        initiative = Initiative.model_validate(data).read_from(file, places)
        problems = doubled + [_reference(finding, lines, file) for finding in reference_problems(initiative)]
    except ValidationError as error:
        found = [problem_of(e, data, lines, file) for e in error.errors()]
        problems = doubled + _one_a_place(found) + [_reference(f, lines, file) for f in _other_findings(data)]
    if problems or initiative is None:
        raise FileProblems(_in_order(problems), initiative)
    return initiative


def _reference(finding: Finding, lines: Lines, file: str) -> Problem:
    at, found, expected = finding
    return Problem(path_text(at), found, expected, line_at(lines, at), file)


def _one_a_place(problems: list[Problem]) -> list[Problem]:
    """The first problem of each place: a value that may be text or a number is told once."""
    return list({(p.path, p.line, p.found): p for p in reversed(problems)}.values())[::-1]


# What is wrong besides: references are checked in what is left when all that does not fit is taken out

_UNTOLD = "\0"
_TIMES = 12


def _other_findings(data: Any) -> list[Finding]:
    left = copy.deepcopy(data)
    places: dict[int, list[int]] = {}
    for time in range(_TIMES):
        try:
            initiative = Initiative.model_validate(left)
            break
        except ValidationError as error:
            for e in sorted(error.errors(), key=_last_first, reverse=True):
                _take_out(left, e, places, whole=time > 1)
    else:
        return []
    findings = reference_problems(initiative)
    return [(_place(at, left, places), *said) for at, *said in findings if _UNTOLD not in said[0]]  # type: ignore[misc]


def _last_first(error: Any) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (0, step) for step in error["loc"]]


def _take_out(data: Any, error: Mapping[str, Any], places: dict[int, list[int]], whole: bool) -> None:
    """Fills in what is missing and takes out what does not fit; `whole` takes out the entity it stands in."""
    at = known_path(error["loc"], data)
    if whole:
        at = at[:2] if len(at) > 1 and isinstance(at[1], int) else at[:1]
    if not at and error["type"] != "missing":
        data["id"] = _UNTOLD
        return
    here = data
    for step in at if error["type"] == "missing" and not whole else at[:-1]:
        here = here[step]
    if error["type"] == "missing" and not whole:
        here[error["loc"][-1]] = "positive" if error["loc"][-1] == "sign" else _UNTOLD
        return
    if isinstance(here, list):
        places.setdefault(id(here), list(range(len(here)))).pop(at[-1])  # type: ignore[arg-type]
    del here[at[-1]]


def _place(at: tuple[str | int, ...], left: Any, places: Mapping[int, list[int]]) -> tuple[str | int, ...]:
    """Where in the file an entity of what is left stands."""
    found: list[str | int] = []
    here = left
    for step in at:
        found.append(places[id(here)][step] if isinstance(step, int) and id(here) in places else step)
        here = here[step] if is_in(step, here) else None
    return tuple(found)


def _parse(text: str, file: str) -> tuple[Any, Lines, list[Problem]]:
    if text.lstrip()[:1] in ("{", "["):
        return _parse_json(text, file)
    tab = re.search(r"^ *\t", text, re.MULTILINE)
    if tab:
        line = text[: tab.start()].count("\n") + 1
        raise FileProblems([Problem("", "a tab indents this line", "YAML is indented by spaces", line, file)])
    _check_brackets(text, file)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"this is not valid YAML: {error.problem or error.context}"
        raise FileProblems([Problem("", what, "mend this line", mark.line + 1 if mark else None, file)]) from None
    except RecursionError:
        raise _too_deep(file) from None
    except (yaml.YAMLError, ValueError):
        found = "the text has characters that YAML does not allow"
        raise FileProblems([Problem("", found, "remove them", file=file)]) from None
    if node is None:
        raise FileProblems([Problem("", "the file is empty", "it starts with `accord: 1`", file=file)])
    walk = _Walk(file)
    return walk.value(node, ()), walk.lines, walk.problems


def _too_deep(file: str) -> FileProblems:
    return FileProblems([Problem("", "the file has too many or too deeply nested entries", "split it", file=file)])


def _check_brackets(text: str, file: str) -> None:
    """Refuses runs of opening brackets or dashes, on which the YAML reader would exhaust the stack."""
    if re.search(r"(?:[\[{][\s]*){60}|(?:- *){60}|(?:\? *){60}", text):
        raise _too_deep(file)


def _parse_json(text: str, file: str) -> tuple[Any, Lines, list[Problem]]:
    doubled: list[Problem] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [k for k, _ in items]
        twice = sorted({k for k in keys if keys.count(k) > 1}) if len(set(keys)) < len(keys) else []
        doubled.extend(Problem(k, f"the key `{k}` stands twice", "keep one of them", file=file) for k in twice)
        return dict(items)

    def refuse(word: str) -> None:
        raise FileProblems([Problem("", f"{word} is not a number", "write a number or null", file=file)])

    try:
        data = json.loads(text, parse_float=_decimal, parse_int=_whole, parse_constant=refuse, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        what = f"this is not valid JSON: {error.msg.lower()}"
        raise FileProblems([Problem("", what, f"mend column {error.colno}", error.lineno, file)]) from None
    except RecursionError:
        raise _too_deep(file) from None
    return _with_lines(text, data, doubled, file)


def _with_lines(text: str, data: Any, doubled: list[Problem], file: str) -> tuple[Any, Lines, list[Problem]]:
    """Lines of JSON are read as YAML and a courtesy: where YAML cannot read it there are none."""
    walk = _Walk(file)
    try:
        _check_brackets(text, file)
        walk.value(yaml.compose(text, Loader=_Loader), ())
    except FileProblems:
        raise
    except (yaml.YAMLError, ValueError, RecursionError):
        return data, {}, doubled
    return data, walk.lines, walk.problems or doubled


class _Walk:
    """Turns a YAML node tree into plain values, noting the line of each path and keys that stand twice."""

    def __init__(self, file: str) -> None:
        self.file, self.lines, self.problems, self.nodes = file, Lines(), [], 0

    lines: Lines
    problems: list[Problem]

    def value(self, node: Any, at: tuple[str | int, ...]) -> Any:
        self.nodes += 1
        if self.nodes > MOST_NODES or len(at) > DEEPEST:
            raise _too_deep(self.file)
        self.lines.setdefault(at, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*at, i)) for i, child in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, at: tuple[str | int, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in result:
                line = key_node.start_mark.line + 1
                where = path_text((*at, key))
                self.problems.append(
                    Problem(where, f"the key `{key}` stands twice", "keep one of them", line, self.file)
                )
            result[key] = self.value(value_node, (*at, key))
            self.lines[(*at, key)] = key_node.start_mark.line + 1
        return result


def _scalar(node: yaml.ScalarNode) -> Any:
    kind, text = node.tag.rsplit(":", 1)[-1], node.value
    if not any(kind == name and re.match(pattern, text) for name, pattern, _ in SCALARS):
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "timestamp":
        return _timestamp(text)
    return _whole(text) if kind == "int" else _decimal(text)


_MOST_DIGITS = 60


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _MOST_DIGITS else text


def _decimal(text: str) -> Decimal | str:
    """The number as written; one that nobody would write stays text, which is refused where a number is wanted."""
    if len(text) > 2 * _MOST_DIGITS:
        return text
    value = Decimal(text)
    return value if abs(value.adjusted()) <= _MOST_DIGITS else text


def _timestamp(text: str) -> date | datetime | str:
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return text


def _version_problem(version: Any, given: bool, file: str, lines: Lines) -> Problem:
    if isinstance(version, int) and version > 1:
        found = f"this file is of format {version}, and this Accord reads format 1"
        return Problem(
            "accord", found, "update Accord, or save the file as `accord: 1`", line_at(lines, ("accord",)), file
        )
    found = f"the format is {version!r}" if given else "`accord` is missing"
    return Problem("accord", found, "an initiative file starts with `accord: 1`", line_at(lines, ("accord",)), file)


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda p: (p.line or 0, p.path))
