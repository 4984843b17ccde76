"""The kind of every part of a rule: numbers with numbers, text with text, dates with dates; nothing is converted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from sqlglot import exp

from alignment.errors import RuleError

Kind = Literal["number", "text", "date", "bool", "null"]

_SAID = {"number": "a number", "text": "text", "date": "a date", "bool": "a condition", "null": "null"}
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
_ORDER = (exp.LT, exp.LTE, exp.GT, exp.GTE)
_NUMERIC_FUNCTIONS = (exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Ln, exp.Exp, exp.Sqrt, exp.Neg)
_DATE_PARTS = (exp.Year, exp.Quarter, exp.Month, exp.Week, exp.Day, exp.DayOfWeek)


def kind_of(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    """The kind of a resolved tree; RuleError where kinds are mixed."""
    for types, rule in _RULES:
        if isinstance(tree, types):
            return rule(tree, kinds)
    raise RuleError(f"'{tree.sql('duckdb')}' cannot stand here", "compare numbers, text or dates")


def _need(node: exp.Expression, kinds: Mapping[str, Kind], wanted: Kind, for_what: str) -> None:
    found = kind_of(node, kinds)
    if found not in (wanted, "null"):
        hint = "write date '2026-03-01' for a date" if wanted == "date" or found == "date" else "nothing is converted"
        raise RuleError(f"{for_what} needs {_SAID[wanted]}, and '{shown(node)}' is {_SAID[found]}", hint)


def shown(node: exp.Expression) -> str:
    """A part of a rule as a person would write it."""
    copy = node.copy()
    for identifier in copy.find_all(exp.Identifier):
        if identifier.name.isidentifier():
            identifier.set("quoted", False)
    text = str(copy.sql("duckdb"))
    return text if len(text) <= 60 else text[:57] + "…"


def _same(nodes: list[exp.Expression], kinds: Mapping[str, Kind], for_what: str) -> Kind:
    found: Kind = "null"
    first: exp.Expression | None = None
    for node in nodes:
        kind = kind_of(node, kinds)
        if kind == "null":
            continue
        if first is not None and kind != found:
            dates = "date" in (kind, found)
            hint = "write date '2026-03-01' for a date" if dates else "nothing is converted"
            said = f"'{shown(first)}' is {_SAID[found]} and '{shown(node)}' is {_SAID[kind]}"
            raise RuleError(f"{for_what} mixes kinds: {said}", hint)
        first, found = node, kind
    return found


def _comparison(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    kind = _same([tree.this, tree.expression], kinds, "a comparison")
    if isinstance(tree, _ORDER) and kind == "bool":
        raise RuleError(f"'{shown(tree)}' orders conditions", "conditions are compared with = only")
    return "bool"


def _arithmetic(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    for side in (tree.this, tree.expression):
        _need(side, kinds, "number", "arithmetic")
    return "number"


def _logic(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, (exp.And, exp.Or)):
            todo += [node.expression, node.this]
        else:
            _need(node, kinds, "bool", "and, or and not")
    return "bool"


def _not(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    _need(tree.this, kinds, "bool", "not")
    return "bool"


def _between(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    kind = _same([tree.this, tree.args["low"], tree.args["high"]], kinds, "between")
    if kind == "bool":
        raise RuleError(f"'{shown(tree)}' orders conditions", "conditions are compared with = only")
    return "bool"


def _in(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    _same([tree.this, *tree.expressions], kinds, "`in`")
    return "bool"


def _like(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    for side in (tree.this, tree.expression):
        _need(side, kinds, "text", "like")
    return "bool"


def _is_null(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    kind_of(tree.this, kinds)
    return "bool"


def _case(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    for branch in tree.args["ifs"]:
        if tree.this:
            _same([tree.this, branch.this], kinds, "case")
        else:
            _need(branch.this, kinds, "bool", "when")
    values = [branch.args["true"] for branch in tree.args["ifs"]]
    default = tree.args.get("default")
    return _same([*values, *([default] if default else [])], kinds, "case")


def _same_arguments(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    others = [tree.expression] if isinstance(tree, exp.Nullif) else tree.expressions
    return _same([tree.this, *others], kinds, type(tree).__name__.lower())


def _numeric(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    _need(tree.this, kinds, "number", "a minus sign" if isinstance(tree, exp.Neg) else type(tree).__name__.lower())
    return "number"


def _text(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    _need(tree.this, kinds, "text", type(tree).__name__.lower())
    return "number" if isinstance(tree, exp.Length) else "text"


def _date_part(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    _need(tree.expression if isinstance(tree, exp.Extract) else tree.this, kinds, "date", "a date part")
    return "number"


def _aggregate(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    if isinstance(tree, exp.Count):
        if not isinstance(tree.this, exp.Star):
            kind_of(tree.this, kinds)
        return "number"
    if isinstance(tree, (exp.Min, exp.Max)):
        return kind_of(tree.this, kinds)
    _need(tree.this, kinds, "number", type(tree).__name__.lower())
    return "number"


def _filter(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    _need(tree.expression.this, kinds, "bool", "filter")
    return kind_of(tree.this, kinds)


def _literal(tree: exp.Expression, kinds: Mapping[str, Kind]) -> Kind:
    return "text" if tree.is_string else "number"


_Typing = Callable[[exp.Expression, Mapping[str, Kind]], Kind]
_RULES: tuple[tuple[type[exp.Expression] | tuple[type[exp.Expression], ...], _Typing], ...] = (
    (exp.Column, lambda t, k: k[t.name]),
    (exp.Literal, _literal),
    (exp.Paren, lambda t, k: kind_of(t.this, k)),
    (exp.Boolean, lambda t, k: "bool"),
    (exp.Null, lambda t, k: "null"),
    (exp.Cast, lambda t, k: "date"),
    ((*_ORDER, exp.EQ, exp.NEQ), _comparison),
    ((exp.And, exp.Or), _logic),
    (exp.Not, _not),
    (_ARITHMETIC, _arithmetic),
    (exp.Between, _between),
    (exp.In, _in),
    (exp.Like, _like),
    (exp.Is, _is_null),
    (exp.Case, _case),
    ((exp.Coalesce, exp.Least, exp.Greatest, exp.Nullif), _same_arguments),
    (_NUMERIC_FUNCTIONS, _numeric),
    ((exp.Lower, exp.Upper, exp.Length), _text),
    ((*_DATE_PARTS, exp.Extract), _date_part),
    ((exp.Sum, exp.Avg, exp.Count, exp.Min, exp.Max), _aggregate),
    (exp.Filter, _filter),
)
