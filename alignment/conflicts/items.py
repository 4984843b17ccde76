"""Item rules on the whole catalogue: one sweep per lever, values of finite levers, rules about the data alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlglot import exp

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.choices import Chosen, choose
from alignment.conflicts.exactly import family, in_scope, unknown_on_interval
from alignment.conflicts.line import Line, casts_of, line_of, scope_sql
from alignment.conflicts.members import Clash, exact_row, plain, rows_of
from alignment.conflicts.minimal import minimal_hitting_sets
from alignment.conflicts.report import Near, Slack, Tightness
from alignment.conflicts.sweep import Sweep, sweep
from alignment.initiative.models import Lever
from alignment.rules.normal import Normal, Opaque
from alignment.rules.render import render, violated_sql
from alignment.rules.ruleset import Checked, Choice, RuleSet, columns_needed, scales_of

MOST_NEAR = 20


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
    casts = casts_of(catalogue)
    for name, lever in rules.levers.items():
        here = [r for r in rules.checked if isinstance(r.form, (Normal, Choice)) and r.form.lever == name]
        if here and lever.values is not None:
            _merge_choice(answers, choose(lever, here, catalogue), here)
        elif here:
            _merge_sweep(answers, _swept(lever, here, catalogue, casts), catalogue)
    for rule in rules.checked:
        if isinstance(rule.form, Normal) and rule.form.lever is None:
            _about_data(answers, rule, catalogue)
        elif isinstance(rule.form, Opaque):
            answers.counts[rule.id] = _opaque(rule, rules.levers, catalogue)
    return answers


def _swept(lever: Lever, here: list[Checked], catalogue: Catalogue, casts: Mapping[str, str]) -> Sweep:
    names = columns_needed([r.rule.tree for r in here]) + ([lever.current] if lever.current else [])
    scales = scales_of(catalogue, sorted(set(names) & set(catalogue.kinds)))
    return sweep(line_of(lever, here, casts, scales), catalogue)


# Numeric levers


def _merge_sweep(answers: ItemAnswers, found: Sweep, catalogue: Catalogue) -> None:
    line = found.line
    answers.sweeps.append(found)
    answers.complete &= found.complete
    answers.infeasible |= found.infeasible
    extra = _decide_exactly(answers, found, catalogue)
    for members, entry in sorted(found.conflicts.items()):
        ids = tuple(sorted(line.rules[m].id for m in members))
        keys = np.concatenate([np.asarray(k.to_pylist(), dtype=object) for k in entry.keys])
        more = extra.pop(ids, [])
        answers.clashes.append(
            Clash(
                ids, "item", line.lever.name, np.concatenate([keys, np.array(more, dtype=object)]),
                np.concatenate([*entry.gaps, np.zeros(len(more))]), entry.stake, entry.by_domain,
            )  # fmt: skip
        )
    for ids, keys_of in sorted(extra.items()):
        keys = np.array(keys_of, dtype=object)
        answers.clashes.append(Clash(ids, "item", line.lever.name, keys, np.zeros(len(keys)), 0.0, False))
    answers.near += _near(found, catalogue)
    for r, rule in enumerate(line.rules):
        answers.counts[rule.id] = _counts(found, r, catalogue)


def _decide_exactly(answers: ItemAnswers, found: Sweep, catalogue: Catalogue) -> dict[tuple[str, ...], list[Any]]:
    """Minimal conflicts of the items that doubles could not decide, by fractions."""
    line, extra = found.line, {}  # type: Line, dict[tuple[str, ...], list[Any]]
    if not found.unsure:
        return extra
    columns = _columns(line)
    for key, row in zip(found.unsure, rows_of(catalogue, found.unsure, columns), strict=True):
        sets, complete = minimal_hitting_sets(family(line.rules, line.lever, exact_row(row)))
        found.complete &= complete
        for bits in sets if 0 not in sets else ():
            ids = tuple(sorted(line.rules[i].id for i in range(len(line.rules)) if bits >> i & 1))
            extra.setdefault(ids, []).append(plain(key))
    return extra


def _columns(line: Line) -> list[str]:
    trees = [t for r in line.rules for t in (r.rule.tree, r.rule.scope) if t is not None]
    return [c for c in columns_needed(trees) if c != line.lever.name]


def _counts(found: Sweep, r: int, catalogue: Catalogue) -> Counts:
    line, rule = found.line, found.line.rules[r]
    counts = Counts(int(found.in_scope[r]))
    is_interval = r < len(line.intervals)
    counts.unknown = int(found.unknown[r]) if is_interval and _rays_tell(rule) else _unknown(line, rule, catalogue)
    if line.lever.current is not None:
        counts.violated = int(found.violated[r]) if is_interval else violated(rule, {line.lever.name: line.lever}, catalogue)
    if found.known[r]:
        counts.never_binds = bool(found.never_binds[r])
        counts.implied_by = tuple(sorted(line.rules[s].id for s in np.flatnonzero(found.implied[r])))
    counts.tightness = _tightness(found, r)
    return counts


def _rays_tell(rule: Checked) -> bool:
    return isinstance(rule.form, Normal) and rule.form.unknown_when is not None


def _unknown(line: Line, rule: Checked, catalogue: Catalogue) -> int:
    """Items on which a rule is NULL on an interval, looked at only where something it uses is NULL or a zero divisor."""
    trees = [rule.rule.tree] + ([rule.rule.scope] if rule.rule.scope is not None else [])
    columns = [c for c in columns_needed(trees) if c != line.lever.name]
    if not columns:
        return catalogue.rows if unknown_on_interval(rule, line.lever, {}) else 0
    missing = " or ".join(f"{quoted(c)} is null" for c in columns)
    divisors = [
        f"coalesce(({render(d.expression)}) = 0, true)"
        for d in rule.rule.tree.find_all(exp.Div)
        if not any(c.name == line.lever.name for c in d.expression.find_all(exp.Column))
    ]
    test = f"({scope_sql(rule)}) and ({' or '.join([missing, *divisors])})"
    chosen = ", ".join(quoted(c) for c in columns)
    query = f"select {chosen}, count(*) from {quoted(catalogue.table)} where {test} group by all"
    total = 0
    for *values, n in catalogue.connection.execute(query).fetchall():
        row = exact_row(dict(zip(columns, values, strict=True)))
        total += n if unknown_on_interval(rule, line.lever, row) else 0
    return total


def _tightness(found: Sweep, r: int) -> Tightness | None:
    if r >= len(found.line.intervals):
        return None
    lever, parts = found.line.lever, found.widths[r]
    if not parts or not sum(len(p) for p in parts):
        return Tightness(None, None, int(found.no_room[r]))
    width = np.concatenate(parts)
    domain = float(lever.maximum or 0) - float(lever.minimum or 0)
    share = float(width.mean() / domain) if domain > 0 else None
    return Tightness(float(np.median(width)), share, int(found.no_room[r]))


def _near(found: Sweep, catalogue: Catalogue) -> list[Near]:
    """Opposing bounds that clash on no item, tightest first."""
    line = found.line
    pairs: dict[tuple[int, int], tuple[float, int, int]] = {}
    for r, s in np.argwhere(np.isfinite(found.slack)):
        pair = (int(min(r, s)), int(max(r, s)))
        slack = float(found.slack[r, s])
        clashing = any(set(members) <= set(pair) for members in found.conflicts)
        if r != s and not clashing and slack < pairs.get(pair, (np.inf, 0, 0))[0]:
            pairs[pair] = (slack, int(r), int(s))
    tightest = sorted(pairs.items(), key=lambda p: (p[1][0], [line.rules[i].id for i in p[0]]))[:MOST_NEAR]
    return [_near_pair(found, r, s, slack, catalogue) for _, (slack, r, s) in tightest]


def _near_pair(found: Sweep, r: int, s: int, slack: float, catalogue: Catalogue) -> Near:
    line = found.line
    low = f"greatest({', '.join(e.sql for e in line.ends if e.rule == r and e.is_floor)})"
    high = f"least({', '.join(e.sql for e in line.ends if e.rule == s and not e.is_floor)})"
    key, table = quoted(catalogue.key), quoted(catalogue.table)
    query = (
        f"select quantile_cont(h - l, 0.05), arg_min(k, (h - l, k)), arg_min(l, (h - l, k)), arg_min(h, (h - l, k)) "
        f"from (select {key} as k, {low} as l, {high} as h from {table}) where isfinite(l) and isfinite(h)"
    )
    p5, worst, lower, upper = catalogue.connection.execute(query).fetchone() or (slack, None, None, None)
    ids = tuple(sorted((line.rules[r].id, line.rules[s].id)))
    return Near(
        ids, Slack(slack, float(p5), line.lever.unit), int(found.within[r, s]),
        {catalogue.key: plain(worst), "lower": lower, "upper": upper},
    )  # fmt: skip


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
    query = f"select {key}, {value}, {scope} and {false}, {scope}, {scope} and ({render(rule.rule.tree)}) is null from {table}"
    columns = list(catalogue.connection.execute(query).fetchnumpy().values())
    keys, stake, broken, scoped, unknown = (np.asarray(np.ma.filled(c, 0) if np.ma.isMaskedArray(c) else c) for c in columns)
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


def _count(catalogue: Catalogue, test: str) -> int:
    row = catalogue.connection.execute(f"select count(*) from {quoted(catalogue.table)} where {test}").fetchone()
    return int(row[0]) if row else 0


__all__ = ["Counts", "ItemAnswers", "in_scope", "item_answers", "violated"]
