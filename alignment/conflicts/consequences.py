"""Every way out of every conflict and what follows: items cleared and opened, what is at stake, who gives up what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from alignment.conflicts.alternatives import excepted, retired, softened
from alignment.conflicts.check import Situation
from alignment.conflicts.coupled.repairs import coupled_repairs
from alignment.conflicts.ends import is_bound
from alignment.conflicts.grounds import Repairs
from alignment.conflicts.joint import joint_repairs
from alignment.conflicts.limits import within_limits
from alignment.conflicts.members import Clash
from alignment.conflicts.numbers import Reader
from alignment.conflicts.repairs import Tried, bound_repairs, new_texts
from alignment.conflicts.report import Concession, Conflict, Edit, Finding, Repair
from alignment.conflicts.trials import Bench, Ids, Move, bench_of
from alignment.initiative.models import Lever
from alignment.rules.ruleset import Checked, schema_of


def with_repairs(conflicts: Sequence[Conflict], case: Situation) -> tuple[tuple[Conflict, ...], tuple[Finding, ...]]:
    """The conflicts, each with its repairs and their consequences, as a person would offer them.

    Also returns a finding where some changed bounds were left out.
    """
    reader = Reader(schema_of(case.initiative, case.catalogue.kinds), case.catalogue)
    repairs = Repairs(bench_of(case.rules, case.catalogue, reader), case.answers.clashes)
    bounds, left_out = bound_repairs(repairs)
    repairs.exact_rows([k for ids in {ids for ids, _ in bounds} for k in repairs.looked_at(repairs.by_ids[ids])])
    single = {key: _bound(tried, clash, repairs) for key, tried in bounds.items() for clash in [repairs.by_ids[key[0]]]}
    beyond = [c for c in repairs.clashes if _all_beyond_limits(c, single)]
    coupled, passed_over = coupled_repairs(case.coupled, repairs, case.deadline)
    over = {c.ids: c for c in case.coupled.clashes}
    single |= {key: _bound(tried, over[key[0]], repairs) for key, tried in coupled.items()}
    both = joint_repairs(beyond, bounds, repairs)
    joint = {ids: _bound(tried, repairs.by_ids[ids], repairs) for ids, tried in both.items()}
    repaired = tuple(replace(c, repairs=_ways_out(c, single, joint, repairs)) for c in conflicts)
    return repaired, _said(left_out | passed_over, conflicts)


def _said(left_out: set[Ids], conflicts: Sequence[Conflict]) -> tuple[Finding, ...]:
    """Says so where trying a changed bound would have taken too long."""
    if not left_out:
        return ()
    found = len(conflicts)
    said = (
        f"Changed bounds were worked out for {found - len(left_out):,} of {found:,} conflicts, hard ones on most items "
        "first; for the others settle these first, then check again."
    )
    return (Finding("repairs_left_out", "note", (), said),)


def _all_beyond_limits(clash: Clash, single: Mapping[tuple[Ids, str], Repair]) -> bool:
    found = [single[clash.ids, i] for i in clash.ids if (clash.ids, i) in single]
    return len(found) == 2 and not any(r.within_limits for r in found)


def _ways_out(
    conflict: Conflict, single: Mapping[tuple[Ids, str], Repair], joint: Mapping[Ids, Repair], repairs: Repairs
) -> tuple[Repair, ...]:
    """Changed bounds; then exceptions, softer rules and retired ones, each of the rule that counts least first."""
    ids = conflict.constraints
    members = sorted((repairs.bench.rules.of(i) for i in ids), key=_yields_first)
    found = [single[ids, m.id] for m in members if (ids, m.id) in single]
    found.sort(key=lambda r: not r.within_limits)
    found += [joint[ids]] if ids in joint else []
    found = [replace(r, items_fixed=conflict.items, stake=conflict.stake) for r in found]
    if ids in repairs.by_ids:
        scoped = [(m, excepted(m, repairs.by_ids[ids], repairs)) for m in members]
        found += [_alternative("scope", edit, conflict, m, repairs) for m, edit in scoped if edit]
    if conflict.strength == "hard":
        found += [_alternative("soften", e, conflict, m, repairs) for m in members if (e := softened(m))]
    found += [_alternative("retire", retired(m), conflict, m, repairs) for m in members]
    return tuple(replace(r, option=i) for i, r in enumerate(found, 1))


def _yields_first(rule: Checked) -> tuple[bool, int, str]:
    return rule.hard, rule.constraint.priority, rule.id


# Bounds


def _bound(tried: Tried, clash: Clash, repairs: Repairs) -> Repair:
    edits = tuple(_edit(text, id, moves, repairs.bench) for id, text, moves in new_texts(tried.moves, repairs.bench))
    return Repair(
        option=0,
        kind="bound" if len(edits) == 1 else "joint",
        changes=edits,
        items_fixed=clash.items,
        items_opened=len(tried.opened),
        opens=tried.opens,
        stake=None,
        within_limits=all(within_limits(m, clash, repairs) for m in tried.moves),
        concessions=tuple(_concession(e.constraint, tried.moves, clash, repairs) for e in edits),
    )


def _edit(text: str, id: str, moves: Sequence[Move], bench: Bench) -> Edit:
    rule = bench.rules.of(id)
    furthest = max(moves, key=lambda m: m.amount)
    lever = _own_lever(rule, bench)
    unit = lever.unit if lever is not None and furthest.number.in_lever_units else None
    return Edit(id, "rule", rule.constraint.rule, text, _figure(furthest.amount), unit)


def _own_lever(rule: Checked, bench: Bench) -> Lever | None:
    """The lever of a rule that is about one."""
    names = rule.rule.levers
    return bench.rules.levers.get(names[0]) if len(names) == 1 else None


def _figure(value: Fraction) -> float:
    return float(f"{float(value):.12g}")


def _concession(id: str, moves: Sequence[Move], clash: Clash, repairs: Repairs) -> Concession:
    """How far the rule's bound moves, in lever units, on the item of the conflict where it moves furthest; for a rule
    over several items, how far its number does.
    """
    rule = repairs.bench.rules.of(id)
    mine = [m for m in moves if m.rule == id]
    lever = _own_lever(rule, repairs.bench)
    if rule.rule.family != "item":
        furthest = max(mine, key=lambda m: m.amount)
        unit = lever.unit if lever and furthest.number.in_lever_units else None
        return Concession(rule.constraint.team, _figure(furthest.amount), unit)
    changed = repairs.bench.changed(rule, mine)
    keys = repairs.looked_at(clash) if is_bound(rule) and is_bound(changed) else []
    shifts = [_shift(repairs.interval(rule, key), repairs.interval(changed, key)) for key in keys]
    return Concession(rule.constraint.team, _figure(max(shifts, default=Fraction(0))), lever.unit if lever else None)


def _shift(was: tuple[Any, Any], now: tuple[Any, Any]) -> Fraction:
    pairs = zip(was, now, strict=True)
    return max((abs(a[0] - b[0]) for a, b in pairs if a is not None and b is not None), default=Fraction(0))


# Alternatives


def _alternative(kind: str, edit: Edit, conflict: Conflict, rule: Checked, repairs: Repairs) -> Repair:
    """Given up is the rule on the conflict's items, or what it is worth on every item in its scope."""
    items = conflict.items if kind == "scope" else repairs.in_scope(rule)
    return Repair(
        option=0,
        kind=kind,  # type: ignore[arg-type]
        changes=(edit,),
        items_fixed=conflict.items,
        items_opened=0,
        opens=(),
        stake=conflict.stake,
        within_limits=True,
        concessions=(Concession(rule.constraint.team, items, "items"),),
    )
