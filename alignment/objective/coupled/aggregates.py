"""Aggregate rules as rows over chosen candidates: sums, counts, averages, ratios, and least and greatest values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from alignment.catalogue.decisions import DecisionTable
from alignment.conflicts.coupled.demands import Demand, demands_of, divisors_of
from alignment.conflicts.coupled.forms import Form, Givens
from alignment.initiative.models import Constraint
from alignment.objective.coupled.play import Play
from alignment.objective.coupled.rows import Drafts
from alignment.objective.coupled.sums import Amounts, Groups, by_name, gathered_of, groups_of
from alignment.rules.algebra import NotNormal
from alignment.rules.exact import evaluate
from alignment.rules.parse import Rule

_COMPARED: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def aggregate_rows(rule: Rule, constraint: Constraint, play: Play, table: DecisionTable) -> Drafts:
    """The rows of an aggregate rule. Raises NotNormal with what stands in the way."""
    tree, gathered = gathered_of(rule)
    groups = groups_of(rule, constraint, gathered, play, table)
    fixed = groups.fixed(play)
    demands = demands_of(tree, lambda column: column.name.startswith("#") and column.name not in fixed)
    reader = _Reader(groups, by_name(groups), groups.given(play, fixed), _slices(play, groups), Drafts())
    for givens, divisor in divisors_of(demands):
        reader.check_divisor(givens, divisor)
    for demand in demands:
        reader.demand(demand)
    return reader.drafts


@dataclass(frozen=True)
class _Numbers:
    """A form in one group: factors by aggregate, and the constant."""

    factors: Mapping[str, float]
    constant: float


@dataclass(frozen=True)
class _Slice:
    """The candidates of one group, by item. starts, counts: of each item its candidates here; whole: are these all?"""

    at: np.ndarray
    starts: np.ndarray
    counts: np.ndarray
    whole: np.ndarray

    def least(self, values: np.ndarray) -> np.ndarray:
        """The least that each item adds; a candidate outside the group adds nothing."""
        if not len(self.at):
            return np.zeros(0)
        least = np.minimum.reduceat(values, self.starts)
        return np.asarray(np.where(self.whole, least, np.minimum(least, 0.0)))


def _slices(play: Play, groups: Groups) -> list[_Slice]:
    order = np.argsort(groups.group, kind="stable")
    ends = np.searchsorted(groups.group[order], np.arange(len(groups.labels) + 1))
    sizes, found = np.diff(play.start), []
    for first, last in pairwise(ends):
        at = order[first:last]
        items, starts, counts = np.unique(play.item[at], return_index=True, return_counts=True)
        found.append(_Slice(at, starts, counts, counts == sizes[items]))
    return found


@dataclass(frozen=True)
class _Reader:
    groups: Groups
    amounts: Mapping[str, Amounts]
    given: list[dict[str, Fraction | None]]
    slices: list[_Slice]
    drafts: Drafts

    def demand(self, demand: Demand) -> None:
        """Adds the rows of a demand, one per group where it applies."""
        for g, label in enumerate(self.groups.labels):
            if not self._applies(demand.givens, g):
                continue
            if demand.quotient is None:
                self.drafts.add(np.zeros(0, np.int64), np.zeros(0), -1.0, False, label)
                continue
            top = self._numbers(demand.quotient.top, g)
            bottom = self._numbers(demand.quotient.bottom, g)
            if top is not None and bottom is not None:
                self._row(g, top, bottom, demand.operator)

    def check_divisor(self, givens: Givens, divisor: Form) -> None:
        """Refuses a divisor that some choice makes zero; an average over nothing is unknown, and allowed."""
        for g in range(len(self.groups.labels)):
            numbers = self._numbers(divisor, g) if self._applies(givens, g) else None
            if numbers is None or not numbers.factors or self._is_average(numbers):
                continue
            low, high = self._range(numbers, g)
            if low <= 0 <= high:
                raise NotNormal("what it divides by may be zero")

    def _applies(self, givens: Givens, g: int) -> bool:
        return all(evaluate(test, self.given[g]) is True for test in givens)

    def _numbers(self, form: Form, g: int) -> _Numbers | None:
        found = {name: evaluate(factor, self.given[g]) for name, factor in form.terms}
        constant = evaluate(form.constant, self.given[g])
        if constant is None or None in found.values():
            return None
        return _Numbers({name: float(f) for name, f in found.items() if f}, float(constant))

    def _is_average(self, numbers: _Numbers) -> bool:
        """Is it nothing but the count of an average?"""
        only = next(iter(numbers.factors), None)
        return len(numbers.factors) == 1 and numbers.constant == 0 and self.amounts[str(only)].gathered.of_average

    def _range(self, numbers: _Numbers, g: int) -> tuple[float, float]:
        """The least and greatest value that a form takes, at most."""
        sums, here = self._sums(numbers, g), self.slices[g]
        return numbers.constant + float(here.least(sums).sum()), numbers.constant - float(here.least(-sums).sum())

    def _sums(self, numbers: _Numbers, g: int) -> np.ndarray:
        at = self.slices[g].at
        sums = np.zeros(len(at))
        for name, factor in numbers.factors.items():
            sums += factor * self.amounts[name].values[at]
        return sums

    def _row(self, g: int, top: _Numbers, bottom: _Numbers, compared: str) -> None:
        low, high = (bottom.constant, bottom.constant) if not bottom.factors else self._range(bottom, g)
        if low == high == 0:
            return
        if low < 0 < high:
            raise NotNormal("the sign of what it divides by depends on the choice")
        compared = compared if low >= 0 else _MIRRORED[compared]
        kinds = {self.amounts[name].gathered.kind for name in top.factors}
        if kinds & {"min", "max"}:
            self._extreme(g, top, compared, bool(bottom.factors))
            return
        if low == 0 or high == 0:
            self._check_average_of_nothing(compared)
        if self._is_never_empty_or_harmless(g, top, compared):
            self._sum(g, top, compared)

    def _check_average_of_nothing(self, compared: str) -> None:
        if compared in ("<", ">"):
            raise NotNormal("it may average over nothing")

    def _is_never_empty_or_harmless(self, g: int, top: _Numbers, compared: str) -> bool:
        """Does the demand hold as a sum? False where it is always unknown. A sum over nothing is NULL, not 0."""
        here = self.slices[g]
        inside = {name: self.amounts[name].inside[here.at] for name in top.factors}
        for name, counted in inside.items():
            if self.amounts[name].gathered.kind != "sum" or here.least(counted.astype(float)).any():
                continue
            if not counted.any():
                return False
            alike = all(np.array_equal(other, counted) for other in inside.values())
            if not alike or not _COMPARED[compared](np.array(top.constant), 0.0):
                raise NotNormal("it may sum over nothing")
        return True

    def _sum(self, g: int, top: _Numbers, compared: str) -> None:
        sums, bound, here = self._sums(top, g), -top.constant, self.slices[g]
        if compared in (">", ">="):
            sums, bound = -sums, -bound
        least = np.where(here.whole, here.least(sums), 0.0)
        sums, bound = sums - np.repeat(least, here.counts), bound - float(least.sum())
        used = np.flatnonzero(sums)
        self.drafts.add(here.at[used], sums[used], bound, compared in ("<", ">"), self.groups.labels[g])

    def _extreme(self, g: int, top: _Numbers, compared: str, divides: bool) -> None:
        if len(top.factors) > 1 or divides:
            raise NotNormal("it compares a least or greatest value with another aggregate")
        ((name, factor),) = top.factors.items()
        amounts, here, label = self.amounts[name], self.slices[g], self.groups.labels[g]
        inside = amounts.inside[here.at]
        compared = compared if factor > 0 else _MIRRORED[compared]
        fits = _COMPARED[compared](amounts.values[here.at], -top.constant / factor)
        if (amounts.gathered.kind == "max") == (compared in ("<", "<=")):
            at = here.at[inside & ~fits]
            self.drafts.add(at, np.ones(len(at)), 0.0, False, label)
            return
        if not here.least(inside.astype(float)).any():
            raise NotNormal("it may look for the least or greatest of nothing")
        at = here.at[inside & fits]
        self.drafts.add(at, -np.ones(len(at)), -1.0, False, label)
