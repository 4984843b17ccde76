"""Reads the text of a rule into a checked tree: one SQL condition of allowed parts over known names, typed, of bounded size.

Text is never passed on: what is executed is rendered again from the tree (see `render`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokens import Token, TokenType

from alignment.errors import RuleError
from alignment.initiative.references import closest
from alignment.rules.types import Kind, kind_of

LONGEST = 2_000
DEEPEST = 40
MOST_DIGITS = 30
LARGEST = Decimal("1e30")

Family = Literal["item", "pair", "aggregate"]

AGGREGATES = (exp.Sum, exp.Avg, exp.Count, exp.Min, exp.Max)

_ALLOWED: tuple[type[exp.Expression], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Neg, exp.Star, exp.Var,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod,
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Like, exp.Is,
    exp.And, exp.Or, exp.Not, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Abs, exp.Round, exp.Floor, exp.Ceil,
    exp.Least, exp.Greatest, exp.Ln, exp.Exp, exp.Sqrt, exp.Lower, exp.Upper, exp.Length,
    exp.Year, exp.Quarter, exp.Month, exp.Week, exp.Day, exp.DayOfWeek, exp.Extract,
    exp.Filter, exp.Where, exp.Cast, exp.DataType, *AGGREGATES,
)  # fmt: skip

_CALLABLE = frozenset(
    "coalesce nullif abs round floor ceil ceiling least greatest ln exp sqrt lower upper length sum avg count min max "
    "year quarter month week day dayofweek extract".split()
)
_BEFORE_PAREN = frozenset("in and or not where filter when then else between like case is from".split())
_FUNCTIONS = (
    "coalesce, nullif, abs, round, floor, ceil, least, greatest, ln, exp, sqrt, lower, upper, length, "
    "date parts, and sum, avg, count, min, max"
)


@dataclass(frozen=True)
class Schema:
    """What a rule may name: catalogue columns and levers with their kinds."""

    columns: Mapping[str, Kind]
    levers: Mapping[str, Kind] = field(default_factory=dict)

    def kinds(self) -> dict[str, Kind]:
        """All names with their kinds; a lever hides a column of its name."""
        return {**self.columns, **self.levers}


@dataclass(frozen=True)
class Rule:
    """A rule that was parsed and checked; trees are sqlglot's, with every name as the schema spells it."""

    text: str
    tree: exp.Expression
    scope: exp.Expression | None
    family: Family
    levers: tuple[str, ...]
    columns: tuple[str, ...]


def parse_rule(text: str, schema: Schema, where: str | None = None, pairs: bool = False) -> Rule:
    """The rule of a text, with its scope; `pairs` says that the constraint pairs items.

    Raises RuleError with one sentence on what was found and what would be valid.
    """
    tree = _parsed(text, schema, "rule")
    if kind_of(tree, schema.kinds()) not in ("bool", "null"):
        raise RuleError("the rule is not a condition", "compare something, such as price >= cost * 1.08")
    scope = parse_condition(where, Schema(schema.columns), "scope", schema.levers) if where else None
    family = _family(tree, schema, pairs)
    names = _names(tree)
    return Rule(
        text, tree, scope, family,
        levers=tuple(sorted(n for n in names if n in schema.levers)),
        columns=tuple(sorted({n for n in names if n not in schema.levers} | (_names(scope) if scope else set()))),
    )  # fmt: skip


def parse_condition(
    text: str, schema: Schema, what: str = "condition", refused: Mapping[str, Kind] | None = None
) -> exp.Expression:
    """The tree of a condition over columns alone, such as a scope or a backstop's `when`.

    `refused` are levers that may not be named here. Raises RuleError.
    """
    tree = _parsed(text, Schema(schema.columns, {**schema.levers, **(refused or {})}), what)
    for name in sorted(_names(tree) & set(refused or ())):
        raise RuleError(f"the {what} names the lever '{name}'", "a scope speaks about columns; move it into the rule")
    if any(True for _ in tree.find_all(*AGGREGATES)):
        raise RuleError(f"the {what} has an aggregate", "aggregates stand in rules only")
    _refuse_prefixes(tree, what)
    if kind_of(tree, schema.kinds()) not in ("bool", "null"):
        raise RuleError(f"the {what} is not a condition", "compare something, such as category <> 'clearance'")
    return tree


