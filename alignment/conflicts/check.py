"""The check: rules, catalogue, engines and consequences brought together into one report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from alignment.catalogue.reading import Catalogue, open_catalogue
from alignment.conflicts.coupled.answers import CoupledAnswers, coupled_answers
from alignment.conflicts.findings import findings
from alignment.conflicts.items import Counts, ItemAnswers, item_answers
from alignment.conflicts.members import Clash, exact_row, plain, rows_of, shown_value, tidy
from alignment.conflicts.parts import allowed_parts, allowed_values
from alignment.conflicts.report import (
    Amount,
    Conflict,
    ConflictReport,
    ConstraintStatus,
    Gap,
    MemberAtWorst,
    Near,
    Part,
)
from alignment.initiative.hashing import content_hash, file_hash
from alignment.initiative.models import Constraint, Initiative, Lever
from alignment.rules.normal import Opaque
from alignment.rules.ruleset import Checked, RuleSet, Stage, columns_needed, read_rules

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Situation:
    """What a check is about: the initiative, its catalogue, its rules, the day, and what item rules answered."""

    initiative: Initiative
    catalogue: Catalogue
    rules: RuleSet
    today: date
    answers: ItemAnswers
    deadline: float | None = None

    @cached_property
    def coupled(self) -> CoupledAnswers:
        """What ladders, aggregates and linked levers answered; worked out when first asked for."""
        return coupled_answers(self.rules, self.catalogue, [c.ids for c in self.answers.clashes], self.deadline)

    def on(self, connection: DuckDBPyConnection) -> Situation:
        """The same with a connection of the caller's own; what has been worked out already comes along."""
        there = replace(self, catalogue=replace(self.catalogue, connection=connection))
        if "coupled" in vars(self):
            vars(there)["coupled"] = self.coupled
        return there

    @property
    def clashes(self) -> list[Clash]:
        """The conflicts of all families."""
        return [*self.answers.clashes, *self.coupled.clashes]

    @property
    def complete(self) -> bool:
        """Was every search brought to its end?"""
        return self.answers.complete and self.coupled.complete

    def is_opaque(self, rule: Checked) -> bool:
        """Has a rule no form that could be proof of a conflict?"""
        return isinstance(rule.form, Opaque) or rule.id in self.coupled.opaque

    def constraint(self, id: str) -> Constraint:
        return self.rules.of(id).constraint


def situation(
    initiative: Initiative,
    catalogue: Any = None,
    stage: Stage = "proposed",
    today: date | None = None,
    complete_within: float | None = None,
) -> Situation:
    """Reads the catalogue and the rules and runs the item engine.

    catalogue: a `Catalogue`, or a path or data frame to read instead of the initiative's own source.
    complete_within: seconds that searches without a natural end may take. Raises DataError or FileProblems.
    """
    deadline = None if complete_within is None else monotonic() + complete_within
    table = catalogue if isinstance(catalogue, Catalogue) else open_catalogue(initiative, catalogue)
    day = today or initiative.as_of or date.today()
    rules = read_rules(initiative, table, stage, day)
    return Situation(initiative, table, rules, day, item_answers(rules, table), deadline)


def report(case: Situation, fail_on: str = "hard") -> ConflictReport:
    """The report of a situation, without repairs and explanations (see `consequences` and `explain`)."""
    conflicts = conflicts_of(case)
    opaque = [c.id for c in case.rules.checked if case.is_opaque(c)]
    statuses = _statuses(case)
    stuck = (
        case.answers.infeasible
        if case.coupled.infeasible is None
        else case.answers.infeasible | case.coupled.infeasible
    )
    infeasible = int(stuck.sum())
    return ConflictReport(
        accord=1,
        initiative=case.initiative.slug,
        content_hash=_content_hash(case),
        items=case.catalogue.rows,
        verdict=verdict(conflicts, case, fail_on),
        complete=case.complete,
        not_checked=tuple(sorted({*opaque, *(r.id for r in _not_laid_out(case))})),
        findings=findings(case.initiative, case.today, statuses),
        constraints=statuses,
        conflicts=conflicts,
        near=_near(case),
        feasible_items=case.catalogue.rows - infeasible,
        infeasible_items=infeasible,
        corrections=(),
        corrections_complete=True,
        relaxation=None,
    )


def verdict(conflicts: Sequence[Conflict], case: Situation, fail_on: str) -> Any:
    """`conflict` with an unwaived conflict at or above the threshold, else `incomplete` or `clear`."""
    open_ = [c for c in conflicts if c.waived_until is None]
    if any(fail_on != "hard" or c.strength == "hard" for c in open_):
        return "conflict"
    return "clear" if case.complete else "incomplete"


