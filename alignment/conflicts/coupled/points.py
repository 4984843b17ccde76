"""Rows of ladders and of linked levers: each pair of neighbours, or each item, is one linear inequality per demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from sqlglot import exp

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.coupled.demands import Demand, demands_of, divisors_of
from alignment.conflicts.coupled.forms import Form, Quotient, name_of
from alignment.conflicts.coupled.rows import Drafts, ExactRows
from alignment.conflicts.line import Bools, Floats, scope_sql
from alignment.conflicts.positions import Ints
from alignment.initiative.models import Lever
from alignment.rules.algebra import NotNormal, Value, tree_of
from alignment.rules.exact import evaluate
from alignment.rules.parse import Rule
from alignment.rules.render import render, violated_sql
from alignment.rules.ruleset import Checked, bind_aggregates

SIDES = ("lower", "upper")


@dataclass(frozen=True)
class PointForm:
    """A pair rule or a rule that links levers, as demands over the levers of one row."""

    checked: Checked
    rule: Rule
    demands: tuple[Demand, ...]
    divisors: tuple[tuple[tuple[exp.Expression, ...], Form], ...]

    @property
    def is_pair(self) -> bool:
        return self.checked.constraint.pairs is not None


def read_points(checked: Checked, levers: Mapping[str, Lever], catalogue: Catalogue) -> PointForm:
    """The demands of a pair or linking rule. Raises NotNormal with what stands in the way."""
    words = [n for n in checked.rule.levers if any(isinstance(v, str) for v in levers[n].values or ())]
    if words:
        raise NotNormal(f"it compares the words of '{words[0]}'")
    rule = bind_aggregates(checked.rule, catalogue)
    found = demands_of(rule.tree, lambda c: c.name in levers)
    return PointForm(checked, rule, tuple(found), tuple(divisors_of(found)))


@dataclass(frozen=True)
class Places:
    """Where the rows of a rule stand: keys and item numbers per side, what stands for a column, and the rest of the
    query.
    """

    sides: tuple[str, ...]
    put: Mapping[str, str]
    source: str
    group: str

    def today(self, levers: Mapping[str, Lever]) -> Mapping[str, str] | None:
        """Columns with today's values in place of the levers; None where some lever has none."""
        if any(lever.current is None for lever in levers.values()):
            return None
        return {
            _named(side, name): self.put[_named(side, lever.current or "")]
            for side in self.sides
            for name, lever in levers.items()
        }


def _named(side: str, name: str) -> str:
    return f"{side}.{name}" if side else name


def places(form: PointForm, catalogue: Catalogue) -> Places:
    """The query over the pairs of a ladder, or over the items in scope of a linking rule."""
    table, scope = quoted(catalogue.table), scope_sql(form.checked)
    pairs = form.checked.constraint.pairs
    if pairs is None:
        put = {c: f"t.{quoted(c)}" for c in catalogue.kinds}
        return Places(("",), put, f"(select * from {table} where {scope}) as t", "''")
    within = [quoted(c) for c in pairs.within]
    known = " and ".join(f"{c} is not null" for c in [*within, quoted(pairs.order)])
    over = f"partition by {', '.join(within)} order by" if within else "order by"
    ranked = (
        f"select *, dense_rank() over ({over} {quoted(pairs.order)}) as _rank from {table} where {scope} and {known}"
    )
    same = "".join(f" and lower.{c} = upper.{c}" for c in within)
    source = f"({ranked}) as lower join ({ranked}) as upper on upper._rank = lower._rank + 1{same}"
    put = {f"{s}.{c}": f"{s}.{quoted(c)}" for s in SIDES for c in catalogue.kinds}
    group = f"concat_ws(', ', {', '.join(f'lower.{c}' for c in within)})" if within else "''"
    return Places(SIDES, put, source, group)


@dataclass
class Told:
    """What a rule does on the catalogue as far as rows tell: items by number."""

    unknown: set[int]
    violated: set[int] | None