def parse_expression(text: str, schema: Schema, what: str = "expression") -> exp.Expression:
    """The tree of a numeric expression, such as an objective over metrics. Raises RuleError."""
    tree = _parsed(text, schema, what)
    _refuse_prefixes(tree, what)
    if kind_of(tree, schema.kinds()) not in ("number", "null"):
        raise RuleError(f"the {what} is not a number", "write arithmetic over metrics, such as revenue - 0.2 * returns")
    return tree


def conjuncts(tree: exp.Expression, joiner: type[exp.Connector] = exp.And) -> list[exp.Expression]:
    """Members of a chain of `and` (or `or`), parentheses removed, from left to right."""
    found: list[exp.Expression] = []
    todo = [tree]
    while todo:
        node = todo.pop()
        while isinstance(node, exp.Paren):
            node = node.this
        if isinstance(node, joiner):
            todo += [node.expression, node.this]
        else:
            found.append(node)
    return found


def _parsed(text: str, schema: Schema, what: str) -> exp.Expression:
    if len(text) > LONGEST:
        raise RuleError(f"the {what} is {len(text):,} characters long", f"write at most {LONGEST:,}")
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text):
        raise RuleError(f"the {what} has a control character", "remove it")
    tokens = _tokens(text, what)
    _check_tokens(tokens, what)
    try:
        trees = sqlglot.parse(text, read="duckdb")
        if len(trees) != 1 or trees[0] is None:
            raise RuleError(
                f"the {what} is {'empty' if not any(trees) else 'more than one statement'}", "write one condition"
            )
        tree = trees[0]
        _check_nodes(tree, what)
        if _depth(tree) > DEEPEST:
            raise RuleError(f"the {what} is nested more than {DEEPEST} deep", "split it into several rules")
        return _resolved(tree, schema, what)
    except ParseError as error:
        raise RuleError(_parse_message(error, what), "write one SQL condition, such as price >= cost * 1.08") from None
    except RecursionError:
        raise RuleError(f"the {what} is nested more than {DEEPEST} deep", "split it into several rules") from None


def _tokens(text: str, what: str) -> list[Token]:
    try:
        return sqlglot.tokenize(text, read="duckdb")
    except TokenError:
        raise RuleError(f"the {what} cannot be read", "check quotes: text stands in single ones, 'like this'") from None


def _check_tokens(tokens: list[Token], what: str) -> None:
    depth = 0
    for i, token in enumerate(tokens):
        if token.comments:
            raise RuleError(f"the {what} has a comment", "write the reason in its own field")
        if token.token_type in (TokenType.L_PAREN, TokenType.R_PAREN):
            depth += 1 if token.token_type == TokenType.L_PAREN else -1
            if depth > DEEPEST:
                raise RuleError(f"the {what} is nested more than {DEEPEST} deep", "split it into several rules")
        if token.token_type == TokenType.NUMBER:
            _check_number(token.text, what)
        if token.token_type == TokenType.DCOLON or token.text.lower() in ("cast", "try_cast"):
            raise RuleError(f"the {what} has a cast", "types are never converted; compare like with like")
        follows = tokens[i + 1].token_type if i + 1 < len(tokens) else None
        word = token.text.lower()
        if follows == TokenType.L_PAREN and re.fullmatch(r"[a-z_]\w*", word) and token.token_type != TokenType.STRING:
            if word not in _CALLABLE and word not in _BEFORE_PAREN:
                raise RuleError(f"the function '{word}' is not allowed", f"functions are {_FUNCTIONS}")


