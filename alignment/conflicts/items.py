"""Item rules on the whole catalogue: one sweep per lever, values of finite levers, rules about the data alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlglot import exp

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.choices import Chosen, choose
from alignment.conflicts.exactly import in_scope
from alignment.conflicts.freely import decide_freely
from alignment.conflicts.line import Line, casts_of, line_of, scope_sql
from alignment.conflicts.members import Clash, Directory, Keys, tidy, worst_places
from alignment.conflicts.nearness import Pair, tightest
from alignment.conflicts.report import Near, Slack, Tightness
from alignment.conflicts.sweep import Sweep, rooms_again, sweep
from alignment.conflicts.unsure import decide_unsure
from alignment.initiative.models import Lever
from alignment.rules.normal import Normal, Opaque
from alignment.rules.render import render, violated_sql
from alignment.rules.ruleset import Checked, Choice, RuleSet, columns_needed, scales_of


@dataclass
class Counts:
    """What one rule does on the catalogue."""

    in_scope: int = 0
    unknown: int = 0
    violated: int | None = None
    never_binds: bool = False
    implied_by: tuple[str, ...] = ()
    tightness: Tightness | None = None


@dataclass
class ItemAnswers:
    """Everything the item engine found: conflicts, counts by rule, near pairs, items without a value by hard rules."""

    clashes: list[Clash]
    counts: dict[str, Counts]
    near: list[Near]
    infeasible: np.ndarray[Any, np.dtype[np.bool_]]
    complete: bool
    sweeps: list[Sweep]


def item_answers(rules: RuleSet, catalogue: Catalogue) -> ItemAnswers:
    """Checks all item rules that have a normal form; opaque rules are counted against today's values only."""
    answers = ItemAnswers([], {}, [], np.zeros(catalogue.rows, bool), True, [])
    casts, directory = casts_of(catalogue), Directory(catalogue)
    for name, lever in rules.levers.items():
        here = [r for r in rules.checked if isinstance(r.form, (Normal, Choice)) and r.form.lever == name]
        if here and lever.values is not None:
            _merge_choice(answers, choose(lever, here, catalogue), here)
        elif here:
            _merge_sweep(answers, _swept(lever, here, catalogue, casts), catalogue, directory)
    for rule in rules.checked:
        if isinstance(rule.form, Normal) and rule.form.lever is None:
            _about_data(answers, rule, catalogue)
        elif isinstance(rule.form, Opaque):
            answers.counts[rule.id] = _opaque(rule, rules.levers, catalogue)
    return answers


def _swept(lever: Lever, here: list[Checked], catalogue: Catalogue, casts: Mapping[str, str]) -> Sweep:
    return sweep(lever_line(lever, here, catalogue, casts), catalogue)


def lever_line(lever: Lever, rules: Sequence[Checked], catalogue: Catalogue, casts: Mapping[str, str]) -> Line:
    """The line of a numeric lever's rules on a catalogue."""
    names = columns_needed([r.rule.tree for r in rules]) + ([lever.current] if lever.current else [])
    return line_of(lever, rules, casts, scales_of(catalogue, sorted(set(names) & set(catalogue.kinds))))


# Numeric levers


def clashes_of(found: Sweep, directory: Directory) -> list[Clash]:
    """The conflicts of a pass, in the order of their rules."""
    line = found.line
    return [
        Clash(
            tuple(sorted(line.rules[m].id for m in members)), "item", line.lever.name,
            Keys(directory, np.concatenate(entry.rows)), np.concatenate(entry.gaps), entry.stake, entry.by_domain,
        )
        for members, entry in sorted(found.conflicts.items())
    ]  # fmt: skip


def _merge_sweep(answers: ItemAnswers, found: Sweep, catalogue: Catalogue, directory: Directory) -> None:
    line = found.line
    decide_unsure(found, catalogue)
    decide_freely(found, catalogue)
    found.directory = directory
    answers.sweeps.append(found)
    answers.complete &= found.complete
    answers.infeasible |= found.infeasible
    answers.clashes += clashes_of(found, directory)
    answers.near += _near(found, catalogue, directory)
    _finish_rooms(found, catalogue)
    broken = violated_by_rule(found, catalogue)
    for r, rule in enumerate(line.rules):
        answers.counts[rule.id] = _counts(found, r, broken)


