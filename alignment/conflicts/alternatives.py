"""Ways out of a conflict that leave its bounds as they are: a scope without the items, a rule that yields or goes.

None of them opens a conflict: on some items a rule is taken away, which leaves the other minimal conflicts as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot import exp

from alignment.catalogue.reading import quoted
from alignment.conflicts.grounds import Repairs
from alignment.conflicts.members import Clash, listed
from alignment.conflicts.report import Edit
from alignment.conflicts.telling import FEW, MANY, Mark
from alignment.errors import RuleError
from alignment.rules.parse import AGGREGATES, LONGEST, Schema, parse_condition
from alignment.rules.ruleset import Checked


def softened(rule: Checked) -> Edit | None:
    """The rule as a soft one, where it is hard."""
    return Edit(rule.id, "strength", "hard", "soft", None, None) if rule.hard else None


def retired(rule: Checked) -> Edit:
    """The rule kept on the sheet and no longer checked."""
    return Edit(rule.id, "status", rule.constraint.status, "retired", None, None)


def excepted(rule: Checked, clash: Clash, repairs: Repairs) -> Edit | None:
    """The rule without the conflict's items: by what sets them apart where they are many, else by their keys.

    None where no text of at most 2,000 characters says it, or where the rule has an average or sum over its scope.
    """
    if clash.items == 0 or rule.rule.tree.find(*AGGREGATES) or _has_aggregate(rule.constraint.rule):
        return None
    where = rule.constraint.where
    if FEW < clash.items <= MANY:
        for mark in repairs.marks.get((rule.id, clash.ids), ()):
            edit = _edit(rule, _and(where, _off(mark)), repairs)
            if edit is not None:
                return edit
    return None if clash.items * 4 > LONGEST else _without(rule, listed(clash.keys), repairs)


def _without(rule: Checked, keys: Sequence[Any], repairs: Repairs) -> Edit | None:
    """The rule without the items of some keys, of which those that are not plain are read back."""
    ordered = sorted(keys, key=lambda k: (str(type(k)), k))
    text, odd = _listing(rule, ordered, repairs), [k for k in ordered if not _is_plain(k)]
    if len(text) > LONGEST or not _is_readable(_listing(rule, odd or ordered[:1], repairs), repairs):
        return None
    return Edit(rule.id, "where", rule.constraint.where, text, None, None)


def _listing(rule: Checked, keys: Sequence[Any], repairs: Repairs) -> str:
    test = f"{name_text(repairs.bench.catalogue.key)} not in ({', '.join(map(literal_text, keys))})"
    return _and(rule.constraint.where, test)


def _is_plain(key: Any) -> bool:
    """Is a key a short whole number, or text of letters, digits and a few signs, which can be read back for sure?"""
    if isinstance(key, str):
        return re.fullmatch(r"[\w .:/-]*", key, re.ASCII) is not None
    return isinstance(key, int) and abs(key) < 10**15


@lru_cache(maxsize=1024)
def _has_aggregate(text: str) -> bool:
    """A constant over the scope was worked out already; a narrower scope would change it."""
    return sqlglot.parse_one(text, read="duckdb").find(*AGGREGATES) is not None


def _edit(rule: Checked, text: str, repairs: Repairs) -> Edit | None:
    if not _is_readable(text, repairs):
        return None
    return Edit(rule.id, "where", rule.constraint.where, text, None, None)


def _is_readable(text: str, repairs: Repairs) -> bool:
    if text not in repairs.readable:
        repairs.readable[text] = len(text) <= LONGEST and _is_scope(text, repairs.bench.reader.schema)
    return repairs.readable[text]


def _is_scope(text: str, schema: Schema) -> bool:
    try:
        parse_condition(text, Schema(schema.columns), "scope", schema.levers)
    except RuleError:
        return False
    return True


def _and(where: str | None, test: str) -> str:
    if not where:
        return test
    return f"({where}) and {test}" if _is_loose(where) else f"{where} and {test}"


@lru_cache(maxsize=1024)
def _is_loose(where: str) -> bool:
    return isinstance(sqlglot.parse_one(where, read="duckdb"), exp.Or)


def _off(mark: Mark) -> str:
    """The condition that leaves out the items with a mark: `region <> 'JP'`."""
    sign = {"=": "<>", ">=": "<", "<=": ">"}[mark.sign]
    test = f"{name_text(mark.column)} {sign} {literal_text(mark.value)}"
    return f"({test} or {name_text(mark.column)} is null)" if mark.some_unknown else test


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


@lru_cache(maxsize=1024)
def name_text(name: str) -> str:
    """A column as rules write it: bare where that can be read back, else in quotes."""
    try:
        tree = sqlglot.parse_one(name, read="duckdb")
    except sqlglot.errors.SqlglotError:
        return quoted(name)
    plain_ = isinstance(tree, exp.Column) and tree.name == name and tree.sql("duckdb") == name
    return name if plain_ else quoted(name)
