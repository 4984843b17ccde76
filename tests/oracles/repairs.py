"""What a change of the rules does, found by editing the file and checking everything again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alignment.conflicts.check import Situation, situation
from alignment.conflicts.report import Conflict, Repair
from alignment.initiative.models import Initiative
from alignment.initiative.reading import read_text
from alignment.initiative.writing import to_yaml

Sets = dict[tuple[str, ...], set[Any]]


@dataclass(frozen=True)
class Effect:
    """Items that the conflict is no longer on, items newly in some conflict, and ids of conflicts that are new."""

    fixed: int
    opened: int
    opens: tuple[str, ...]


def edited(initiative: Initiative, repair: Repair) -> Initiative:
    """The repair made as a person would: the file written, its fields changed, and the file read again."""
    fields: dict[str, dict[str, Any]] = {}
    for edit in repair.changes:
        fields.setdefault(edit.constraint, {})[edit.field] = edit.to
    constraints = tuple(
        type(c).model_validate({**c.model_dump(by_alias=True), **fields.get(c.id, {})}) for c in initiative.constraints
    )
    return read_text(to_yaml(initiative.model_copy(update={"constraints": constraints})))


def sets_of(case: Situation) -> Sets:
    """Items of every conflict, by their keys."""
    return {c.ids: {str(k) for k in c.keys} for c in case.answers.clashes}


def effect(conflict: Conflict, repair: Repair, case: Situation) -> Effect:
    """What the repair does to its conflict and to all others. A hard conflict that has become soft is off its items."""
    before = sets_of(case)
    again = situation(edited(case.initiative, repair), case.catalogue, today=case.today)
    after = sets_of(again)
    ids = conflict.constraints
    left = after.get(ids, set())
    if repair.kind == "soften" and any(again.constraint(i).strength == "soft" for i in ids):
        left = set()
    opened = {key for i, keys in after.items() for key in keys - before.get(i, set())}
    return Effect(len(before[ids] - left), len(opened), tuple(sorted("+".join(i) for i in after if i not in before)))


def effect_on_all(conflict: Conflict, repair: Repair, case: Situation) -> Effect:
    """What the repair of a coupled conflict does to it and to all others, those of item rules too."""
    again = situation(edited(case.initiative, repair), case.catalogue, today=case.today)
    before, after = _all_sets(case), _all_sets(again)
    left = after.get(conflict.constraints, set())
    opened = {key for i, keys in after.items() for key in keys - before.get(i, set())}
    fixed = conflict.items if conflict.constraints not in after else len(before[conflict.constraints] - left)
    return Effect(fixed, len(opened), tuple(sorted("+".join(i) for i in after if i not in before)))


def _all_sets(case: Situation) -> Sets:
    return {c.ids: {str(k) for k in c.keys} for c in case.clashes}