def violated_by_rule(found: Sweep, catalogue: Catalogue, only: int | None = None) -> list[int | None]:
    """By rule, items whose value today breaks it: as counted in arrays, and by one query what was left to it."""
    line, lever = found.line, found.line.lever
    if lever.current is None:
        return [None] * len(line.rules)
    today, tests = quoted(lever.current), {}
    ends = [f"{today} < {lever.minimum}"] if lever.minimum is not None else []
    ends += [f"{today} > {lever.maximum}"] if lever.maximum is not None else []
    for r, rule in enumerate(line.rules):
        if only is not None and r != only:
            continue
        broken = (
            f"{today} is not null and {violated_sql(rule.rule, {lever.name: exp.column(lever.current, quoted=True)})}"
        )
        if found.in_sql[r] or r >= len(line.intervals) or (r in found.leaning and ends and found.strays):
            tests[r] = broken
    outside = {r: test for r, test in tests.items() if not (found.in_sql[r] or r >= len(line.intervals))}
    inside = {r: test for r, test in tests.items() if r not in outside}
    counted = dict(zip(inside, _count_each(catalogue, list(inside.values())), strict=True))
    counted |= dict(zip(outside, _count_each(catalogue, list(outside.values()), " or ".join(ends)), strict=True))
    whole = [r for r in counted if found.in_sql[r] or r >= len(line.intervals)]
    return [counted.get(r, 0) + (0 if r in whole else int(found.violated[r])) for r in range(len(line.rules))]


def _counts(found: Sweep, r: int, broken: Sequence[int | None]) -> Counts:
    line = found.line
    counts = Counts(int(found.in_scope[r]))
    counts.unknown, counts.violated = int(found.unknown[r]), broken[r]
    implied = found.implied
    if implied.known[r]:
        counts.never_binds = bool(implied.never_binds[r])
        if not implied.by_domain[r]:
            counts.implied_by = tuple(sorted(line.rules[s].id for s in np.flatnonzero(implied.by[r])))
    counts.tightness = _tightness(found, r)
    return counts


def _finish_rooms(found: Sweep, catalogue: Catalogue) -> None:
    """Asks once more for medians that the first part of the catalogue misled about."""
    for room in found.rooms:
        for width in room.apart:
            room.median.take(width)
    while missed := {r: room.median.again() for r, room in enumerate(found.rooms) if room.median.is_missed}:
        rooms_again(found, missed, catalogue)


def _tightness(found: Sweep, r: int) -> Tightness:
    lever, room = found.line.lever, found.rooms[r]
    median, unit = room.median.value(), found.line.grid or 1
    if median is None:
        return Tightness(None, None, room.cramped)
    domain = float(lever.maximum or 0) - float(lever.minimum or 0)
    share = room.total / unit / room.median.count / domain if domain > 0 else None
    return Tightness(tidy(median / unit), None if share is None else tidy(share), room.cramped)


def _near(found: Sweep, catalogue: Catalogue, directory: Directory) -> list[Near]:
    """Opposing bounds that clash on no item, tightest first."""
    line = found.line
    return [_near_pair(line, pair, directory) for pair in tightest(line, found.distances, found.possible(), catalogue)]


def _near_pair(line: Line, pair: Pair, directory: Directory) -> Near:
    ids = tuple(sorted((line.rules[pair.floor].id, line.rules[pair.ceiling].id)))
    rows = np.concatenate(pair.rows)
    at = worst_places(Keys(directory, rows), np.zeros(len(rows)))[0]
    lower, upper = (tidy(np.concatenate([ends[side] for ends in pair.ends])[at]) for side in (0, 1))
    p5 = pair.p5.value()
    assert p5 is not None
    worst = {directory.name: directory.key(rows[at]), "lower": lower, "upper": upper}
    return Near(ids, Slack(tidy(pair.slack), tidy(p5), line.lever.unit), pair.within, worst)