@dataclass(frozen=True)
class PointSource:
    """Exact coefficients of rows of one demand, by the keys of their items."""

    exactly: ExactRows
    sides: tuple[str, ...]
    keys: tuple[list[Any], ...]
    form: Form
    signs: Ints
    slots: Mapping[str, Ints]
    columns: tuple[str, ...]

    def excess(self, k: int, values: Mapping[int, Fraction]) -> Fraction | None:
        found = self.exactly.of([keys[k] for keys in self.keys], self.columns)
        row = {_named(s, c): v for s, r in zip(self.sides, found, strict=True) for c, v in r.items()}
        total = evaluate(self.form.constant, row)
        for name, factor in self.form.terms:
            a = evaluate(factor, row)
            if a is None or total is None:
                return None
            total += a * values[int(self.slots[name][k])]
        return None if total is None else Fraction(int(self.signs[k]) * total)


def add_points(
    form: PointForm,
    number: int,
    drafts: Drafts,
    levers: Mapping[str, Lever],
    catalogue: Catalogue,
    index: Mapping[Any, int],
) -> Told:
    """Adds the rows of a rule. index: item number of each key. Raises NotNormal where a divisor has no known sign."""
    where = places(form, catalogue)
    order = list(levers)
    kept = [(d.givens, d.quotient, d.operator, False) for d in form.demands]
    kept += [(g, Quotient(f), "<>", True) for g, f in form.divisors]
    parts = [_selected(givens, quotient, where) for givens, quotient, *_ in kept]
    keys = [f"{s + '.' if s else 't.'}{quoted(catalogue.key)}" for s in where.sides]
    columns = [*keys, where.group, *today_columns(form, where, levers), *(c for p in parts for c in p)]
    found = catalogue.connection.execute(
        f"select {', '.join(columns)} from {where.source} order by {', '.join(keys)}"
    ).fetchall()
    table = list(zip(*found, strict=True)) if found else [() for _ in columns]
    sides = {s: np.array([index[k] for k in table[i]], np.int64) for i, s in enumerate(where.sides)}
    told = Told(_left_out(form, catalogue, index), None)
    start = len(where.sides) + 1
    if len(today_columns(form, where, levers)):
        broken = np.array(table[start], bool)
        told.violated = {int(i) for side in sides.values() for i in side[broken]}
        start += 1
    new: list[tuple[Any, ...]] = []
    for (_, quotient, operator, divides), part in zip(kept, parts, strict=True):
        block = [np.array(c, dtype=float) for c in table[start : start + len(part)]]
        start += len(part)
        new.append((quotient, operator, divides, block))
    for quotient, operator, divides, block in new:
        _add_demand(
            form,
            number,
            drafts,
            levers,
            order,
            catalogue,
            where,
            sides,
            table,
            quotient,
            operator,
            divides,
            block,
            told,
        )
    return told


def _left_out(form: PointForm, catalogue: Catalogue, index: Mapping[Any, int]) -> set[int]:
    """Items in scope of a ladder that have no place in it, by number."""
    pairs = form.checked.constraint.pairs
    if pairs is None:
        return set()
    missing = " or ".join(f"{quoted(c)} is null" for c in (*pairs.within, pairs.order))
    scope = scope_sql(form.checked)
    query = f"select {quoted(catalogue.key)} from {quoted(catalogue.table)} where {scope} and ({missing})"
    return {index[key] for (key,) in catalogue.connection.execute(query).fetchall()}


def today_columns(form: PointForm, where: Places, levers: Mapping[str, Lever]) -> list[str]:
    """SQL of whether today's values break the rule on a row; none where some lever has no value today."""
    put = where.today({n: levers[n] for n in form.rule.levers})
    if put is None:
        return []
    known = " and ".join(f"{sql} is not null" for sql in sorted(set(put.values()))) or "true"
    return [f"({known} and {violated_sql(replace(form.rule, scope=None), {**where.put, **put})})"]


def _selected(givens: Sequence[exp.Expression], quotient: Quotient | None, where: Places) -> list[str]:
    """SQL of whether a demand applies, and of the numbers of its top and bottom."""
    tests = " and ".join(f"({render(g, where.put)})" for g in givens) or "true"
    columns = [f"cast(coalesce({tests}, false) as double)"]
    if quotient is not None:
        for form in (quotient.top, quotient.bottom):
            columns += [_number(v, where.put) for _, v in form.terms] + [_number(form.constant, where.put)]
    return columns


def _number(value: Value, put: Mapping[str, str]) -> str:
    return f"cast({render(tree_of(value), put)} as double)"


