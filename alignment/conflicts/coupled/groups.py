"""Rows of aggregate rules: one per demand and group of items, with what each item adds to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from sqlglot import exp

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.coupled.aggregates import AggregateForm, Given
from alignment.conflicts.coupled.amounts import Amounts, amounts, known_sql
from alignment.conflicts.coupled.demands import Demand
from alignment.conflicts.coupled.forms import Form, Givens
from alignment.conflicts.coupled.rows import Drafts
from alignment.conflicts.coupled.sources import GroupSource
from alignment.conflicts.coupled.strips import Strip
from alignment.conflicts.line import Bools, Floats, scope_sql
from alignment.conflicts.positions import Ints
from alignment.initiative.models import Lever
from alignment.rules.algebra import NotNormal
from alignment.rules.exact import evaluate
from alignment.rules.formula import Formula
from alignment.rules.render import render
from alignment.rules.ruleset import Checked

JOINT = ", "


@dataclass(frozen=True)
class Grouped:
    """The items of an aggregate rule by group: which are in scope, which are known, the group of each (-1: none)."""

    scoped: Bools
    known: Bools
    group: Ints
    labels: tuple[str, ...]


def grouped(checked: Checked, known: str, catalogue: Catalogue) -> Grouped:
    """The items of a rule by group. known: SQL that is TRUE where no term of the rule is NULL."""
    per = checked.constraint.per
    label = f"concat_ws('{JOINT}', {', '.join(f'cast({quoted(c)} as varchar)' for c in per)})" if per else "''"
    present = " and ".join(f"{quoted(c)} is not null" for c in per) or "true"
    query = (
        f"select {scope_sql(checked)}, coalesce({known}, false) and {present}, {label} from {quoted(catalogue.table)}"
    )
    found = catalogue.connection.execute(query).fetchnumpy()
    scoped, known_, labels = (np.asarray(np.ma.filled(c, 0) if np.ma.isMaskedArray(c) else c) for c in found.values())
    inside = scoped.astype(bool) & known_.astype(bool)
    if not per:
        return Grouped(scoped.astype(bool), inside, np.where(inside, 0, -1), ("",))
    group = np.full(len(labels), -1)
    names, which = (
        np.unique(labels[inside].astype(object), return_inverse=True) if inside.any() else (np.array([]), group[:0])
    )
    group[inside] = which
    return Grouped(scoped.astype(bool), inside, group, tuple(str(n) for n in names))


def constants(form: AggregateForm, where: Grouped, known: str, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Per group the exact value of each aggregate over columns alone; None where it is NULL."""
    rows: list[dict[str, Any]] = [{} for _ in where.labels]
    per = form.checked.constraint.per
    label = f"concat_ws('{JOINT}', {', '.join(f'cast({quoted(c)} as varchar)' for c in per)})" if per else "''"
    present = " and ".join(f"{quoted(c)} is not null" for c in per) or "true"
    test = f"{scope_sql(form.checked)} and coalesce({known}, false) and {present}"
    for given in form.givens:
        query = f"select {label}, {_as_text(given)} from {quoted(catalogue.table)} where {test} group by 1"
        found = dict(catalogue.connection.execute(query).fetchall())
        for row, name in zip(rows, where.labels, strict=True):
            missing = "0" if isinstance(_inner(given.node), exp.Count) else None
            text = found.get(name, missing)
            row[given.name] = None if text is None else _exact_text(text)
    return rows


def _inner(node: exp.Expression) -> exp.Expression:
    return node.this if isinstance(node, exp.Filter) else node


def _as_text(given: Given) -> str:
    where = f" filter (where {render(given.condition)})" if given.condition is not None else ""
    inner = _inner(given.node)
    if isinstance(inner, exp.Avg):  # exact, where DuckDB's own average is a double
        top, n = f"sum({render(inner.this)}){where}", f"count({render(inner.this)}){where}"
        return f"cast({top} as varchar) || '/' || cast({n} as varchar)"
    body = "count(*)" if isinstance(inner, exp.Count) and given.argument is None else render(inner)
    return f"cast({body}{where} as varchar)"


def _exact_text(text: str) -> Any:
    top, _, bottom = text.partition("/")
    try:
        return Fraction(Decimal(top)) / Fraction(Decimal(bottom or "1"))
    except (ArithmeticError, ValueError):
        return text


