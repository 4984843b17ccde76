"""Renders checked trees as DuckDB SQL in which nothing can fail or turn infinite: division by zero is NULL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from alignment.rules.parse import Rule

Columns = Mapping[str, exp.Expression | str]


def render(tree: exp.Expression, columns: Columns | None = None) -> str:
    """SQL of a checked tree.

    columns: what to write for a name (a sqlglot expression, or SQL written by our own code); a name that is not in
    it is written as a quoted column. In pair rules keys are `lower.name` and `upper.name`.
    """
    return str(safe(tree, columns).sql("duckdb"))


def condition_sql(tree: exp.Expression, columns: Columns | None = None) -> str:
    """SQL of a condition in parentheses, so that it can stand beside others."""
    return f"({render(tree, columns)})"


def expression_sql(tree: exp.Expression, columns: Columns | None = None) -> str:
    """SQL of a numeric expression in parentheses."""
    return f"({render(tree, columns)})"


def allows_sql(rule: Rule, columns: Columns | None = None) -> str:
    """SQL that is TRUE exactly where an item rule allows the lever values given by `columns`, or does not apply.

    A rule allows what it is not FALSE for; what makes it NULL because a lever value makes a divisor zero is not allowed.
    """
    scope = "true" if rule.scope is None else f"coalesce({render(rule.scope, columns)}, false)"
    allowed = f"coalesce({render(rule.tree, columns)}, not {zero_divisor_sql(rule, columns)})"
    return f"(not {scope} or {allowed})"


def violated_sql(rule: Rule, columns: Columns | None = None) -> str:
    """SQL that is TRUE exactly where a rule in scope forbids the lever values given by `columns`; never NULL."""
    return f"(not {allows_sql(rule, columns)})"


def zero_divisor_sql(rule: Rule, columns: Columns | None = None) -> str:
    """SQL that is TRUE where some divisor that contains a lever is zero; never NULL."""
    divisors = [
        node.expression
        for node in rule.tree.find_all(exp.Div, exp.Mod)
        if any(c.name in rule.levers for c in node.expression.find_all(exp.Column))
    ]
    zero = [f"coalesce(({render(d, columns)}) = 0, false)" for d in divisors]
    return f"({' or '.join(zero)})" if zero else "false"


def safe(tree: exp.Expression, columns: Columns | None = None) -> exp.Expression:
    """A copy of a checked tree with names replaced and partial functions guarded."""
    put = columns or {}

    def replaced(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column):
            return _column(node, put)
        if isinstance(node, exp.Div):
            bottom = exp.Nullif(this=node.expression, expression=exp.Literal.number(0))
            return exp.Div(this=node.this, expression=bottom, **_flags(node))
        if isinstance(node, exp.Mod):  # in decimals: 9.99 % 1 of doubles is 0.9900000000000002
            bottom = exp.Nullif(this=_decimal(node.expression), expression=exp.Literal.number(0))
            return exp.Mod(this=_decimal(node.this), expression=bottom)
        guard = _GUARDS.get(type(node))
        if guard:
            inside, operator, limit = node.this, *guard
            test = operator(this=inside.copy(), expression=exp.Literal.number(limit))
            return type(node)(this=exp.Case(ifs=[exp.If(this=test, true=inside.copy())]))
        return node

    return _bottom_up(tree.copy(), replaced)


_GUARDS: dict[type[exp.Expression], tuple[type[exp.Binary], int]] = {
    exp.Ln: (exp.GT, 0),
    exp.Sqrt: (exp.GTE, 0),
    exp.Exp: (exp.LT, 700),
}


def _decimal(node: exp.Expression) -> exp.Expression:
    return exp.TryCast(this=node, to=exp.DataType.build("decimal(30, 9)"))


def _flags(node: exp.Expression) -> dict[str, Any]:
    return {k: v for k, v in node.args.items() if k in ("typed", "safe")}


def _column(node: exp.Column, put: Columns) -> exp.Expression:
    key = f"{node.table}.{node.name}" if node.table else node.name
    if key not in put:
        return node
    value = put[key]
    return exp.Paren(this=value.copy()) if isinstance(value, exp.Expression) else exp.Var(this=f"({value})")


def _bottom_up(node: exp.Expression, change: Any) -> exp.Expression:
    """Applies `change` to each node after its children; columns are replaced once, not descended into."""
    root = exp.Paren(this=node)
    order = [n for n in root.walk() if n is not root]
    for inner in reversed(order):
        if inner.parent is None:
            continue
        new = change(inner)
        if new is not inner:
            inner.replace(new)
    return root.this
