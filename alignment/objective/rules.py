"""The rules that bind candidates: hard item rules in force, and the levers' domains, as DuckDB SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from alignment.catalogue.decisions import DecisionTable
from alignment.catalogue.reading import quoted
from alignment.errors import RuleError
from alignment.initiative.models import Initiative, Lever
from alignment.rules.parse import Rule, Schema, parse_rule
from alignment.rules.render import Columns, allows_sql
from alignment.rules.ruleset import Stage, bind_aggregates, in_force
from alignment.rules.types import Kind


@dataclass(frozen=True)
class Binding:
    """Hard rules in force by id: those about single items, and those over pairs and groups of items."""

    rules: Mapping[str, Rule]
    coupled: Mapping[str, Rule]

    def names(self) -> set[str]:
        """Every column and lever that some item rule reads."""
        return {name for rule in self.rules.values() for name in (*rule.columns, *rule.levers)}


def binding_rules(initiative: Initiative, table: DecisionTable, stage: Stage) -> Binding:
    """The hard rules of a stage, parsed against the columns of the decision table and the catalogue.

    Raises RuleError that names the constraint.
    """
    schema = schema_of(initiative, table)
    rules: dict[str, Rule] = {}
    coupled: dict[str, Rule] = {}
    for constraint in initiative.constraints:
        if constraint.strength != "hard" or not in_force(constraint, stage, initiative.as_of or date.today()):
            continue
        try:
            rule = parse_rule(constraint.rule, schema, constraint.where, constraint.pairs is not None)
        except RuleError as error:
            raise RuleError(f"constraint '{constraint.id}': {error.found}", error.expected) from None
        if rule.family == "aggregate":
            coupled[constraint.id] = rule
            continue
        bound = bind_aggregates(rule, table.catalogue) if table.catalogue else rule
        (rules if rule.family == "item" else coupled)[constraint.id] = bound
    return Binding(rules, coupled)


def schema_of(initiative: Initiative, table: DecisionTable) -> Schema:
    """Names that rules and expressions may use on a decision table, with their kinds."""
    levers: dict[str, Kind] = {lever.name: table.kinds[lever.name] for lever in initiative.levers}
    columns = {**table.context, **{name: kind for name, kind in table.kinds.items() if name not in levers}}
    return Schema(columns, levers)


def words_sql(rules: Sequence[Rule], columns: Columns | None = None) -> list[str]:
    """SQL of bit masks, 64 rules to a word, in the smallest type: a rule's bit is set where a candidate breaks it."""
    words = []
    for start in range(0, len(rules), 64):
        some = rules[start : start + 64]
        kind = next(k for k, bits in _UNSIGNED.items() if len(some) <= bits)
        bits = [
            f"(case when {allows_sql(rule, columns)} then 0 else {1 << k} end)::{kind}" for k, rule in enumerate(some)
        ]
        words.append("(" + " | ".join(bits) + ")")
    return words


_UNSIGNED = {"utinyint": 8, "usmallint": 16, "uinteger": 32, "ubigint": 64}


def domain_sql(levers: Sequence[Lever], columns: Mapping[str, str] | None = None) -> str:
    """SQL that is TRUE where every lever is in its domain, or unknown.

    A number that was stored as floating point is on the lattice where it is the one nearest to a point of it.
    """
    tests = [test for lever in levers for test in _domain(lever, (columns or {}).get(lever.name, quoted(lever.name)))]
    return " and ".join(f"coalesce({test}, true)" for test in tests) or "true"


def _domain(lever: Lever, x: str) -> list[str]:
    if lever.values is not None:
        values = ", ".join("'" + v.replace("'", "''") + "'" if isinstance(v, str) else f"{v:f}" for v in lever.values)
        return [f"{x} in ({values})"]
    tests = [f"{x} >= {lever.minimum:f}"] if lever.minimum is not None else []
    tests += [f"{x} <= {lever.maximum:f}"] if lever.maximum is not None else []
    if lever.step is not None:
        start, step = f"{lever.minimum or 0:f}", f"{lever.step:f}"
        steps = f"cast(round((cast({x} as double) - {start}) / {step}) as bigint)"
        tests.append(f"cast({start} + {steps} * {step} as double) = cast({x} as double)")
    return tests