def _not_laid_out(case: Situation) -> list[Checked]:
    """Rules with endings that repeat after too many lattice points; the items in their scope were passed over."""
    return [rule for s in case.answers.sweeps if s.not_laid_out for rule in s.line.unions]


def _content_hash(case: Situation) -> str:
    decisions = case.initiative.decisions
    path = case.initiative.folder / decisions.source if decisions else None
    digest = file_hash(path) if path is not None and path.is_file() else None
    return content_hash(case.initiative, case.catalogue.sha256, digest)


# Constraints


def _statuses(case: Situation) -> tuple[ConstraintStatus, ...]:
    alone = {c.ids[0] for c in case.clashes if len(c.ids) == 1}
    counts = {**case.answers.counts, **case.coupled.counts}
    found = [_status(rule, counts[rule.id], rule.id in alone, case) for rule in case.rules.checked]
    found += [
        ConstraintStatus(c.id, "item", "not_in_force", 0, 0, None, None, (), None) for c in case.rules.not_in_force
    ]
    return tuple(sorted(found, key=lambda s: s.id))


def _status(rule: Checked, counts: Counts, alone: bool, case: Situation) -> ConstraintStatus:
    family: Any = "opaque" if case.is_opaque(rule) else rule.rule.family
    state: Any = "active"
    if family == "opaque":
        state = "opaque"
    elif counts.in_scope == 0:
        state = "never_applies"
    elif alone:
        state = "self_contradictory"
    elif counts.never_binds:
        state = "never_binds"
    return ConstraintStatus(
        rule.id, family, state, counts.in_scope, counts.unknown, counts.violated, None,
        counts.implied_by, counts.tightness,
    )  # fmt: skip


# Conflicts


def conflicts_of(case: Situation) -> tuple[Conflict, ...]:
    """The conflicts of a situation, hard ones first, then by items and ids, without repairs and explanations."""
    clashes = sorted(case.clashes, key=lambda c: (not _hard(c, case), -c.items, c.ids))
    groups = components([c.ids for c in clashes])
    samples = [clash.worst_first() for clash in clashes]
    columns = sorted({c for clash in clashes for c in _columns_at_worst(clash, case)})
    found = iter(rows_of(case.catalogue, [keys[0] for keys in samples if len(keys)], columns))
    rows = [next(found) if len(keys) else {} for keys in samples]
    parts = zip(clashes, groups, samples, rows, strict=True)
    return tuple(_conflict(clash, group, keys, row, case) for clash, group, keys, row in parts)


def _columns_at_worst(clash: Clash, case: Situation) -> list[str]:
    """The columns that the members use, and today's value."""
    lever = case.rules.levers.get(clash.lever or "")
    today = [lever.current] if lever is not None and lever.current else []
    return [*_columns_used([case.rules.of(i) for i in clash.ids], case), *today]


def _columns_used(members: Sequence[Checked], case: Situation) -> list[str]:
    trees = [t for m in members for t in (m.rule.tree, m.rule.scope) if t is not None]
    return [c for c in columns_needed(trees) if c not in case.rules.levers]


def _hard(clash: Clash, case: Situation) -> bool:
    return all(case.constraint(i).strength == "hard" for i in clash.ids)


def components(sets: Sequence[tuple[str, ...]]) -> list[int]:
    """Number of the connected component of each set, from 1 in the order of the sets; sets meet in a member."""
    parent: dict[str, str] = {}

    def root(member: str) -> str:
        while parent.setdefault(member, member) != member:
            member = parent[member]
        return member

    for members in sets:
        for member in members[1:]:
            parent[root(member)] = root(members[0])
    numbers: dict[str, int] = {}
    return [numbers.setdefault(root(members[0]), len(numbers) + 1) for members in sets]


