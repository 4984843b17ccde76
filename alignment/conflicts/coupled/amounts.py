"""What each item gives to the aggregates of a rule, in arrays, and on which items no term of the rule is NULL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlglot import exp

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.coupled.aggregates import AggregateForm, ByValue, Given, Linearly, Unknown, columns_of
from alignment.conflicts.coupled.forms import Form, Givens
from alignment.conflicts.coupled.strips import Strip, finite_amounts
from alignment.conflicts.line import Bools, Floats
from alignment.initiative.models import Lever
from alignment.rules.algebra import Value, tree_of
from alignment.rules.formula import Formula
from alignment.rules.render import render


@dataclass(frozen=True)
class Amounts:
    """What each of N items gives to one unknown: factor per lever (N), or per cell of one lever (N by C); and an
    offset.
    """

    factors: Mapping[str, Floats]
    cell_lever: str | None
    cell_factor: Floats | None
    cell_offset: Floats | None
    offset: Floats
    counted: Bools


def known_sql(form: AggregateForm) -> str:
    """SQL that is TRUE where no term of any aggregate of the rule is NULL."""
    tests = [_unknown_known(u) for u in form.unknowns] + [_given_known(g) for g in form.givens]
    return " and ".join(t for t in tests if t != "true") or "true"


def _given_known(given: Given) -> str:
    if given.argument is None:
        return "true"
    return _only_where(given.condition, f"({render(given.argument)}) is not null")


def _only_where(condition: exp.Expression | None, test: str) -> str:
    return test if condition is None else f"(not coalesce({render(condition)}, false) or {test})"


def _unknown_known(unknown: Unknown) -> str:
    amount = unknown.amount
    if isinstance(amount, ByValue):
        trees = [t for t in (amount.amount, amount.condition) if t is not None]
        skipping = any(t.find(exp.Coalesce, exp.Case, exp.Least, exp.Greatest, exp.Is) for t in trees)
        columns = [] if skipping else columns_of(trees, {amount.lever: Lever(name=amount.lever)})
        return _all_known([quoted(c) for c in columns])
    if isinstance(amount, Linearly):
        cases = [f"({_tests(givens)} and {_coefficients_known(form)})" for givens, form in amount.pieces]
        return _only_where(unknown.condition, f"({' or '.join(cases)})")
    values = [
        _all_known([f"({render(v)})" for v in (a, b) if isinstance(v, exp.Expression)]) for _, a, b in amount.pieces
    ]
    some = f"({' or '.join(values)})" if values else "true"
    condition = (
        unknown.node.expression.this if isinstance(unknown.node, exp.Filter) and unknown.condition is None else None
    )
    needed = (
        []
        if condition is None or condition.find(exp.Is, exp.Coalesce)
        else columns_of([condition], {amount.lever: Lever(name=amount.lever)})
    )
    return _only_where(unknown.condition, f"({some} and {_all_known([quoted(c) for c in needed])})")


def _coefficients_known(form: Form) -> str:
    values = [*(f for _, f in form.terms), form.constant]
    return _all_known([f"({render(v)})" for v in values if isinstance(v, exp.Expression)])


def _all_known(parts: Sequence[str]) -> str:
    return " and ".join(f"{p} is not null" for p in parts) or "true"


def _tests(givens: Givens) -> str:
    return " and ".join(f"coalesce({render(g)}, false)" for g in givens) or "true"


# Amounts


def amounts(
    unknown: Unknown, strips: Mapping[str, Strip], conditions: Mapping[str, Sequence[Formula]], catalogue: Catalogue
) -> Amounts:
    """What each item of the catalogue gives to an unknown; 0 where it does not count."""
    n = catalogue.rows
    where = "true" if unknown.condition is None else f"coalesce({render(unknown.condition)}, false)"
    if isinstance(unknown.amount, ByValue):
        return _by_value(unknown, unknown.amount, strips[unknown.amount.lever], where, catalogue)
    if isinstance(unknown.amount, Linearly):
        names = sorted({name for _, form in unknown.amount.pieces for name, _ in form.terms})
        columns = [_cased([(g, dict(f.terms).get(name)) for g, f in unknown.amount.pieces]) for name in names]
        columns.append(_cased([(g, f.constant) for g, f in unknown.amount.pieces]))
        *factors, offset, counted = _numbers([*columns, f"cast({where} as double)"], catalogue)
        inside = counted > 0
        return Amounts(
            {m: f * inside for m, f in zip(names, factors, strict=True)}, None, None, None, offset * inside, inside
        )
    pieces = unknown.amount.pieces
    numbers = _numbers(
        [f"cast({render(tree_of(v))} as double)" for _, a, b in pieces for v in (a, b)] + [f"cast({where} as double)"],
        catalogue,
    )
    strip, inside = strips[unknown.amount.lever], numbers[-1] > 0
    factor, offset = np.zeros(strip.first.shape), np.zeros(strip.first.shape)
    for i, (formula, _, _) in enumerate(pieces):
        holds = _truth(strip, formula, conditions[unknown.amount.lever]) & inside[:, None]
        factor += holds * numbers[2 * i][:, None]
        offset += holds * numbers[2 * i + 1][:, None]
    return Amounts({}, unknown.amount.lever, factor, offset, np.zeros(n), inside)


def _truth(strip: Strip, formula: Formula, conditions: Sequence[Formula]) -> Bools:
    return strip.guards[:, :, list(conditions).index(formula)]


def _by_value(unknown: Unknown, amount: ByValue, strip: Strip, where: str, catalogue: Catalogue) -> Amounts:
    condition = amount.condition

    def number(put: Mapping[str, Any]) -> str:
        test = "true" if condition is None else f"coalesce({render(condition, put)}, false)"
        return f"case when {where} and {test} then {render(amount.amount, put)} end"

    found = np.nan_to_num(finite_amounts(strip.lever, number, catalogue), nan=0.0)
    inside = np.ones(catalogue.rows, bool)
    return Amounts({}, strip.lever.name, np.zeros(found.shape), found, np.zeros(catalogue.rows), inside)


def _cased(pieces: Sequence[tuple[Givens, Value | None]]) -> str:
    numbers = [(g, "0" if v is None else render(tree_of(v))) for g, v in pieces]
    if len(numbers) == 1 and not numbers[0][0]:
        return f"cast({numbers[0][1]} as double)"
    return f"cast(case {' '.join(f'when {_tests(g)} then {sql}' for g, sql in numbers)} else 0 end as double)"


def _numbers(columns: Sequence[str], catalogue: Catalogue) -> list[Floats]:
    """Columns of doubles in the order of the catalogue, NULL as 0: such items are left out of the rule anyway."""
    query = (
        f"select {', '.join(f'coalesce({c}, 0) as c{i}' for i, c in enumerate(columns))} from {quoted(catalogue.table)}"
    )
    return [
        np.nan_to_num(np.asarray(c, float), nan=0.0) for c in catalogue.connection.execute(query).fetchnumpy().values()
    ]