def _check_number(text: str, what: str) -> None:
    digits = sum(c.isdigit() for c in text)
    try:
        value = Decimal(text.replace("_", ""))
    except InvalidOperation:
        raise RuleError(f"'{text}' is not a number", "write digits with a decimal point") from None
    if digits > MOST_DIGITS or abs(value) > LARGEST or value.adjusted() < -40:
        raise RuleError(f"the {what} has a number that is too long or too large", "write at most 30 digits, up to 1e30")


def _parse_message(error: ParseError, what: str) -> str:
    near = error.errors[0].get("highlight") if error.errors else None
    return f"the {what} cannot be read near '{near}'" if near else f"the {what} cannot be read"


_NODE_NAMES = {
    exp.Subquery: "a subquery", exp.Select: "a subquery", exp.Window: "a window function", exp.Lambda: "a lambda",
    exp.Anonymous: "a function that is not allowed", exp.Placeholder: "a parameter", exp.Parameter: "a parameter",
    exp.IntDiv: "integer division", exp.Pow: "a power", exp.DPipe: "text joining", exp.Interval: "an interval of time",
    exp.Distinct: "distinct", exp.Tuple: "a list outside `in`", exp.Exists: "a subquery", exp.Bracket: "brackets",
    exp.Dot: "a dotted name", exp.ILike: "ilike", exp.Escape: "escape",
}  # fmt: skip


def _check_nodes(tree: exp.Expression, what: str) -> None:
    for node in tree.walk():
        if not isinstance(node, _ALLOWED) or type(node) not in _ALLOWED:
            name = next((said for kind, said in _NODE_NAMES.items() if isinstance(node, kind)), None)
            said = name or f"something that is not allowed ({type(node).__name__.lower()})"
            raise RuleError(f"the {what} has {said}", f"allowed are comparisons, arithmetic, and {_FUNCTIONS}")
        _check_shape(node, what)


def _check_shape(node: exp.Expression, what: str) -> None:
    if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
        raise RuleError(f"the {what} has a star outside count(*)", "name the column")
    if isinstance(node, exp.Cast):
        _check_date(node, what)
    if isinstance(node, exp.In) and (node.args.get("query") or node.args.get("unnest") or node.args.get("field")):
        raise RuleError(f"the {what} has a subquery", "list the values: in ('a', 'b')")
    if isinstance(node, exp.Is) and not isinstance(node.expression, exp.Null):
        raise RuleError(
            f"the {what} has `is` before something other than null", "write is null, or a comparison with ="
        )
    if isinstance(node, exp.Between) and node.args.get("symmetric"):
        raise RuleError(f"the {what} has between symmetric", "write the lower end first")
    if isinstance(node, exp.Round) and node.args.get("decimals") is not None:
        if not (isinstance(node.args["decimals"], exp.Literal) and node.args["decimals"].name.isdigit()):
            raise RuleError("round takes a whole number of decimals", "such as round(price, 2)")
    if isinstance(node, exp.Extract) and node.this.name.lower() not in (
        "year",
        "quarter",
        "month",
        "week",
        "day",
        "dow",
    ):
        raise RuleError(f"'{node.this.name}' is not a date part", "parts are year, quarter, month, week, day, dow")
    if isinstance(node, (exp.Min, exp.Max)) and node.args.get("expressions"):
        raise RuleError("min and max take one expression", "use least or greatest for several")
    if isinstance(node, AGGREGATES):
        _check_aggregate(node, what)


def _check_aggregate(node: exp.Expression, what: str) -> None:
    if node.find_ancestor(*AGGREGATES):
        raise RuleError(f"the {what} has an aggregate inside an aggregate", "write two rules")


