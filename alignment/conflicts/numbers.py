"""The numbers of a rule that its team can move: where each stands in the author's text, and what it does in the tree.

A number is marked by a name of its own, so that a rule can be evaluated, and checked on a catalogue, for any value of
it. A bound without a number gets a factor (1) or an offset (0) that can be moved like one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from alignment.catalogue.reading import Catalogue
from alignment.errors import RuleError
from alignment.rules.algebra import bare, decimal_text, number_of
from alignment.rules.parse import AGGREGATES, Rule, Schema, parse_rule
from alignment.rules.render import comparisons
from alignment.rules.ruleset import bind_aggregates

MARKED = "accord number"

Kind = Literal["bound", "factor", "addend", "added factor", "added offset"]
COMPARISONS = (exp.LT, exp.LTE, exp.GT, exp.GTE, exp.EQ, exp.NEQ)


@dataclass(frozen=True)
class OwnNumber:
    """A number of a rule: it stands from `start` to `end` in the author's text, and as `name` in the trees.

    tree: the rule. comparison: the innermost comparison around the number, which can be evaluated at any value of it.
    decimals: as written. in_lever_units: does it count in the lever's unit? negated: does a minus sign stand before it?
    """

    name: str
    kind: Kind
    value: Fraction
    decimals: int
    start: int
    end: int
    tree: exp.Expression
    comparison: exp.Expression
    in_lever_units: bool
    negated: bool = False

    def written(self, value: Fraction, decimals: int, text: str) -> str:
        """What stands in the place of the number in `text`: with its sign, and its operation where it is added."""
        digits = fixed(abs(value), decimals)
        if self.kind == "added factor":
            return f" * {digits}" if value >= 0 else f" * (-{digits})"
        if self.kind == "added offset":
            return f" {'+' if value >= 0 else '-'} {digits}"
        if value >= 0:
            return digits
        return f"(-{digits})" if text[: self.start].rstrip()[-1:] in ("*", "/") else f"-{digits}"


def fixed(value: Fraction, decimals: int) -> str:
    """A number that is not negative with so many decimals; it must have no more."""
    text = decimal_text(value)
    whole, _, part = text.partition(".")
    return f"{whole}.{part.ljust(decimals, '0')}" if decimals else whole


@dataclass(frozen=True)
class Reader:
    """What is needed to read a changed text of a rule as the rule itself was read."""

    schema: Schema
    catalogue: Catalogue

    def rule(self, text: str, like: Rule) -> Rule | None:
        """The rule of a text, of the family of another and in its scope; None where it cannot be read."""
        try:
            read = parse_rule(text, self.schema, pairs=like.family == "pair")
        except RuleError:
            return None
        if read.family != like.family:
            return None
        read = replace(read, scope=like.scope)
        return bind_aggregates(read, self.catalogue) if read.family == "item" else read


def own_numbers(id: str, rule: Rule, reader: Reader) -> list[OwnNumber]:
    """Numbers that move a bound, the likeliest first: the bound itself, factors, addends, in order of the text."""
    places = [
        _Place("bound", token.start, token.end + 1, f"{id} {i}")
        for i, token in enumerate(sqlglot.tokenize(rule.text, read="duckdb"))
        if token.token_type == TokenType.NUMBER
    ]
    found = [number for place in places if (number := _literal(rule, reader, place)) is not None]
    return sorted(found, key=_rank)


def added_numbers(id: str, rule: Rule, reader: Reader) -> list[OwnNumber]:
    """A factor, then an offset, for each bound that has no number: in the place right behind it in the text."""
    tokens = sqlglot.tokenize(rule.text, read="duckdb")
    ends = [(token, after) for token, after in zip(tokens, [*tokens[1:], None], strict=True) if _may_end(token)]
    kinds: tuple[Kind, ...] = ("added factor", "added offset")
    places = [
        _Place(kind, token.end + 1, token.end + 1, f"{id} {i}")
        for kind in kinds
        for i, (token, after) in enumerate(ends)
        if _may_end_a_side(token, after, () if rule.family == "pair" else rule.levers)
    ]
    return [number for place in places if (number := _added(rule, reader, place)) is not None]


def text_with(text: str, values: Sequence[tuple[OwnNumber, Fraction, int]]) -> str:
    """The author's text with numbers replaced by values of so many decimals; the rest stays as it was written."""
    for number, value, decimals in sorted(values, key=lambda v: v[0].start, reverse=True):
        before, written = text[: number.start], number.written(value, decimals, text)
        if written.startswith("-") and before.rstrip()[-1:] in ("+", "-"):
            before, written = _turned(before), written[1:]
        text = before + written + text[number.end :]
    return text


