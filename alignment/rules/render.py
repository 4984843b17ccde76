"""Renders checked trees as DuckDB SQL in which nothing fails or turns infinite, and comparisons of decimals are exact.

Division by zero is NULL. A comparison of quotients is multiplied out; where its decimals overflow, doubles compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any, cast

from sqlglot import exp

from alignment.rules.algebra import ONE, Value, add, bare, multiply, negate, number_of, tree_of
from alignment.rules.parse import AGGREGATES, Rule, conjuncts

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

    A rule allows what it is not FALSE for; what makes it NULL because a lever value makes a divisor zero is refused.
    """
    scope = "true" if rule.scope is None else f"coalesce({render(rule.scope, columns)}, false)"
    allowed = f"coalesce({render(rule.tree, columns)}, not {zero_divisor_sql(rule, columns)})"
    return f"(not {scope} or {allowed})"


def violated_sql(rule: Rule, columns: Columns | None = None) -> str:
    """SQL that is TRUE exactly where a rule in scope forbids the lever values given by `columns`; never NULL."""
    return f"(not {allows_sql(rule, columns)})"


def zero_divisor_sql(rule: Rule, columns: Columns | None = None) -> str:
    """SQL that is TRUE where some comparison is NULL because a lever value makes a divisor zero; never NULL.

    That is so where it would not be NULL at a lever value beside it.
    """
    if not any(_divides_by_lever(node, rule) for node in rule.tree.walk()):
        return "false"
    levers = [c for c in rule.tree.find_all(exp.Column) if c.name in rule.levers]
    beside = [{**(columns or {}), **{_key(c): _moved(c, step, columns) for c in levers}} for step in _STEPS]
    return _undivided(rule.tree, rule, columns, beside)


_STEPS = ("0.0123", "-0.0123")


def _divides_by_lever(node: exp.Expr, rule: Rule) -> bool:
    divisor = node.expression if isinstance(node, (exp.Div, exp.Mod)) else None
    return divisor is not None and any(c.name in rule.levers for c in divisor.find_all(exp.Column))


def _moved(lever: exp.Column, step: str, columns: Columns | None) -> exp.Expression:
    return exp.Add(this=_column(lever.copy(), columns or {}), expression=exp.Literal.number(step))


def _undivided(tree: exp.Expression, rule: Rule, columns: Columns | None, beside: Sequence[Columns]) -> str:
    def inside(part: exp.Expression) -> str:
        return _undivided(part, rule, columns, beside)

    def null_inside(part: exp.Expression) -> str:
        found = inside(part)
        return found if found == "false" else f"(({render(part, columns)}) is null and {found})"

    tree = bare(tree)
    if not any(_divides_by_lever(node, rule) for node in tree.walk()):
        return "false"
    if isinstance(tree, (exp.And, exp.Or)):
        return f"({' or '.join(null_inside(part) for part in conjuncts(tree, type(tree)))})"
    if isinstance(tree, exp.Not):
        return inside(tree.this)
    if isinstance(tree, (exp.Between, exp.In)):
        return f"({' or '.join(inside(part) for part in comparisons(tree))})"
    if isinstance(tree, exp.Case):
        branches = [(_taken(tree, branch), branch.args["true"]) for branch in tree.args["ifs"]]
        default = inside(tree.args["default"]) if tree.args.get("default") else "false"
        cases = " ".join(f"when {render(test, columns)} then {inside(value)}" for test, value in branches)
        return f"(case {cases} else {default} end)"
    known = " or ".join(f"({render(tree, put)}) is not null" for put in beside)
    return f"(({render(tree, columns)}) is null and ({known}))"


def _taken(case: exp.Case, branch: exp.If) -> exp.Expression:
    return exp.EQ(this=case.this.copy(), expression=branch.this.copy()) if case.this else branch.this


