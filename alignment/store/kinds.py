"""The kinds of entities in a workshop: which model each has, how its ids are made, and how they form an initiative."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, Literal

from pydantic import ValidationError

from alignment.errors import UsageError
from alignment.initiative import models
from alignment.initiative.models import Initiative, Name, Record
from alignment.initiative.references import closest, reference_problems
from alignment.store.errors import Refused


class Head(Record):
    """What the file says before its lists; `keys` is the author's order of all keys of the file."""

    accord: Literal[1] = 1
    id: Name | None = None
    name: Name | None = None
    summary: str | None = None
    currency: str | None = None
    as_of: date | None = None
    teams: tuple[Name, ...] = models.DEFAULT_TEAMS
    keys: tuple[str, ...] = ()


class Stage(Record):
    """Where the workshop stands; `alone` hides others' entries until the reveal. No part of the initiative file."""

    stage: Literal["frame", "record", "resolve", "sign"] = "frame"
    alone: bool = False


LISTS: dict[str, type[Record]] = {
    "levers": models.Lever,
    "metrics": models.Metric,
    "links": models.Link,
    "goals": models.Goal,
    "constraints": models.Constraint,
    "backstops": models.Backstop,
    "points": models.Points,
    "stances": models.Stance,
    "waivers": models.Waiver,
    "changes": models.Change,
    "definitions": models.Definition,
    "readiness": models.Readiness,
    "evidence": models.EvidenceItem,
    "decisions_log": models.Decision,
    "signatures": models.Signature,
}
SINGLES: dict[str, type[Record]] = {
    "head": Head,
    "catalogue": models.CatalogueSource,
    "objective": models.Objective,
    "decisions": models.Decisions,
    "stage": Stage,
}
KINDS: dict[str, type[Record]] = {**LISTS, **SINGLES}
OUTSIDE_FILE = frozenset({"stage"})

_IDENTITY = {"levers": "name", "metrics": "name", "goals": "id", "constraints": "id", "backstops": "id"}
_NATURAL = {
    "links": ("from_", "to"),
    "points": ("participant", "team", "goal"),
    "stances": ("on", "team", "by"),
    "waivers": ("conflict", "by"),
    "changes": ("date", "team", "what"),
    "definitions": ("metric", "version"),
    "readiness": ("participant", "team", "area", "statement"),
    "evidence": ("claim",),
    "decisions_log": ("date", "outcome"),
    "signatures": ("team", "name"),
}
_HEAD_FIELDS = tuple(name for name in Head.model_fields if name != "keys")


def model_of(kind: str) -> type[Record]:
    """The model of a kind; UsageError where there is no such kind."""
    if kind not in KINDS:
        raise UsageError(f"'{kind}' is not a kind of record; {closest(kind, KINDS, 'kinds')}")
    return KINDS[kind]


def own_id(kind: str, record: Record) -> str | None:
    """The id that a record carries itself, None where its kind has none."""
    return getattr(record, _IDENTITY[kind]) if kind in _IDENTITY else kind if kind in SINGLES else None


def new_id(kind: str, record: Record, taken: Collection[str]) -> str:
    """The id of a new record: its own, else one made from what it says, with -2, -3 … where that is taken."""
    own = own_id(kind, record)
    if own is not None:
        return own
    said = [str(part) for name in _NATURAL[kind] for part in _parts(getattr(record, name))]
    return unique(_slug("-".join(said)) or kind, taken)


def subject(kind: str, record: Record) -> tuple[Any, ...]:
    """Who speaks about what: two records of a kind with the same subject say the same thing again."""
    own = own_id(kind, record)
    return (own,) if own is not None else tuple(getattr(record, name) for name in _NATURAL[kind])


def unique(id: str, taken: Collection[str]) -> str:
    """The id itself, else with the first of -2, -3 … that is free."""
    number, free = 2, id
    while free in taken:
        free, number = f"{id}-{number}", number + 1
    return free


def _parts(value: Any) -> Iterable[Any]:
    return value if isinstance(value, tuple) else (value,)


def _slug(text: str) -> str:
    words = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFC", text).lower()).strip("-")
    return words[:80].strip("-")


def take_apart(initiative: Initiative) -> dict[str, list[tuple[str, Record]]]:
    """(id, record) of every entity of an initiative, by kind, in the author's order."""
    written = initiative.written()
    head = {name: getattr(initiative, name) for name in written if name in _HEAD_FIELDS}
    parts: dict[str, list[tuple[str, Record]]] = {}
    parts["head"] = [("head", Head.model_validate({**head, "keys": tuple(written)}))]
    for kind in LISTS:
        parts[kind] = _with_ids(kind, getattr(initiative, kind))
    for kind in ("catalogue", "objective", "decisions"):
        single = getattr(initiative, kind)
        parts[kind] = [(kind, single)] if single is not None else []
    return parts


def _with_ids(kind: str, records: Iterable[Record]) -> list[tuple[str, Record]]:
    taken: set[str] = set()
    result: list[tuple[str, Record]] = []
    for record in records:
        id = new_id(kind, record, taken)
        taken.add(id)
        result.append((id, record))
    return result


def put_together(parts: Mapping[str, list[tuple[str, Record]]]) -> Initiative:
    """The initiative of the entities given; the exact opposite of `take_apart`.

    Raises Refused with one sentence per broken reference, doubled id or missing value.
    """
    head = parts["head"][0][1]
    assert isinstance(head, Head)
    written = head.written()
    data: dict[str, Any] = {}
    for key in dict.fromkeys((*head.keys, *Initiative.model_fields)):
        if key in _HEAD_FIELDS:
            if key in written:
                data[key] = written[key]
            continue
        records = [record for _, record in parts.get(key, ())]
        if records or key in head.keys:
            data[key] = records if key in LISTS else records[0] if records else None
    try:
        initiative = Initiative.model_validate({"accord": 1, **data} if "accord" not in data else data)
    except ValidationError as error:
        said = [_sentence(e["loc"], str(e.get("ctx", {}).get("error", e["msg"])), "", parts) for e in error.errors()]
        raise Refused("\n".join(said)) from None
    problems = reference_problems(initiative)
    if problems:
        raise Refused("\n".join(_sentence(at, found, hint, parts) for at, found, hint in problems))
    return initiative


_ONE = {"levers": "lever", "metrics": "metric", "goals": "goal", "constraints": "constraint", "backstops": "backstop"}


def naming(kind: str, id: str) -> str:
    """A record as people call it: `constraint 'floor-over-cost'`, `the objective`."""
    if kind in SINGLES:
        return "the initiative's head" if kind == "head" else f"the {kind}"
    return f"{_ONE.get(kind, kind)} '{id}'"


def _sentence(at: tuple[str | int, ...], found: str, hint: str, parts: Mapping[str, list[tuple[str, Record]]]) -> str:
    if not at:
        return found
    kind, *rest = at
    if kind in parts and rest and isinstance(rest[0], int):
        where = naming(str(kind), parts[str(kind)][rest[0]][0])
        rest = rest[1:]
    else:
        where = str(kind)
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest).removeprefix(".")
    said = f"{where}, {path}: {found}" if path else f"{where}: {found}"
    return f"{said}; {hint}" if hint else said
