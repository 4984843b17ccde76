"""Validates an initiative file with all that it names: references, catalogue, rules, objective, decision table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignment.errors import AccordError, DataError, FileProblems, Problem, RuleError
from alignment.initiative.models import Initiative
from alignment.initiative.reading import load


@dataclass(frozen=True)
class Mistake:
    """One error as the command line shows it."""

    path: str
    line: int | None
    found: str
    expected: str


@dataclass(frozen=True)
class Validity:
    """Is the file usable, and if not, everything that is wrong with it."""

    valid: bool
    errors: tuple[Mistake, ...]


def validate(path: str | Path, catalogue: Any = None, decisions: Any = None) -> Validity:
    """Reads a file and all it names; every error with its line and what would be valid. Bad input raises nothing."""
    try:
        initiative = load(path)
    except FileProblems as error:
        known = [_mistake(p) for p in error.problems]
        more = _rules_of(error.left.in_folder(Path(path).parent), catalogue) if error.left is not None else []
        return _validity([*known, *(m for m in more if m not in known)])
    return _validity(list(_mistakes(initiative, catalogue, decisions)))


def _rules_of(initiative: Initiative, catalogue: Any) -> list[Mistake]:
    """What is wrong with the catalogue and the rules of a file whose references are broken."""
    from alignment.catalogue.reading import open_catalogue
    from alignment.rules.ruleset import read_rules

    try:
        read_rules(initiative, open_catalogue(initiative, catalogue))
    except FileProblems as error:
        return [_mistake(p) for p in error.problems]
    except DataError as error:
        return [_at(initiative, "catalogue.source", error)]
    return []


def _validity(mistakes: list[Mistake]) -> Validity:
    return Validity(not mistakes, tuple(mistakes))


def _mistake(problem: Problem) -> Mistake:
    return Mistake(problem.path, problem.line, problem.found, problem.expected)


def _mistakes(initiative: Initiative, catalogue: Any, decisions: Any) -> Iterator[Mistake]:
    from alignment.catalogue.reading import open_catalogue
    from alignment.rules.ruleset import read_rules

    table = None
    if initiative.catalogue is not None or initiative.constraints:
        try:
            table = open_catalogue(initiative, catalogue)
            read_rules(initiative, table)
        except FileProblems as error:
            yield from (_mistake(p) for p in error.problems)
        except DataError as error:
            yield _at(initiative, "catalogue.source", error)
    if table is None:
        return
    yield from _backstops(initiative, table)
    yield from _objective(initiative, catalogue, decisions)


def _at(initiative: Initiative, path: str, error: AccordError) -> Mistake:
    if isinstance(error, RuleError):
        return Mistake(path, initiative.line_of(path), error.found, error.expected)
    found, _, expected = str(error).partition("; ")
    return Mistake(path, initiative.line_of(path), found, expected)


def _backstops(initiative: Initiative, table: Any) -> Iterator[Mistake]:
    from alignment.initiative.references import closest
    from alignment.rules.parse import Schema, parse_condition

    names = {
        **table.kinds,
        **{m.name: "number" for m in initiative.metrics},
        **{lv.name: "number" for lv in initiative.levers},
    }
    for i, backstop in enumerate(initiative.backstops):
        try:
            parse_condition(backstop.when, Schema(names))
        except RuleError as error:
            yield _at(initiative, f"backstops[{i}].when", error)
        if backstop.to is not None and backstop.to not in table.kinds:
            path = f"backstops[{i}].to"
            found = f"'{backstop.to}' is not a column of the catalogue"
            yield Mistake(path, initiative.line_of(path), found, closest(backstop.to, table.kinds, "columns"))


def _objective(initiative: Initiative, catalogue: Any, decisions: Any) -> Iterator[Mistake]:
    if initiative.decisions is None and initiative.objective is None:
        return
    from alignment.objective.prepare import prepare

    try:
        prepare(initiative, decisions, catalogue)
    except FileProblems as error:
        yield from (_mistake(p) for p in error.problems)
    except RuleError as error:
        yield _at(initiative, "objective.expression", error)
    except AccordError as error:
        yield _at(initiative, "decisions.source", error)
