"""The terms of the objective, and its SQL on a decision table: what the model wants more of, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from alignment.catalogue.decisions import DecisionTable
from alignment.catalogue.reading import quoted
from alignment.errors import DataError, RuleError
from alignment.initiative.models import Initiative, Objective
from alignment.initiative.references import closest
from alignment.objective.linear import coefficients
from alignment.objective.report import Term
from alignment.rules.parse import Schema, parse_expression
from alignment.rules.render import expression_sql
from alignment.rules.types import Kind

STEP = 1e-4
MIXED = 0.01


@dataclass(frozen=True)
class Wanted:
    """The objective as a checked tree, and its sense: +1 where the model maximises it, −1 where it minimises."""

    tree: exp.Expression
    sense: int

    @property
    def names(self) -> set[str]:
        """Columns that it reads."""
        return {column.name for column in self.tree.find_all(exp.Column)}


def wanted_of(objective: Objective, schema: Schema) -> Wanted:
    """The objective of an initiative against the names of a table. Raises RuleError."""
    sense = 1 if objective.sense == "maximise" else -1
    if objective.expression is not None:
        return Wanted(parse_expression(objective.expression, schema, "objective"), sense)
    if objective.score is not None:
        return Wanted(exp.column(objective.score, quoted=True), sense)
    terms = objective.terms or ()
    if not terms:
        raise RuleError("the objective has no terms", "name at least one metric with its coefficient")
    tree: exp.Expression | None = None
    for term in terms:
        part = exp.Mul(this=_number(term.coefficient), expression=exp.column(term.metric, quoted=True))
        tree = part if tree is None else exp.Add(this=tree, expression=part)
    assert tree is not None
    return Wanted(tree, sense)


def _number(value: Any) -> exp.Expression:
    literal = exp.Literal.number(f"{abs(value):f}")
    return exp.Paren(this=exp.Neg(this=literal)) if value < 0 else literal


def recorded_schema(initiative: Initiative) -> Schema:
    """Names for an objective without a table: metrics, levers, and whatever else the expression names, as numbers."""
    names: dict[str, Kind] = {metric.name: "number" for metric in initiative.metrics}
    names |= {lever.name: "number" for lever in initiative.levers}
    if initiative.objective and initiative.objective.expression:
        try:
            tree = sqlglot.parse_one(initiative.objective.expression, read="duckdb")
            names |= {
                c.name: "number" for c in tree.find_all(exp.Column) if c.name.lower() not in map(str.lower, names)
            }
        except (SqlglotError, RecursionError):
            pass
    return Schema(names)


def wanted_sql(wanted: Wanted, table: DecisionTable) -> str:
    """SQL of the objective, larger is better: exact where the table's numbers are, in doubles where that overflows.

    Raises DataError where the table lacks a column that the objective names.
    """
    known = {**table.kinds, **table.context}
    for name in sorted(wanted.names - set(known)):
        raise DataError(f"{table.name}: the objective names '{name}'; {closest(name, known, 'columns')}")
    minus = "-" if wanted.sense < 0 else ""
    exact = f"{minus}{expression_sql(wanted.tree)}"
    types = {**(table.catalogue.types if table.catalogue else {}), **table.types}
    if all(types[name].upper() in ("DOUBLE", "FLOAT", "BOOLEAN") for name in wanted.names):
        return exact
    try:
        table.connection.execute(f"select sum(({exact})::double) from {table.source(wanted.names)} j").fetchone()
        return exact
    except Exception as error:  # a product of decimals or whole numbers may be too long for its type
        if type(error).__module__.split(".")[0] not in ("duckdb", "_duckdb"):
            raise
    columns = {name: f"{quoted(name)}::double" for name in wanted.names if known[name] == "number"}
    return f"{minus}{expression_sql(wanted.tree, columns)}"


def terms_of(initiative: Initiative, wanted: Wanted, table: DecisionTable | None) -> tuple[Term, ...]:
    """The terms of an expression or a list of terms; those of a score are estimated (see `estimated`).

    A linear objective gives coefficients exactly; another one by the mean partial derivative over the table, or,
    without one, none.
    """
    objective = initiative.objective
    if objective is None or objective.score is not None:
        return ()
    units = {metric.name: metric.unit for metric in initiative.metrics}
    rates = {term.metric: term.rate for term in objective.terms or ()}
    exact = coefficients(wanted.tree, units)
    if exact is not None:
        return tuple(
            Term(metric, float(a * wanted.sense), units[metric], rate=rates.get(metric))
            for metric, a in exact.items()
            if a
        )
    named = [metric for metric in units if metric in wanted.names]
    if table is None:
        return tuple(Term(metric, None, units[metric], linear=False) for metric in named)
    return _measured(wanted, table, named, units)


def _measured(
    wanted: Wanted, table: DecisionTable, named: list[str], units: Mapping[str, str | None]
) -> tuple[Term, ...]:
    source = table.source(wanted.names)
    known = {**table.kinds, **table.context}
    plain = {name: f"{quoted(name)}::double" for name in wanted.names if known[name] == "number"}
    terms = []
    for metric in named:
        spread = table.connection.execute(
            f"select max({quoted(metric)})::double - min({quoted(metric)})::double from {source} j"
        ).fetchone()
        h = STEP * ((spread and spread[0]) or 1.0)
        up = expression_sql(wanted.tree, {**plain, metric: f"{plain[metric]} + {h!r}"})
        down = expression_sql(wanted.tree, {**plain, metric: f"{plain[metric]} - {h!r}"})
        slope = f"({up} - {down}) / {2 * h!r}"
        row = table.connection.execute(
            f"select avg(s), avg((s > 0)::int), avg((s < 0)::int) "
            f"from (select {slope} as s from {source} j) where isfinite(s)"
        ).fetchone()
        if row and row[0] is not None:
            mixed = min(row[1], row[2]) > MIXED
            terms.append(Term(metric, wanted.sense * row[0], units[metric], mixed=mixed, linear=False))
    return tuple(terms)
