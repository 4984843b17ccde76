"""Ways out of a conflict that leave its bounds as they are: a scope without the items, a rule that yields or goes.

None of them opens a conflict: on some items a rule is taken away, which leaves the other minimal conflicts as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import sqlglot
from sqlglot import exp

from alignment.catalogue.reading import quoted
from alignment.conflicts.line import scope_sql
from alignment.conflicts.members import Clash, plain
from alignment.conflicts.report import Edit
from alignment.conflicts.trials import Bench
from alignment.errors import RuleError
from alignment.rules.parse import AGGREGATES, LONGEST, Schema, parse_condition
from alignment.rules.ruleset import Checked

FEW = 12
MANY = 1_000


def softened(rule: Checked) -> Edit | None:
    """The rule as a soft one, where it is hard."""
    return Edit(rule.id, "strength", "hard", "soft", None, None) if rule.hard else None


def retired(rule: Checked) -> Edit:
    """The rule kept on the sheet and no longer checked."""
    return Edit(rule.id, "status", rule.constraint.status, "retired", None, None)


def excepted(rule: Checked, clash: Clash, bench: Bench) -> Edit | None:
    """The rule without the conflict's items: by what sets them apart where they are many, else by their keys.

    None where no text of at most 2,000 characters says it, or where the rule has an average or sum over its scope.
    """
    if clash.items == 0 or rule.rule.tree.find(*AGGREGATES) or _has_aggregate(rule):
        return None
    where = rule.constraint.where
    if FEW < clash.items <= MANY:
        for test in _telling(rule, clash, bench):
            edit = _edit(rule, _and(where, test), bench)
            if edit is not None:
                return edit
    if clash.items * 4 > LONGEST:
        return None
    return _edit(rule, _and(where, _without(clash, bench)), bench)


def _has_aggregate(rule: Checked) -> bool:
    """A constant over the scope was worked out already; a narrower scope would change it."""
    tree = sqlglot.parse_one(rule.constraint.rule, read="duckdb")
    return tree.find(*AGGREGATES) is not None


def _edit(rule: Checked, text: str, bench: Bench) -> Edit | None:
    schema = bench.reader.schema
    try:
        parse_condition(text, Schema(schema.columns), "scope", schema.levers)
    except RuleError:
        return None
    return Edit(rule.id, "where", rule.constraint.where, text, None, None)


def _and(where: str | None, test: str) -> str:
    if not where:
        return test
    loose = isinstance(sqlglot.parse_one(where, read="duckdb"), exp.Or)
    return f"({where}) and {test}" if loose else f"{where} and {test}"


def _without(clash: Clash, bench: Bench) -> str:
    keys = sorted((plain(k) for k in clash.keys), key=lambda k: (str(type(k)), k))
    listed = ", ".join(literal_text(k) for k in keys)
    return f"{name_text(bench.catalogue.key)} not in ({listed})"


def literal_text(value: Any) -> str:
    """A value as rules write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, (int, float)):
        return f"{value}"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return "'" + str(value).replace("'", "''") + "'"


def name_text(name: str) -> str:
    """A column as rules write it: bare where that can be read back, else in quotes."""
    try:
        tree = sqlglot.parse_one(name, read="duckdb")
    except sqlglot.errors.SqlglotError:
        return quoted(name)
    plain_ = isinstance(tree, exp.Column) and tree.name == name and tree.sql("duckdb") == name
    return name if plain_ else quoted(name)


# What sets the items of a conflict apart


def _telling(rule: Checked, clash: Clash, bench: Bench) -> Iterator[str]:
    """Conditions on one column that hold, in the rule's scope, exactly off the conflict's items: `region <> 'JP'`.

    Equality is looked for in every column, a threshold in the columns that the conflict's rules use.
    """
    catalogue = bench.catalogue
    names = [n for n in catalogue.kinds if n != catalogue.key]
    keys = [plain(k) for k in clash.keys]
    table, inside = quoted(catalogue.table), f"{quoted(catalogue.key)} in (select unnest(?))"
    ends = ", ".join(f"min({c}), max({c}), count({c})" for c in map(quoted, names))
    row = catalogue.connection.execute(f"select {ends} from {table} where {inside}", [keys]).fetchone() or ()
    used = {c for i in clash.ids for c in bench.rules.of(i).rule.columns}
    outside = f"from {table} where {scope_sql(rule)} and not {inside}"
    for i, name in enumerate(names):
        low, high, known = row[3 * i : 3 * i + 3]
        if known == len(keys) and (low == high or (name in used and catalogue.kinds[name] in ("number", "date"))):
            c = quoted(name)
            query = f"select count(*) filter (where {c} = ?), min({c}), max({c}), count(*) - count({c}) {outside}"
            yield from _tests(name, low, high, catalogue.connection.execute(query, [low, keys]).fetchone())


def _tests(name: str, low: Any, high: Any, outside: tuple[int, Any, Any, int] | None) -> Iterator[str]:
    """outside: of the items that stay, how many have the value, their ends, and how many have none."""
    same, low_out, high_out, none = outside or (0, None, None, 0)
    if low_out is None:
        return
    tests = []
    if low == high and not same:
        tests.append(f"{name_text(name)} <> {literal_text(low)}")
    elif low != high and low > high_out:
        tests.append(f"{name_text(name)} < {literal_text(low)}")
    elif low != high and high < low_out:
        tests.append(f"{name_text(name)} > {literal_text(high)}")
    yield from (f"({t} or {name_text(name)} is null)" if none else t for t in tests)
