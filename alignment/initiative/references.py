"""Checks that what an initiative names exists in it, that ids are unique, and that sources stay in its folder."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator

from alignment.initiative.models import Initiative

Finding = tuple[tuple[str | int, ...], str, str]

_KEYED = {"levers": "name", "metrics": "name", "goals": "id", "constraints": "id", "backstops": "id"}


def reference_problems(initiative: Initiative) -> list[Finding]:
    """(path, what was found, what would be valid) of each broken reference, doubled id and refused source."""
    checks = (_doubled, _teams, _metrics, _points_and_stances, _sources)
    return [finding for check in checks for finding in check(initiative)]


def closest(word: str, words: Iterable[str], what: str) -> str:
    """A hint to a name that does not exist: the nearest of `words`, else the list of them."""
    known = list(words)
    close = difflib.get_close_matches(word, known, 1)
    if close:
        return f"did you mean '{close[0]}'?"
    if not known:
        return f"there are no {what} yet"
    listed = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"{what} are {listed}"


def _doubled(initiative: Initiative) -> Iterator[Finding]:
    for section, key in _KEYED.items():
        values = [getattr(entity, key) for entity in getattr(initiative, section)]
        counts = Counter(values)
        for i, value in enumerate(values):
            if counts[value] > 1 and value in values[:i]:
                yield (section, i, key), f"'{value}' stands twice among the {section}", "give each its own"
    for i, team in enumerate(initiative.teams):
        if team in initiative.teams[:i]:
            yield ("teams", i), f"'{team}' stands twice among the teams", "keep one"
    taken = {c.id for c in initiative.constraints}
    for i, backstop in enumerate(initiative.backstops):
        if backstop.id in taken:
            yield ("backstops", i, "id"), f"'{backstop.id}' is also a constraint", "give it an id of its own"
    for i, goal in enumerate(initiative.goals):
        if goal.id in taken or goal.id in {b.id for b in initiative.backstops}:
            yield ("goals", i, "id"), f"'{goal.id}' is also a constraint or backstop", "give it an id of its own"


def _teams(initiative: Initiative) -> Iterator[Finding]:
    for section in ("goals", "constraints", "backstops", "points", "stances", "changes", "readiness", "signatures"):
        for i, entity in enumerate(getattr(initiative, section)):
            if entity.team not in initiative.teams:
                hint = closest(entity.team, initiative.teams, "teams")
                yield (section, i, "team"), f"'{entity.team}' is not a team", hint


def _metrics(initiative: Initiative) -> Iterator[Finding]:
    names = [m.name for m in initiative.metrics]
    ends = names + [lever.name for lever in initiative.levers]
    asked: list[tuple[tuple[str | int, ...], str, list[str]]] = []
    asked += [(("goals", i, "metric"), g.metric, names) for i, g in enumerate(initiative.goals)]
    asked += [(("links", i, "from"), link.from_, ends) for i, link in enumerate(initiative.links)]
    asked += [(("links", i, "to"), link.to, ends) for i, link in enumerate(initiative.links)]
    asked += [(("definitions", i, "metric"), d.metric, names) for i, d in enumerate(initiative.definitions)]
    for i, constraint in enumerate(initiative.constraints):
        asked += [(("constraints", i, "guards", k), guard, names) for k, guard in enumerate(constraint.guards)]
    for i, change in enumerate(initiative.changes):
        asked += [(("changes", i, "metrics", k), metric, names) for k, metric in enumerate(change.metrics)]
    if initiative.objective and initiative.objective.terms:
        asked += [
            (("objective", "terms", i, "metric"), t.metric, names) for i, t in enumerate(initiative.objective.terms)
        ]
    for at, name, known in asked:
        if name not in known:
            yield at, f"'{name}' is not a metric", closest(name, known, "metrics")


def _points_and_stances(initiative: Initiative) -> Iterator[Finding]:
    goals = [g.id for g in initiative.goals]
    constraints = [c.id for c in initiative.constraints]
    records = goals + constraints + [b.id for b in initiative.backstops]
    for i, point in enumerate(initiative.points):
        if point.goal not in goals:
            yield ("points", i, "goal"), f"'{point.goal}' is not a goal", closest(point.goal, goals, "goals")
    for i, stance in enumerate(initiative.stances):
        if stance.on not in records:
            yield ("stances", i, "on"), f"'{stance.on}' is not recorded", closest(stance.on, records, "records")
    for i, waiver in enumerate(initiative.waivers):
        for k, id in enumerate(waiver.conflict):
            if id not in constraints:
                yield (
                    ("waivers", i, "conflict", k),
                    f"'{id}' is not a constraint",
                    closest(id, constraints, "constraints"),
                )


def _sources(initiative: Initiative) -> Iterator[Finding]:
    for section in ("catalogue", "decisions"):
        entity = getattr(initiative, section)
        if entity is not None and not is_inside(entity.source):
            found = f"'{entity.source}' leads out of the folder of this file"
            yield (section, "source"), found, f"write a relative path, or name the file with --{section}"


def is_inside(source: str) -> bool:
    """Is a source a relative path that stays in its folder: no absolute path, no URL, no way out by `..`?"""
    parts = source.replace("\\", "/").split("/")
    absolute = source.startswith(("/", "\\", "~")) or ":" in source
    return not absolute and ".." not in parts and "\0" not in source