def _conflict(clash: Clash, group: int, keys: Any, row: Mapping[str, Any], case: Situation) -> Conflict:
    members = [case.rules.of(i) for i in clash.ids]
    known = clash.gaps[~np.isnan(clash.gaps)]
    lever = case.rules.levers.get(clash.lever or "")
    has_gap = lever is not None and lever.values is None and len(known) > 0
    worst, at_worst, today = _worst(clash, members, keys[0], row, case) if len(keys) else ({}, (), None)
    return Conflict(
        id="+".join(clash.ids),
        constraints=clash.ids,
        teams=tuple(sorted({m.constraint.team for m in members})),
        strength="hard" if all(m.hard for m in members) else "soft",
        family=clash.family,
        group=group,
        waived_until=waived_until(case.initiative, clash.ids, case.today),
        stake=_stake(clash.stake, case),
        items=clash.items,
        share=clash.items / case.catalogue.rows,
        domain=clash.by_domain,
        gap=Gap(tidy(known.max()), tidy(np.median(known)), lever.unit) if has_gap and lever else None,
        worst=worst,
        sample=tuple(shown_value(k) for k in keys),
        explanation="",
        repairs=(),
        lever=clash.lever,
        at_worst=at_worst,
        today_at_worst=today,
        in_scope_of_all=None,
        evidence=None if clash.family == "item" else case.coupled.evidence.get(clash.ids),
    )


def _stake(amount: float, case: Situation) -> Amount | None:
    if case.catalogue.value is None:
        return None
    unit = case.initiative.catalogue.value_unit if case.initiative.catalogue else None
    return Amount(tidy(amount), unit or case.initiative.currency)


def waived_until(initiative: Initiative, ids: tuple[str, ...], today: date) -> date | None:
    """Until when a conflict is waived; None where it is not, or no longer."""
    dates = [w.until for w in initiative.waivers if tuple(sorted(w.conflict)) == ids and w.until >= today]
    return max(dates, default=None)


def _worst(
    clash: Clash, members: Sequence[Checked], key: Any, row: Mapping[str, Any], case: Situation
) -> tuple[Mapping[str, Any], tuple[MemberAtWorst, ...], float | None]:
    """The worst item with the members' bounds on it, exactly; the columns that the members use; today's value."""
    lever = case.rules.levers.get(clash.lever or "")
    columns = _columns_used(members, case)
    shown: dict[str, Any] = {case.catalogue.key: shown_value(plain(key))}
    values = exact_row(row)
    if lever is None or lever.values is not None:
        at = _choices_at(members, lever, values) if lever and clash.family == "item" else ()
        return {**shown, "lower": None, "upper": None, **_context(row, columns)}, at, None
    here = values.get(lever.current) if lever.current else None
    at = tuple(MemberAtWorst(m.id, _parts_at(m, lever, values, here)) for m in members)
    plain_ = [m for m in at if len(m.parts) == 1] or list(at)
    lows = [m.parts[0].lower for m in plain_ if m.parts and m.parts[0].lower is not None]
    highs = [m.parts[-1].upper for m in plain_ if m.parts and m.parts[-1].upper is not None]
    shown["lower"] = max(lows, default=_own(lever.minimum))
    shown["upper"] = min(highs, default=_own(lever.maximum))
    return {**shown, **_context(row, columns)}, at, None if here is None else float(here)


def _parts_at(rule: Checked, lever: Lever, row: Mapping[str, Any], near: Any) -> tuple[Part, ...]:
    """What a rule allows on a row within the lever's range, or beyond it where that is nothing; off the lattice too."""
    reals = lever.model_copy(update={"step": None})
    inside = allowed_parts([rule], reals, row, near=near)
    return tuple(inside or allowed_parts([rule], lever, row, bounded=False, near=near))


def _choices_at(rules: Sequence[Checked], lever: Lever, row: Mapping[str, Any]) -> tuple[MemberAtWorst, ...]:
    """What each rule leaves of a lever's list of values on a row."""
    return tuple(MemberAtWorst(r.id, (), allowed_values([r], lever, row)) for r in rules)


def _own(bound: Any) -> float | None:
    return None if bound is None else float(bound)


def _context(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    return {c: shown_value(row[c]) for c in columns}


def _near(case: Situation) -> tuple[Near, ...]:
    found = sorted(case.answers.near, key=lambda n: (n.slack.min, n.constraints))[:20]
    columns = {n.constraints: _columns_used([case.rules.of(i) for i in n.constraints], case) for n in found}
    keys = [n.worst[case.catalogue.key] for n in found]
    rows = rows_of(case.catalogue, keys, sorted({c for used in columns.values() for c in used}))
    return tuple(_with_context(n, row, columns[n.constraints]) for n, row in zip(found, rows, strict=True))


def _with_context(near: Near, row: Mapping[str, Any], columns: Sequence[str]) -> Near:
    worst = {**{k: shown_value(v) for k, v in near.worst.items()}, **_context(row, columns)}
    return Near(near.constraints, near.slack, near.items_within_5_percent, worst)