def comparisons(tree: exp.Between | exp.In) -> list[exp.Expression]:
    """The comparisons that a `between` or `in` stands for, joined by `and` or by `or`."""
    if isinstance(tree, exp.In):
        return [exp.EQ(this=tree.this.copy(), expression=option.copy()) for option in tree.expressions]
    return [
        exp.GTE(this=tree.this.copy(), expression=tree.args["low"].copy()),
        exp.LTE(this=tree.this.copy(), expression=tree.args["high"].copy()),
    ]


def safe(tree: exp.Expression, columns: Columns | None = None) -> exp.Expression:
    """A copy of a checked tree with names replaced, partial functions guarded and comparisons made exact."""
    put = columns or {}

    def replaced(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column):
            return _column(node, put)
        guard = _GUARDED.get(type(node))
        return guard(node) if guard else node

    return _bottom_up(_bottom_up(tree.copy(), _exactly), replaced)


def _key(column: exp.Column) -> str:
    return f"{column.table}.{column.name}" if column.table else column.name


def _column(node: exp.Column, put: Columns) -> exp.Expression:
    value = put.get(_key(node))
    if value is None:
        return node
    return exp.Paren(this=value.copy()) if isinstance(value, exp.Expression) else exp.Var(this=f"({value})")


# Functions that are not defined everywhere, and decimals that could overflow


def _quotient(node: exp.Expression) -> exp.Expression:
    return exp.Div(this=node.this, expression=_nonzero(node.expression), **_flags(node))


def _remainder(node: exp.Expression) -> exp.Expression:
    """In decimals: 9.99 % 1 of doubles is 0.9900000000000002."""
    return exp.Mod(this=_decimal(node.this), expression=_nonzero(_decimal(node.expression)))


def _nonzero(node: exp.Expression) -> exp.Expression:
    return exp.Nullif(this=node, expression=exp.Literal.number(0))


def _within_domain(operator: type[exp.Binary], limit: int) -> Callable[[exp.Expression], exp.Expression]:
    def guarded(node: exp.Expression) -> exp.Expression:
        inside = exp.cast(node.this, "double")
        test = operator(this=inside.copy(), expression=exp.Literal.number(limit))
        return type(node)(this=exp.Case(ifs=[exp.If(this=test, true=inside)]))

    return guarded


def _product(node: exp.Expression) -> exp.Expression:
    """DuckDB multiplies short decimals in 18 digits; as a decimal of 38 one factor makes room for the product."""
    left, right = (_wide_number(side) for side in (node.this, node.expression))
    if left is node.this and right is node.expression:
        left = exp.Mul(this=left, expression=exp.cast(exp.Literal.number(1), "decimal(38, 0)"))
    return exp.Mul(this=left, expression=right)


def _wide_number(node: exp.Expression) -> exp.Expression:
    plain = isinstance(node, exp.Literal) and not node.is_string and node.name.replace(".", "", 1).isdigit()
    if not plain:
        return node
    return exp.cast(node, f"decimal(38, {_decimals(node)})" if _is_short(node) else "double")


def _is_short(number: exp.Expression) -> bool:
    return _decimals(number) <= MOST_DECIMALS and len(number.name) <= 18


MOST_DECIMALS = 12


def _decimals(number: exp.Expression) -> int:
    return len(number.name.partition(".")[2])


_GUARDED: dict[type[exp.Expression], Callable[[Any], exp.Expression]] = {
    exp.Div: _quotient,
    exp.Mod: _remainder,
    exp.Mul: _product,
    exp.Ln: _within_domain(exp.GT, 0),
    exp.Sqrt: _within_domain(exp.GTE, 0),
    exp.Exp: _within_domain(exp.LT, 700),
    exp.Least: lambda node: _evened(node, [node.this, *node.expressions]),
    exp.Greatest: lambda node: _evened(node, [node.this, *node.expressions]),
    exp.Coalesce: lambda node: _evened(node, [node.this, *node.expressions]),
    exp.Case: lambda node: _evened(node, _values(node)),
}


