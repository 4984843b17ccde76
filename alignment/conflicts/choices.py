"""Levers that are one of a list of values: every rule is decided for every value, so nothing is opaque.

DuckDB groups the items by which rules forbid which values; each group is one enumeration of minimal conflicts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from sqlglot import exp

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.line import Bools, scope_sql
from alignment.conflicts.members import Clash
from alignment.conflicts.minimal import minimal_hitting_sets
from alignment.conflicts.unlisted import settled_off_the_list
from alignment.initiative.models import Lever
from alignment.rules.algebra import literal
from alignment.rules.render import render, violated_sql, zero_divisor_sql
from alignment.rules.ruleset import Checked


@dataclass
class Chosen:
    """What was found for one finite lever."""

    clashes: list[Clash]
    infeasible: Bools
    complete: bool = True
    in_scope: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    violated: dict[str, int] = field(default_factory=dict)
    never_binds: set[str] = field(default_factory=set)
    implied_by: dict[str, tuple[str, ...]] = field(default_factory=dict)


def value_tree(value: str | Decimal) -> exp.Expression:
    """A lever value as a tree."""
    return literal(Fraction(value)) if isinstance(value, Decimal) else exp.Literal.string(value)


def choose(lever: Lever, rules: Sequence[Checked], catalogue: Catalogue) -> Chosen:
    """Decides all rules over a finite lever for each of its values."""
    values = lever.values or ()
    forbids = [[violated_sql(r.rule, {lever.name: value_tree(v)}) for r in rules] for v in values]
    data = _table(lever, rules, forbids, catalogue)
    n = len(data["k"])
    none = np.zeros(n, np.int64)
    by_rule = range(len(rules))
    bits = [sum((data[f"f{v}_{r}"].astype(np.int64) << r for r in by_rule), none) for v in range(len(values))]
    chosen = Chosen([], np.zeros(n, bool))
    _enumerate(chosen, rules, data, np.column_stack(bits), lever, catalogue)
    known = np.column_stack([data[f"s{r}"].astype(bool) & ~data[f"u{r}"].astype(bool) for r in by_rule])
    for r, rule in enumerate(rules):
        chosen.in_scope[rule.id] = int(data[f"s{r}"].sum())
        chosen.unknown[rule.id] = chosen.in_scope[rule.id] - int(known[:, r].sum())
        if lever.current is not None:
            chosen.violated[rule.id] = int(data[f"t{r}"].sum())
        _imply(chosen, rules, r, np.column_stack(bits), known)
    return chosen


def _table(lever: Lever, rules: Sequence[Checked], forbids: list[list[str]], catalogue: Catalogue) -> dict[str, Any]:
    value = f"coalesce(cast({quoted(catalogue.value)} as double), 0)" if catalogue.value else "cast(0 as double)"
    columns = [f"{quoted(catalogue.key)} as k", f"{value} as v"]
    columns += [f"{sql} as f{v}_{r}" for v, row in enumerate(forbids) for r, sql in enumerate(row)]
    for r, rule in enumerate(rules):
        columns.append(f"{scope_sql(rule)} as s{r}")
        nulls = [_null_sql(rule, {lever.name: value_tree(v)}) for v in lever.values or ()]
        columns.append(f"({' or '.join(nulls)}) as u{r}")
        if lever.current is not None:
            today = exp.column(lever.current, quoted=True)
            known = f"{quoted(lever.current)} is not null"
            columns.append(f"({known} and {violated_sql(rule.rule, {lever.name: today})}) as t{r}")
    query = f"select {', '.join(columns)} from {quoted(catalogue.table)}"
    found = catalogue.connection.execute(query).fetchnumpy()
    return {k: np.asarray(np.ma.filled(c, 0) if np.ma.isMaskedArray(c) else c) for k, c in found.items()}


def _null_sql(rule: Checked, put: dict[str, exp.Expression]) -> str:
    """SQL that is TRUE where a rule is NULL at a value, but not because that value makes a divisor zero."""
    null = f"({render(rule.rule.tree, put)}) is null"
    zero = zero_divisor_sql(rule.rule, put)
    return null if zero == "false" else f"({null} and not {zero})"


def _enumerate(
    chosen: Chosen, rules: Sequence[Checked], data: dict[str, Any], bits: Any, lever: Lever, catalogue: Catalogue
) -> None:
    stuck = np.flatnonzero((bits != 0).all(axis=1))
    if not len(stuck):
        return
    unique, which = np.unique(np.sort(bits[stuck], axis=1), axis=0, return_inverse=True)
    hard = sum(1 << r for r, rule in enumerate(rules) if rule.hard)
    rows: dict[int, list[Any]] = {}
    for g, family in enumerate(unique):
        here = stuck[which.reshape(-1) == g]
        sets, complete = minimal_hitting_sets(int(m) for m in family)
        chosen.complete &= complete
        for members in sets:
            rows.setdefault(members, []).append(here)
        if any(members & ~hard == 0 for members in sets):
            chosen.infeasible[here] = True
    for members, parts in sorted(rows.items()):
        items = np.sort(np.concatenate(parts))
        taking_part = [rule for r, rule in enumerate(rules) if members >> r & 1]
        ids = tuple(sorted(rule.id for rule in taking_part))
        keys, stake = np.asarray(data["k"][items], dtype=object), float(data["v"][items].sum())
        by_list = settled_off_the_list(lever, taking_part, items, catalogue)
        chosen.clashes.append(Clash(ids, "item", lever.name, keys, np.full(len(items), np.nan), stake, by_list))


def _imply(chosen: Chosen, rules: Sequence[Checked], r: int, bits: Any, known: Bools) -> None:
    """Rules that are known, and forbid all the values that r forbids, on every item where r is; none if it forbids
    none."""
    here = known[:, r]
    if not here.any():
        return
    bits, others = bits[here], known[here]
    mine = (bits >> r) & 1 == 1
    inside = np.column_stack([
        others[:, s] & ((bits >> s & 1 == 1) | ~mine).all(axis=1) & (s != r) & rules[s].hard for s in range(len(rules))
    ])  # fmt: skip
    if mine.any():
        chosen.implied_by[rules[r].id] = tuple(sorted(rules[int(s)].id for s in np.flatnonzero(inside.all(axis=0))))
    if (inside.any(axis=1) | ~mine.any(axis=1)).all():
        chosen.never_binds.add(rules[r].id)