def _add_demand(
    form: PointForm,
    number: int,
    drafts: Drafts,
    levers: Mapping[str, Lever],
    order: list[str],
    catalogue: Catalogue,
    where: Places,
    sides: Mapping[str, Ints],
    table: list[Any],
    quotient: Quotient | None,
    operator: Any,
    divides: bool,
    block: list[Floats],
    told: Told,
) -> None:
    applies = block[0] > 0 if len(block[0]) else np.zeros(0, bool)
    groups = table[len(where.sides)]
    if quotient is None:
        rows = np.flatnonzero(applies)
        source = PointSource(
            drafts.exactly, where.sides, (), Form((), Fraction(1)), np.ones(len(table[0]), np.int64), {}, ()
        )
        empty = np.zeros(0, np.int64)
        touched = np.concatenate([side[rows] for side in sides.values()]) if len(rows) else empty
        entry_row = np.tile(np.arange(len(rows)), len(sides)) if len(rows) else empty
        drafts.add(
            number,
            np.full(len(rows), -1.0),
            False,
            [str(groups[i]) for i in rows],
            source,
            [int(i) for i in rows],
            entry_row,
            touched,
            np.zeros(len(touched)),
        )
        return
    top = quotient.top
    n_top = len(top.terms) + 1
    tops, bottoms = block[1 : 1 + n_top], block[1 + n_top :]
    known = applies & ~np.isnan(np.array([*tops, *bottoms])).any(axis=0) if len(applies) else applies
    missing = applies & ~known
    told.unknown |= {int(i) for side in sides.values() for i in side[missing]}
    sign, may_be_zero = _signs(top, tops, known, levers) if divides else _signs(quotient.bottom, bottoms, known, levers)
    if divides:
        known &= may_be_zero
    flip = sign * (1 if operator in ("<", "<=") else -1)
    rows = np.flatnonzero(known)
    slots = {
        name: sides[name.rpartition(".")[0]] + drafts.items * order.index(name.rpartition(".")[2])
        for name, _ in top.terms
    }
    trees = [v for v in (*(f for _, f in top.terms), top.constant) if isinstance(v, exp.Expression)]
    columns = tuple(sorted({c.name for tree in trees for c in tree.find_all(exp.Column)}))
    source = PointSource(drafts.exactly, where.sides, tuple(table[: len(where.sides)]), top, flip, slots, columns)
    drafts.add(
        number,
        (-flip * tops[-1])[rows],
        operator not in ("<=", ">="),
        [str(groups[i]) for i in rows],
        source,
        [int(i) for i in rows],
        np.concatenate([np.arange(len(rows))] * len(top.terms)) if top.terms else np.zeros(0, np.int64),
        np.concatenate([slots[n][rows] for n, _ in top.terms]) if top.terms else np.zeros(0, np.int64),
        np.concatenate([(flip * tops[i])[rows] for i in range(len(top.terms))]) if top.terms else np.zeros(0),
    )


def _signs(bottom: Form, numbers: list[Floats], known: Bools, levers: Mapping[str, Lever]) -> tuple[Ints, Bools]:
    """1 or -1 per row for a divisor over the levers' domains, and whether it may be zero there. Raises NotNormal."""
    low = high = numbers[-1]
    for (name, _), factor in zip(bottom.terms, numbers[:-1], strict=True):
        lever = levers[name.rpartition(".")[2]]
        ends = [
            -np.inf if lever.minimum is None else float(lever.minimum),
            np.inf if lever.maximum is None else float(lever.maximum),
        ]
        if lever.values is not None:
            ends = [float(min(lever.values)), float(max(lever.values))]
        with np.errstate(invalid="ignore"):
            products = np.nan_to_num(np.array([factor * e for e in ends]), nan=0.0, posinf=np.inf, neginf=-np.inf)
        low, high = low + products.min(axis=0), high + products.max(axis=0)
    positive, negative = low >= 0, high <= 0
    if (known & ~positive & ~negative).any():
        raise NotNormal("the sign of what it divides by does not follow from the lever's range")
    return np.where(positive, 1, -1), (low <= 0) & (high >= 0)


__all__ = ["PointForm", "Told", "add_points", "name_of", "places", "read_points", "today_columns"]
