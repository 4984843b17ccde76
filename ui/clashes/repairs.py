"""Repairs in words, and what taking one writes: the rules edited and the decision with its reason, in one go."""

from collections.abc import Sequence
from datetime import date

from alignment.conflicts.report import Concession, Conflict, Edit, Repair
from alignment.initiative.models import Decision, Initiative, Waiver
from alignment.store import Add
from alignment.store import Edit as Write
from alignment.store.values import Entry
from ui.rules.naming import named
from ui.session import Here
from ui.teams import Team
from ui.words import amount, count, counted, in_words, listed, md
from ui.workshop import workshop

LONGEST = 60
MOST_NAMED = 2
ITEMS = "items"
_STRENGTH = {"soft": "a should", "hard": "a must"}


def label(repair: Repair) -> str:
    """What the repair changes, short: Max change 0.10 → 0.22."""
    left_out = sum(round(c.amount) for c in repair.concessions if c.unit == ITEMS)
    if repair.kind == "scope" and left_out:
        rules = listed(dict.fromkeys(named(edit.constraint) for edit in repair.changes))
        return f"Leave {counted(left_out, 'item')} out of {rules}"
    return ", ".join(_change(edit) for edit in repair.changes)


def _change(edit: Edit) -> str:
    name = named(edit.constraint)
    if edit.field == "status":
        return f"Retire {name}"
    if edit.field == "strength":
        return f"Make {name} {_STRENGTH.get(edit.to or '', edit.to)}"
    if edit.field == "where":
        return f"{name} only where {edit.to}" if edit.to else f"{name} everywhere"
    before, after = difference(edit.from_ or "", edit.to or "")
    return f"{name}: {before} → {after}" if before else f"{name}: {edit.to}"


def difference(before: str, after: str) -> tuple[str, str]:
    """The words in which two texts differ, without what they begin and end with alike; whole texts if much differs."""
    a, b = before.split(), after.split()
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    old, new = " ".join(a[start : len(a) - end]), " ".join(b[start : len(b) - end])
    return ("", after) if not old or len(old) + len(new) > LONGEST else (old, new)


def caption(repair: Repair, teams: dict[str, Team]) -> str:
    """Who gives up how much, and whether that is more than its team called sensible."""
    said = gives_up(repair, teams)
    if not repair.within_limits:
        said += "; outside the range that was called sensible"
    return said


def gives_up(repair: Repair, teams: dict[str, Team]) -> str:
    """Operations gives up $1,180, Brand $310."""
    if not repair.concessions:
        return "Nobody gives up anything measurable"
    given: dict[str, list[Concession]] = {}
    for concession in repair.concessions:
        given.setdefault(concession.team, []).append(concession)
    return "; ".join(_concession(parts, repair, teams[team].name) for team, parts in given.items())


def _concession(parts: Sequence[Concession], repair: Repair, team: str) -> str:
    given, kind = parts[0], repair.kind
    if given.unit != ITEMS and not any(part.amount for part in parts):
        return f"{team} lets in values that its rule forbids now"
    if given.unit != ITEMS:
        return f"{team} gives up {listed(amount(round(part.amount, 2), part.unit) for part in parts)}"
    items = counted(round(given.amount), "item")
    if kind == "soften":
        return f"{team} lets it yield where it must, on up to {items}"
    return f"{team} gives up the rule on {items if kind == 'scope' else f'all its {items}'}"


def effect(repair: Repair, conflict: Conflict) -> str:
    """What it clears, leaves and opens, for the line over the bar."""
    left = conflict.items - repair.items_fixed
    clears = (
        f"**Clears all {count(conflict.items)} items**"
        if left <= 0
        else (f"**Clears {count(repair.items_fixed)} of {count(conflict.items)} items**, leaves {count(left)}")
    )
    if conflict.items == 1 and left <= 0:
        clears = "**Clears the item**"
    if not repair.items_opened and not repair.opens:
        return f"{clears}, opens none."
    return f"{clears}, opens {counted(repair.items_opened, 'other', 'others')}{md(_new_conflicts(repair.opens))}."


def _new_conflicts(ids: Sequence[str]) -> str:
    """How many conflicts a repair opens, and the rules of the first of them."""
    if not ids:
        return ""
    shown = [listed(named(i) for i in id.split("+")) for id in ids[:MOST_NAMED]]
    if len(ids) > MOST_NAMED:
        shown.append(f"and {in_words(len(ids) - MOST_NAMED, 'more', 'more')}")
    return f", in {in_words(len(ids), 'new conflict')}: {'; '.join(shown)}"


def owners(repair: Repair, initiative: Initiative) -> list[str]:
    """Teams whose rules the repair changes."""
    return list(dict.fromkeys(initiative.constraint(edit.constraint).team for edit in repair.changes))


def take(repair: Repair, conflict: Conflict, here: Here, reason: str) -> tuple[Entry, ...]:
    """Edits the rules and writes the decision down, all or nothing. Raises Stale, NotAllowed or Refused."""
    versions = workshop().versions(here.id, "constraints")
    changed = {}
    for edit in repair.changes:
        constraint = changed.get(edit.constraint) or here.initiative.constraint(edit.constraint)
        changed[edit.constraint] = constraint.model_copy(update={edit.field: edit.to})
    writes = [Write("constraints", id, record, versions[id]) for id, record in changed.items()]
    return _apply([*writes, _decision(conflict, here, label(repair), reason)], here)


def waive(conflict: Conflict, here: Here, reason: str, until: date) -> tuple[Entry, ...]:
    """Accepts the contradiction until a date, with its reason, and writes that down."""
    waiver = Waiver(conflict=conflict.constraints, because=reason, by=here.member.name, until=until)
    said = f"Waived until {until:%Y-%m-%d}"
    return _apply([Add("waivers", waiver), _decision(conflict, here, said, reason)], here)


def _apply(writes: Sequence[Write | Add], here: Here) -> tuple[Entry, ...]:
    return workshop().apply(here.id, writes, here.actor)


def _decision(conflict: Conflict, here: Here, outcome: str, reason: str) -> Add:
    decision = Decision(
        date=here.initiative.as_of or date.today(), about=conflict.constraints, outcome=outcome[:500],
        by=(here.member.name,), because=reason or None,
    )  # fmt: skip
    return Add("decisions_log", decision)


def proposal(repair: Repair, conflict: Conflict, reason: str) -> str:
    """The comment by which somebody who does not own the rules asks for the repair."""
    others = [named(id) for id in conflict.constraints]
    why = f" Because: {reason}" if reason else ""
    return f"Proposed to settle {listed(others)}: {label(repair)}.{why}"