def _check_date(node: exp.Cast, what: str) -> None:
    to = node.to
    if not (isinstance(node.this, exp.Literal) and node.this.is_string and to.this == exp.DataType.Type.DATE):
        raise RuleError(f"the {what} has a cast", "types are never converted; compare like with like")
    try:
        date.fromisoformat(node.this.name)
    except ValueError:
        raise RuleError(f"'{node.this.name}' is not a date", "write date '2026-03-01'") from None


def _depth(tree: exp.Expression) -> int:
    deepest = 0
    todo: list[tuple[exp.Expression, int]] = [(tree, 1)]
    while todo:
        node, depth = todo.pop()
        deepest = max(deepest, depth)
        for child in _children(node):
            chained = isinstance(node, (exp.And, exp.Or)) and type(child) is type(node)
            todo.append((child, depth if chained else depth + 1))
    return deepest


def _children(node: exp.Expression) -> Iterator[exp.Expression]:
    for child in node.iter_expressions():
        if not isinstance(child, (exp.Identifier, exp.DataType, exp.Var)):
            yield child


def _resolved(tree: exp.Expression, schema: Schema, what: str) -> exp.Expression:
    kinds = schema.kinds()
    folded: dict[str, list[str]] = {}
    for name in kinds:
        folded.setdefault(name.lower(), []).append(name)
    for column in list(tree.find_all(exp.Column)):
        prefix = column.table.lower()
        if column.args.get("db") or column.args.get("catalog") or prefix not in ("", "lower", "upper"):
            raise RuleError(
                f"'{column.sql('duckdb')}' is not a name here", "write the column alone, or lower./upper. in pairs"
            )
        name = _spelled(column.name, kinds, folded)
        if name is None:
            raise RuleError(f"'{column.name}' is not a column of the catalogue", closest(column.name, kinds, "names"))
        column.set("this", exp.to_identifier(name, quoted=True))
        if prefix:
            column.set("table", exp.to_identifier(prefix))
    return tree


def _spelled(word: str, kinds: Mapping[str, Kind], folded: Mapping[str, list[str]]) -> str | None:
    if word in kinds:
        return word
    same = folded.get(word.lower(), [])
    return same[0] if len(same) == 1 else None


def _names(tree: exp.Expression) -> set[str]:
    return {c.name for c in tree.find_all(exp.Column)}


def _refuse_prefixes(tree: exp.Expression, what: str) -> None:
    if any(c.table for c in tree.find_all(exp.Column)):
        raise RuleError(f"the {what} has lower. or upper.", "these stand in pair rules only")


def _family(tree: exp.Expression, schema: Schema, pairs: bool) -> Family:
    columns = list(tree.find_all(exp.Column))
    prefixed = [c for c in columns if c.table]
    lever_aggregates = [
        node for node in tree.find_all(*AGGREGATES)
        if any(c.name in schema.levers for c in (node.parent if isinstance(node.parent, exp.Filter) else node).find_all(exp.Column))
    ]  # fmt: skip
    if prefixed and not pairs:
        raise RuleError(
            "the rule has lower. or upper. but the constraint has no pairs", "add pairs: {within: […], order: …}"
        )
    if prefixed:
        bare = [c for c in columns if not c.table and not c.find_ancestor(*AGGREGATES)]
        if bare:
            raise RuleError(
                f"'{bare[0].name}' has no lower. or upper.", f"write lower.{bare[0].name} or upper.{bare[0].name}"
            )
        if lever_aggregates:
            raise RuleError("the rule mixes pairs and aggregates of a lever", "write two rules")
        return "pair"
    if pairs:
        raise RuleError(
            "the constraint has pairs but the rule has no lower. or upper.", "such as upper.price >= lower.price"
        )
    if not lever_aggregates:
        return "item"
    outside = [c for c in columns if not c.find_ancestor(*AGGREGATES, exp.Filter)]
    if outside:
        raise RuleError(
            f"'{outside[0].name}' stands outside the aggregate", "move it inside, into per, or into the scope"
        )
    return "aggregate"
