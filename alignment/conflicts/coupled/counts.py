"""How many items each coupled rule speaks about, leaves unknown, and is broken on today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from alignment.catalogue.reading import quoted
from alignment.conflicts.coupled.model import Model, is_coupled
from alignment.conflicts.coupled.points import PointForm, places, today_columns
from alignment.conflicts.items import Counts, violated
from alignment.conflicts.line import scope_sql
from alignment.rules.normal import Linked
from alignment.rules.render import render
from alignment.rules.ruleset import Checked, RuleSet


def counts_of(model: Model, rules: RuleSet) -> dict[str, Counts]:
    """Counts of every coupled rule, opaque ones included."""
    found: dict[str, Counts] = {}
    for rule in rules.checked:
        if not is_coupled(rule):
            continue
        counts = Counts(_scoped(model, rule))
        told = model.told.get(rule.id)
        counts.unknown = len(told.unknown) if told is not None else 0
        counts.violated = _violated(model, rule, rules)
        found[rule.id] = counts
    return found


def _one(model: Model, query: str) -> int:
    rows = model.catalogue.connection.execute(query).fetchall()
    return int(rows[0][0] or 0) if rows else 0


def _scoped(model: Model, rule: Checked) -> int:
    return _one(model, f"select count(*) from {quoted(model.catalogue.table)} where {scope_sql(rule)}")


def _violated(model: Model, rule: Checked, rules: RuleSet) -> int | None:
    levers = {name: rules.levers[name] for name in rule.rule.levers}
    if any(lever.current is None for lever in levers.values()):
        return None
    if isinstance(rule.form, Linked):
        return violated(rule, levers, model.catalogue)
    if rule.rule.family == "pair":
        return _in_broken_pairs(model, rule, rules)
    return _in_broken_groups(model, rule, levers)


def _in_broken_pairs(model: Model, rule: Checked, rules: RuleSet) -> int:
    form = PointForm(rule, model.bound_rule(rule), (), ())
    where = places(form, model.catalogue)
    broken = today_columns(form, where, rules.levers)[0]
    key = quoted(model.catalogue.key)
    sides = [f"select {side}.{key} as k from {where.source} where {broken}" for side in where.sides]
    return _one(model, f"select count(distinct k) from ({' union all '.join(sides)})")


def _in_broken_groups(model: Model, rule: Checked, levers: Mapping[str, Any]) -> int:
    """Items of the groups whose aggregates, at today's values, make the rule false."""
    per = [quoted(c) for c in rule.constraint.per]
    put = {name: exp.column(lever.current or "", quoted=True) for name, lever in levers.items()}
    known = [f"{quoted(lever.current or '')} is not null" for lever in levers.values()] + [
        f"{c} is not null" for c in per
    ]
    where = f"{scope_sql(rule)} and {' and '.join(known)} and {model.known.get(rule.id, 'true')}"
    broken = f"coalesce(not ({render(rule.rule.tree, put)}), false)"
    grouping = f"group by {', '.join(per)}" if per else ""
    query = f"select count(*) as n, {broken} as b from {quoted(model.catalogue.table)} where {where} {grouping}"
    return _one(model, f"select sum(n) from ({query}) where b")