# Rows


def add_groups(
    form: AggregateForm,
    number: int,
    drafts: Drafts,
    strips: Mapping[str, Strip],
    slot_of: Mapping[str, int],
    conditions: Mapping[str, Sequence[Formula]],
    levers: Mapping[str, Lever],
    catalogue: Catalogue,
    keys: Sequence[Any],
) -> Builder:
    """Adds the rows of an aggregate rule; what they were built from is returned. Raises NotNormal."""
    known = known_sql(form)
    where = grouped(form.checked, known, catalogue)
    given = constants(form, where, known, catalogue)
    parts = {u.name: amounts(u, strips, conditions, catalogue) for u in form.unknowns}
    builder = Builder(form, number, drafts, strips, slot_of, levers, catalogue, keys, where, given, parts)
    builder.build()
    return builder


@dataclass
class Builder:
    """An aggregate rule with its groups and amounts, which stay as they are while the rule's bounds change."""

    form: AggregateForm
    number: int
    drafts: Drafts
    strips: Mapping[str, Strip]
    slot_of: Mapping[str, int]
    levers: Mapping[str, Lever]
    catalogue: Catalogue
    keys: Sequence[Any]
    where: Grouped
    given: Sequence[Mapping[str, Any]]
    parts: Mapping[str, Amounts]

    def build(self) -> None:
        """Adds the rows of all demands. Raises NotNormal."""
        for demand in self.form.demands:
            self.demand(demand)
        for givens, divisor in self.form.divisors:
            self.divisor(givens, divisor)

    def demand(self, demand: Demand) -> None:
        groups = [g for g in range(len(self.given)) if self._applies(demand.givens, g)]
        if demand.quotient is None:
            self._impossible(groups)
            return
        top, bottom = demand.quotient.top, demand.quotient.bottom
        turn = 1 if demand.operator in ("<", "<=") else -1
        chosen, signs = [], []
        for g in groups:
            numbers = self.coefficients(top, g)
            sign = self._sign(bottom, g)
            if numbers is not None and sign is not None and not self._is_empty(top, g):
                chosen.append(g)
                signs.append(turn * sign)
        self._add(top, chosen, signs, demand.operator in ("<", ">"))

    def divisor(self, givens: Givens, divisor: Form) -> None:
        """What is divided by must not be zero; its sign over the levers' domains is known."""
        chosen, signs = [], []
        for g in range(len(self.given)):
            if not self._applies(givens, g) or self.coefficients(divisor, g) is None or self._is_empty(divisor, g):
                continue
            low, high = self._range(divisor, g)
            if low <= 0 <= high:
                chosen.append(g)
                signs.append(-1 if low >= 0 else 1)
        self._add(divisor, chosen, signs, True)

    def _applies(self, givens: Givens, g: int) -> bool:
        return all(evaluate(t, self.given[g]) is True for t in givens)

    def coefficients(self, form: Form, g: int) -> tuple[dict[str, Fraction], Fraction] | None:
        found = {name: evaluate(f, self.given[g]) for name, f in form.terms}
        constant = evaluate(form.constant, self.given[g])
        return None if constant is None or None in found.values() else (found, constant)

    def _is_empty(self, form: Form, g: int) -> bool:
        """A sum, least or greatest over no item is NULL, and so is the comparison."""
        inside = self.where.group == g
        names = {name for name, _ in form.terms}
        mine = [u for u in self.form.unknowns if u.name in names]
        counts = [isinstance(_inner(u.node), exp.Count) for u in mine]
        return any(
            not is_count and not (self.parts[u.name].counted & inside).any()
            for u, is_count in zip(mine, counts, strict=True)
        )

    def _sign(self, bottom: Form, g: int) -> int | None:
        """1 or -1; None where the divisor is NULL or zero whatever the levers. Raises NotNormal where it may change."""
        if self.coefficients(bottom, g) is None:
            return None
        low, high = self._range(bottom, g)
        if low == 0 == high:
            return None
        if low < 0 < high:
            raise NotNormal("the sign of what it divides by does not follow from the lever's range")
        return 1 if low >= 0 else -1

    def _range(self, form: Form, g: int) -> tuple[float, float]:
        """Least and greatest value of a form over the levers' domains."""
        numbers = self.coefficients(form, g)
        assert numbers is not None
        low = high = float(numbers[1])
        inside = self.where.group == g
        for name, factor in numbers[0].items():
            a, b = self._extent(self.parts[name], inside)
            ends = sorted((float(factor) * a, float(factor) * b))
            low, high = low + ends[0], high + ends[1]
        return low, high

    def _extent(self, part: Amounts, inside: Bools) -> tuple[float, float]:
        low = high = float(part.offset[inside].sum())
        for name, factor in part.factors.items():
            first, last = _domain(self.levers[name])
            with np.errstate(invalid="ignore"):
                ends = np.nan_to_num(
                    np.array([factor[inside] * first, factor[inside] * last]), nan=0.0, posinf=np.inf, neginf=-np.inf
                )
            low, high = low + float(ends.min(axis=0).sum()), high + float(ends.max(axis=0).sum())
        if part.cell_lever is not None and part.cell_factor is not None and part.cell_offset is not None:
            strip = self.strips[part.cell_lever]
            ends = np.array(
                [part.cell_factor[inside] * x[inside] + part.cell_offset[inside] for x in (strip.first, strip.last)]
            )
            low, high = (
                low + float(np.nanmin(ends, axis=(0, 2)).sum()),
                high + float(np.nanmax(ends, axis=(0, 2)).sum()),
            )
        return low, high

    def _impossible(self, groups: Sequence[int]) -> None:
        inside = [np.flatnonzero(self.where.group == g) for g in groups]
        rows = np.repeat(np.arange(len(groups)), [len(i) for i in inside]) if groups else np.zeros(0, np.int64)
        slots = np.concatenate(inside) if groups else np.zeros(0, np.int64)
        source = GroupSource(
            self.drafts.exactly,
            self.form,
            Form((), Fraction(1)),
            np.ones(len(groups), np.int64),
            [{} for _ in groups],
            [np.zeros(0, np.int64)] * len(groups),
            self.keys,
            {},
            self.levers,
        )
        labels, bound = [self.where.labels[g] for g in groups], np.full(len(groups), -1.0)
        count = range(len(groups))
        self.drafts.add(self.number, bound, False, labels, source, count, rows, slots, np.zeros(len(slots)))

    def _add(self, top: Form, groups: list[int], signs: list[int], strict: bool) -> None:
        """Rows sign · top <= 0 (or < 0) of several groups; least and greatest values become rows of their own."""
        if not groups:
            return
        from alignment.conflicts.coupled.extremes import add_extremes

        extremes = [u for u in self.form.unknowns if u.kind != "sum" and u.name in dict(top.terms)]
        if extremes:
            add_extremes(self, top, groups, signs, strict, extremes)
            return
        self._check_filtered(top, groups, signs, strict)
        self.add_sums(top, groups, signs, strict, {})

    def _check_filtered(self, top: Form, groups: list[int], signs: list[int], strict: bool) -> None:
        """A sum over items that the lever chooses is NULL where it chooses none; the rule must hold there as a sum of
        0.
        """
        names = {name for name, _ in top.terms}
        if not any(u.filtered and u.name in names for u in self.form.unknowns):
            return
        for g, sign in zip(groups, signs, strict=True):
            numbers = self.coefficients(top, g)
            if len(names) > 1 or numbers is None or sign * numbers[1] > 0 or (strict and numbers[1] == 0):
                raise NotNormal("its sum is unknown where the lever chooses no item")

    def add_sums(
        self, top: Form, groups: list[int], signs: list[int], strict: bool, auxiliary: Mapping[tuple[str, int], int]
    ) -> None:
        """Rows of sums; auxiliary: slot that stands for an extreme of a group."""
        n, size = self.catalogue.rows, len(self.given)
        place = np.full(size + 1, -1)
        place[groups] = np.arange(len(groups))
        row_of = place[self.where.group]
        factors: dict[str, Floats] = {}
        cells: dict[str, tuple[Floats, Floats]] = {}
        bound = np.zeros(len(groups))
        extra: list[tuple[int, int, float]] = []
        scale: dict[str, Floats] = {name: np.zeros(size + 1) for name, _ in top.terms}
        for k, (g, sign) in enumerate(zip(groups, signs, strict=True)):
            numbers = self.coefficients(top, g)
            assert numbers is not None
            bound[k] = -float(sign * numbers[1])
            for name, factor in numbers[0].items():
                scale[name][g] = float(sign * factor)
                if (name, g) in auxiliary:
                    extra.append((k, auxiliary[name, g], float(sign * factor)))
        for name in scale:
            if any(key[0] == name for key in auxiliary):
                continue
            part, by_item = self.parts[name], scale[name][self.where.group]
            for lever, own in part.factors.items():
                factors[lever] = factors.get(lever, np.zeros(n)) + by_item * own
            bound -= np.bincount(row_of[row_of >= 0], (by_item * part.offset)[row_of >= 0], len(groups))
            if part.cell_lever is not None and part.cell_factor is not None and part.cell_offset is not None:
                a, b = cells.get(part.cell_lever, (0.0, 0.0))
                cells[part.cell_lever] = (
                    a + by_item[:, None] * part.cell_factor,
                    b + by_item[:, None] * part.cell_offset,
                )
        extremes = [{name: slot for (name, of), slot in auxiliary.items() if of == g} for g in groups]
        self._store(groups, signs, strict, top, bound, row_of, factors, cells, extra, extremes)

    def _store(
        self,
        groups: list[int],
        signs: list[int],
        strict: bool,
        top: Form,
        bound: Floats,
        row_of: Ints,
        factors: dict[str, Floats],
        cells: dict[str, tuple[Floats, Floats]],
        extra: list[tuple[int, int, float]],
        extremes: list[dict[str, int]],
    ) -> None:
        rows, slots, values, pieces_a, pieces_b = [], [], [], [], []
        width = self.drafts.cells
        for lever in sorted({*factors, *cells}):
            factor = factors.get(lever, np.zeros(len(row_of)))
            a, b = cells.get(lever, (np.zeros((len(row_of), 1)), np.zeros((len(row_of), 1))))
            used = np.flatnonzero((row_of >= 0) & ((factor != 0) | (a != 0).any(axis=1) | (b != 0).any(axis=1)))
            rows.append(row_of[used])
            slots.append(self.slot_of[lever] + used)
            values.append(factor[used])
            pieces_a.append(_spread(a[used] + factor[used, None], width) if cells else np.zeros((0, width)))
            pieces_b.append(_spread(b[used], width) if cells else np.zeros((0, width)))
        if extra:
            rows.append(np.array([r for r, _, _ in extra]))
            slots.append(np.array([s for _, s, _ in extra]))
            values.append(np.array([f for _, _, f in extra]))
            pieces_a.append(np.repeat(values[-1][:, None], width, axis=1))
            pieces_b.append(np.zeros((len(extra), width)))
        items = [np.flatnonzero(self.where.group == g) for g in groups]
        source = GroupSource(
            self.drafts.exactly,
            self.form,
            top,
            np.array(signs),
            [self.given[g] for g in groups],
            items,
            self.keys,
            {name: self.slot_of[name] for name in self.form.checked.rule.levers},
            self.levers,
            extremes,
        )
        empty = np.zeros(0, np.int64)
        self.drafts.add(
            self.number,
            bound,
            strict,
            [self.where.labels[g] for g in groups],
            source,
            range(len(groups)),
            np.concatenate(rows) if rows else empty,
            np.concatenate(slots) if slots else empty,
            np.concatenate(values) if values else np.zeros(0),
            factor=np.concatenate(pieces_a) if cells else None,
            offset=np.concatenate(pieces_b) if cells else None,
        )


def _spread(part: Floats, width: int) -> Floats:
    """Numbers by cell, widened to the widest strip with the last column repeated."""
    return np.pad(part, [(0, 0), (0, width - part.shape[1])], mode="edge")


def _domain(lever: Lever) -> tuple[float, float]:
    if lever.values is not None:
        numbers = [float(v) if not isinstance(v, str) else float(i) for i, v in enumerate(lever.values)]
        return min(numbers), max(numbers)
    return (
        -np.inf if lever.minimum is None else float(lever.minimum),
        np.inf if lever.maximum is None else float(lever.maximum),
    )