def _evened(node: exp.Expression, values: Sequence[exp.Expression]) -> exp.Expression:
    """The node with the same decimals in all values to choose from: DuckDB rounds the rest to those of the widest."""
    if not any(_multiplies(value) for value in values):
        return node
    scale = max(_most_decimals(value) for value in values)
    if scale <= MOST_EVENED:
        for value in values:
            zero = exp.cast(exp.Literal.number(0), f"decimal(38, {scale})")
            value.replace(exp.Paren(this=exp.Add(this=exp.Paren(this=value.copy()), expression=zero)))
    return node


MOST_EVENED = 20


def _values(case: exp.Case) -> list[exp.Expression]:
    default = case.args.get("default")
    return [branch.args["true"] for branch in case.args["ifs"]] + ([default] if default is not None else [])


def _parts(tree: exp.Expression) -> list[exp.Expression]:
    """What decides the decimals of a number: its operands, not the conditions inside it; nothing for a condition."""
    if isinstance(tree, (exp.Predicate, exp.Connector, exp.Not, exp.Try)):
        return []
    return _values(tree) if isinstance(tree, exp.Case) else [p for p in tree.iter_expressions() if p is not None]


def _multiplies(tree: exp.Expression) -> bool:
    """Is a value a product of decimals, or a choice among such?"""
    return isinstance(tree, exp.Mul) or any(_multiplies(part) for part in _parts(tree))


def _most_decimals(tree: exp.Expression) -> int:
    """An upper bound of the decimals of a number, columns having up to six."""
    if isinstance(tree, exp.Literal):
        return 0 if tree.is_string else _decimals(tree)
    if isinstance(tree, (exp.Column, exp.Var)):
        return COLUMN_DECIMALS
    inner = [_most_decimals(part) for part in _parts(tree)]
    return sum(inner) if isinstance(tree, exp.Mul) else max(inner, default=0)


COLUMN_DECIMALS = 6


def _decimal(node: exp.Expression) -> exp.Expression:
    return exp.TryCast(this=node, to=exp.DataType.build("decimal(30, 9)"))


def _flags(node: exp.Expression) -> dict[str, Any]:
    return {k: v for k, v in node.args.items() if k in ("typed", "safe")}


# Comparisons

_MIRRORED: dict[type[exp.Expression], type[exp.Binary]] = {
    exp.LT: exp.GT, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.GTE: exp.LTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ,
}  # fmt: skip


def _exactly(node: exp.Expression) -> exp.Expression:
    """A comparison of products and quotients, multiplied out; in doubles where its decimals overflow."""
    if not isinstance(node, (*_MIRRORED, exp.Between, exp.In)) or not _is_composed(node):
        return node
    if isinstance(node, (exp.Between, exp.In)):
        joiner = exp.Or if isinstance(node, exp.In) else exp.And
        parts: list[exp.Expression] = [_exactly(part) for part in comparisons(node)]
        return exp.Paren(this=reduce(lambda a, b: joiner(this=a, expression=b), parts))
    in_doubles = _bottom_up(node.copy(), _on_doubles)
    if _decimals_of_product(node) > 38:
        return in_doubles
    return exp.Coalesce(this=exp.Try(this=_multiplied(node)), expressions=[in_doubles])


def _is_composed(node: exp.Expression) -> bool:
    """Does a comparison divide, or multiply columns? Sums over the catalogue are left as they are."""
    if node.find(*AGGREGATES):
        return False
    return any(
        isinstance(part, exp.Div) or (part.this.find(exp.Column) and part.expression.find(exp.Column))
        for part in node.find_all(exp.Mul, exp.Div)
    )


def _decimals_of_product(node: exp.Expression) -> int:
    """An upper bound of the decimals of all that may be multiplied in a comparison, columns having up to six."""
    numbers = sum(_decimals(n) for n in node.find_all(exp.Literal) if not n.is_string)
    return numbers + COLUMN_DECIMALS * len(list(node.find_all(exp.Column)))