def rule_with(rule: Rule, number: OwnNumber, value: Fraction, decimals: int, text: str) -> Rule:
    """The rule that `text` says: the one of a number with a value put in its place, which is not negative."""
    root = exp.Paren(this=number.tree.copy())
    column = next(c for c in root.find_all(exp.Column) if c.name == number.name)
    column.replace(exp.Literal.number(fixed(value, decimals)))
    return replace(rule, text=text, tree=root.this)


def _turned(before: str) -> str:
    """The text up to a number with the sign before it turned round."""
    at = len(before.rstrip()) - 1
    return before[:at] + ("-" if before[at] == "+" else "+") + before[at + 1 :]


def marked_rule(rule: Rule, numbers: Sequence[OwnNumber], reader: Reader) -> Rule | None:
    """The rule with several of its numbers turned into their names; None where that cannot be read."""
    text = rule.text
    for i, number in sorted(enumerate(numbers), key=lambda n: n[1].start, reverse=True):
        text = text[: number.start] + _operation(number.kind) + _mark(i) + text[number.end :]
    read = reader.rule(text, rule)
    if read is None:
        return None
    root = exp.Paren(this=read.tree.copy())
    for i, number in enumerate(numbers):
        found = [n for n in root.find_all(exp.Literal) if not n.is_string and n.name == _mark(i)]
        if len(found) != 1:
            return None
        found[0].replace(exp.column(number.name, quoted=True))
    return replace(read, text=rule.text, tree=root.this, columns=(*read.columns, *(n.name for n in numbers)))


@dataclass(frozen=True)
class _Place:
    """A place in a rule's text where a number stands, or could."""

    kind: Kind
    start: int
    end: int
    name: str


def _mark(i: int) -> str:
    return f"{770077007700 + i}.5"


def _operation(kind: Kind) -> str:
    return " * " if kind == "added factor" else " + " if kind == "added offset" else ""


def _rank(number: OwnNumber) -> int:
    plain_one = number.kind == "addend" and number.value in (1, 100)
    return 3 if plain_one else ("bound", "factor", "addend").index(number.kind)


def _literal(rule: Rule, reader: Reader, place: _Place) -> OwnNumber | None:
    marked = _marked(rule, reader, place)
    if marked is None:
        return None
    tree, column = marked
    comparison = _comparison_around(column, rule.levers)
    kind = None if comparison is None else _kind(column)
    if comparison is None or kind is None:
        return None
    written = Decimal(rule.text[place.start : place.end].replace("_", ""))
    decimals = max(0, -int(written.as_tuple().exponent))
    units = _in_lever_units(column, comparison, rule.levers)
    return OwnNumber(
        column.name, kind, Fraction(written), decimals, place.start, place.end, tree, comparison, units,
        isinstance(column.parent, exp.Neg),
    )  # fmt: skip


def _marked(rule: Rule, reader: Reader, place: _Place) -> tuple[exp.Expression, exp.Column] | None:
    """The tree of the rule with a name in the place of the number, and that name's node."""
    text = rule.text[: place.start] + _operation(place.kind) + _mark(0) + rule.text[place.end :]
    read = reader.rule(text, rule)
    if read is None:
        return None
    root = exp.Paren(this=read.tree.copy())
    mark = next((n for n in root.find_all(exp.Literal) if not n.is_string and n.name == _mark(0)), None)
    if mark is None:
        return None
    column = exp.column(f"{MARKED} {place.kind} {place.name}", quoted=True)
    mark.replace(column)
    return root.this, column


def _comparison_around(column: exp.Expression, levers: Sequence[str]) -> exp.Expression | None:
    """The comparison that the number takes part in, and the lever too; a side of `between` as one of its own."""
    node: exp.Expr = column
    while node.parent is not None:
        inside, node = node, node.parent
        if isinstance(node, (exp.Mod, exp.In, exp.Nullif, exp.Round, exp.Floor, exp.Ceil, exp.Filter, *AGGREGATES)):
            return None
        if isinstance(node, exp.Between):
            if inside.arg_key == "this":
                return None
            low, high = comparisons(node)
            return _with_lever(low if inside.arg_key == "low" else high, levers)
        if isinstance(node, COMPARISONS):
            return _with_lever(node, levers)
    return None


def _with_lever(comparison: exp.Expression, levers: Sequence[str]) -> exp.Expression | None:
    if not levers:
        return comparison
    if comparison.find(exp.Mod):
        return None
    return comparison if any(c.name in levers for c in comparison.find_all(exp.Column)) else None