# Finite levers, the data alone, and opaque rules


def _merge_choice(answers: ItemAnswers, found: Chosen, here: list[Checked]) -> None:
    answers.clashes += found.clashes
    answers.infeasible |= found.infeasible
    answers.complete &= found.complete
    for rule in here:
        answers.counts[rule.id] = Counts(
            found.in_scope[rule.id], found.unknown[rule.id], found.violated.get(rule.id),
            rule.id in found.never_binds, found.implied_by.get(rule.id, ()),
        )  # fmt: skip


def _about_data(answers: ItemAnswers, rule: Checked, catalogue: Catalogue) -> None:
    """A rule without a lever: where it is false it is a conflict of one."""
    key, table, scope = quoted(catalogue.key), quoted(catalogue.table), scope_sql(rule)
    false = f"coalesce(not ({render(rule.rule.tree)}), false)"
    value = f"coalesce(cast({quoted(catalogue.value)} as double), 0)" if catalogue.value else "0"
    null = f"({render(rule.rule.tree)}) is null"
    query = f"select {key}, {value}, {scope} and {false}, {scope}, {scope} and {null} from {table}"
    columns = list(catalogue.connection.execute(query).fetchnumpy().values())
    keys, stake, broken, scoped, unknown = (
        np.asarray(np.ma.filled(c, 0) if np.ma.isMaskedArray(c) else c) for c in columns
    )
    broken, scoped = broken.astype(bool), scoped.astype(bool)
    answers.counts[rule.id] = Counts(
        int(scoped.sum()), int(unknown.astype(bool).sum()), int(broken.sum()), never_binds=False
    )
    if broken.any():
        chosen = np.asarray(keys[broken], dtype=object)
        gaps = np.full(len(chosen), np.nan)
        answers.clashes.append(Clash((rule.id,), "item", None, chosen, gaps, float(stake[broken].sum()), False))
        if rule.hard:
            answers.infeasible |= broken


def _opaque(rule: Checked, levers: Mapping[str, Lever], catalogue: Catalogue) -> Counts:
    scoped = _count(catalogue, scope_sql(rule))
    today = {name: levers[name] for name in rule.rule.levers}
    if any(lever.current is None for lever in today.values()):
        return Counts(scoped)
    put = {name: exp.column(lever.current or "", quoted=True) for name, lever in today.items()}
    known = " and ".join(f"{quoted(lever.current or '')} is not null" for lever in today.values()) or "true"
    unknown = _count(catalogue, f"{scope_sql(rule)} and {known} and ({render(rule.rule.tree, put)}) is null")
    return Counts(scoped, unknown, violated(rule, today, catalogue))


def violated(rule: Checked, levers: Mapping[str, Lever], catalogue: Catalogue) -> int:
    """Items in scope whose current lever values are known and break the rule."""
    put = {name: exp.column(lever.current or "", quoted=True) for name, lever in levers.items()}
    known = " and ".join(f"{quoted(lever.current or '')} is not null" for lever in levers.values()) or "true"
    return _count(catalogue, f"{known} and {violated_sql(rule.rule, put)}")


def _count_each(catalogue: Catalogue, tests: Sequence[str], among: str = "true") -> list[int]:
    """How many items, of those that one condition holds for, meet each other one, in one query."""
    if not tests:
        return []
    counts = ", ".join(f"count(*) filter (where {test})" for test in tests)
    row = (
        catalogue.connection.cursor()
        .execute(f"select {counts} from {quoted(catalogue.table)} where {among}")
        .fetchone()
    )
    return [int(n) for n in row or ()]


def _count(catalogue: Catalogue, test: str) -> int:
    row = catalogue.connection.execute(f"select count(*) from {quoted(catalogue.table)} where {test}").fetchone()
    return int(row[0]) if row else 0


__all__ = ["Counts", "ItemAnswers", "in_scope", "item_answers", "violated"]