def _on_doubles(node: exp.Expression) -> exp.Expression:
    if not isinstance(node, (exp.Mul, exp.Div)):
        return node
    left, right = exp.cast(node.this, "double"), exp.cast(node.expression, "double")
    return type(node)(this=left, expression=right, **_flags(node))


def _multiplied(node: exp.Expression) -> exp.Expression:
    """a / b ⋈ c / d as a·d ⋈ c·b, turned where b·d is negative; NULL where a divisor is zero."""
    left, right = _fraction(node.this), _fraction(node.expression)
    bottom = multiply(left.bottom, right.bottom)
    upright = type(node)(
        this=exp.Paren(this=tree_of(multiply(left.top, right.bottom))),
        expression=exp.Paren(this=tree_of(multiply(right.top, left.bottom))),
    )
    turned = cast(exp.Expression, _MIRRORED[type(node)](this=upright.this.copy(), expression=upright.expression.copy()))
    if isinstance(bottom, Fraction) and not left.nonzero + right.nonzero:
        return upright if bottom > 0 else turned if bottom < 0 else exp.Null()
    zero = exp.Literal.number(0)
    needed: list[exp.Expression] = [exp.NEQ(this=d, expression=zero) for d in left.nonzero + right.nonzero]
    whole = exp.Paren(this=tree_of(bottom))
    tests: list[tuple[exp.Expression, exp.Expression]] = [
        (exp.GT(this=whole, expression=zero), upright),
        (exp.LT(this=whole.copy(), expression=zero), turned),
    ]
    cases = [exp.If(this=reduce(_and, needed, test).copy(), true=then) for test, then in tests]
    return exp.Case(ifs=cases)


def _and(a: exp.Expression, b: exp.Expression) -> exp.Expression:
    return exp.And(this=a, expression=b)


@dataclass(frozen=True)
class _Fraction:
    """top / bottom, and what else was divided by and must not be zero."""

    top: Value
    bottom: Value = ONE
    nonzero: tuple[exp.Expression, ...] = ()


def _fraction(tree: exp.Expression) -> _Fraction:
    tree = bare(tree)
    number = number_of(tree)
    if number is not None:
        return _Fraction(number)
    if isinstance(tree, exp.Neg):
        inner = _fraction(tree.this)
        return _Fraction(negate(inner.top), inner.bottom, inner.nonzero)
    if isinstance(tree, exp.Abs) and tree.find(exp.Div):
        inner = _fraction(tree.this)
        return _Fraction(_absolute(inner.top), _absolute(inner.bottom), inner.nonzero)
    if not isinstance(tree, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
        return _Fraction(tree.copy())
    return _combined(tree, _fraction(tree.this), _fraction(tree.expression))


def _combined(tree: exp.Expression, a: _Fraction, b: _Fraction) -> _Fraction:
    nonzero = a.nonzero + b.nonzero
    if isinstance(tree, exp.Mul):
        return _Fraction(multiply(a.top, b.top), multiply(a.bottom, b.bottom), nonzero)
    if isinstance(tree, exp.Div):
        moved = () if isinstance(b.bottom, Fraction) and b.bottom != 0 else (tree_of(b.bottom),)
        return _Fraction(multiply(a.top, b.bottom), multiply(a.bottom, b.top), nonzero + moved)
    other = negate(b.top) if isinstance(tree, exp.Sub) else b.top
    if a.bottom == b.bottom:
        return _Fraction(add(a.top, other), a.bottom, nonzero)
    top = add(multiply(a.top, b.bottom), multiply(other, a.bottom))
    return _Fraction(top, multiply(a.bottom, b.bottom), nonzero)


def _absolute(value: Value) -> Value:
    return abs(value) if isinstance(value, Fraction) else exp.Abs(this=value.copy())


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