def _kind(column: exp.Expression) -> Kind | None:
    """None for a number inside abs(…): it moves the middle, not the width."""
    if isinstance(column.find_ancestor(exp.Abs, *COMPARISONS, exp.Between), exp.Abs):
        return None
    if _is_side(column):
        return "bound"
    parent = _outer(column).parent
    return "factor" if isinstance(parent, (exp.Mul, exp.Div)) or _beside_one(column) else "addend"


def _outer(node: exp.Expr) -> exp.Expr:
    while isinstance(node.parent, (exp.Paren, exp.Neg)):
        node = node.parent
    return node


def _is_side(column: exp.Expression) -> bool:
    return isinstance(_outer(column).parent, (*COMPARISONS, exp.Between))


def _beside_one(column: exp.Expression) -> bool:
    """0.12 in `1 - 0.12` or `1 + 0.08`."""
    parent = _outer(column).parent
    if not isinstance(parent, (exp.Add, exp.Sub)):
        return False
    other = parent.this if _outer(column).arg_key == "expression" else parent.expression
    return number_of(other) in (Fraction(1), Fraction(100))


def _in_lever_units(column: exp.Expression, comparison: exp.Expression, levers: Sequence[str]) -> bool:
    """Is the lever alone on the other side, and the number the bound or an addend to it?"""
    sides = [bare(comparison.this), bare(comparison.expression)]
    alone = any(isinstance(s, exp.Column) and s.name in levers for s in sides)
    node = _outer(column)
    while isinstance(node.parent, (exp.Add, exp.Sub, exp.Paren, exp.Neg, exp.Least, exp.Greatest, exp.Coalesce)):
        node = node.parent
    return alone and isinstance(node.parent, (*COMPARISONS, exp.Between))


_ENDS = (TokenType.VAR, TokenType.R_PAREN, TokenType.IDENTIFIER)


def _may_end(token: Token) -> bool:
    return token.token_type in _ENDS or token.text.replace("_", "a").isalnum()


def _may_end_a_side(token: Token, after: Token | None, levers: Sequence[str]) -> bool:
    """May a side of a comparison that has no lever in it end with a token, before another?"""
    if token.text.lower() in [name.lower() for name in levers]:
        return False
    return after is None or after.token_type not in _GOES_ON


_GOES_ON = (
    TokenType.PLUS, TokenType.DASH, TokenType.STAR, TokenType.SLASH, TokenType.MOD, TokenType.COMMA, TokenType.DOT,
    TokenType.L_PAREN, TokenType.VAR, TokenType.IDENTIFIER, TokenType.NUMBER, TokenType.STRING,
)  # fmt: skip


def _added(rule: Rule, reader: Reader, place: _Place) -> OwnNumber | None:
    marked = _marked(rule, reader, place)
    if marked is None:
        return None
    tree, column = marked
    whole = column.parent
    if whole is None or not isinstance(_outer(whole).parent, (*COMPARISONS, exp.Between)):
        return None
    if any(c.name in rule.levers for c in whole.find_all(exp.Column)) and not _is_step(whole, rule):
        return None
    if not _changes_only(rule.tree, tree, column, place):
        return None
    comparison = _comparison_around(column, rule.levers)
    if comparison is None or isinstance(comparison, (exp.EQ, exp.NEQ)):
        return None
    start, decimals = (Fraction(1), 2) if place.kind == "added factor" else (Fraction(0), 0)
    units = place.kind == "added offset" and _in_lever_units(column, comparison, rule.levers)
    return OwnNumber(column.name, place.kind, start, decimals, place.start, place.end, tree, comparison, units)


def _is_step(whole: exp.Expr, rule: Rule) -> bool:
    """Is it the right side of a ladder, from which the other side may be given a distance?"""
    side = _outer(whole)
    return rule.family == "pair" and isinstance(side.parent, COMPARISONS) and side.arg_key == "expression"


def _changes_only(was: exp.Expression, now: exp.Expression, column: exp.Column, place: _Place) -> bool:
    """Without the added number, is the tree what it was, and the number not beside one already?"""
    root = exp.Paren(this=now.copy())
    added = next(c for c in root.find_all(exp.Column) if c.name == column.name)
    whole = added.parent
    if not isinstance(whole, exp.Mul if place.kind == "added factor" else exp.Add) or whole.expression is not added:
        return False
    if number_of(whole.this) is not None:
        return False
    whole.replace(whole.this)
    return bool(root.this.sql() == was.sql())
