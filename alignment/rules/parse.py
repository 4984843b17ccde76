"""Reads the text of a rule into a checked tree: one SQL condition of allowed parts, known names and bounded size.

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

_CALLABLE = {
    "coalesce", "nullif", "abs", "round", "floor", "ceil", "ceiling", "least", "greatest", "ln", "exp", "sqrt",
    "lower", "upper", "length", "sum", "avg", "count", "min", "max",
    "year", "quarter", "month", "week", "day", "dayofweek", "extract",
}  # fmt: skip
_BEFORE_PAREN = {
    "in", "and", "or", "not", "where", "filter", "when", "then", "else", "between", "like", "case", "is", "from",
    "over", "exists",
}  # fmt: skip
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
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text.replace("\r\n", "\n")):
        raise RuleError(f"the {what} has a control character", "remove it")
    _check_tokens(_tokens(text, what), what)
    try:
        tree = sqlglot.parse(text, read="duckdb")[0]
    except ParseError as error:
        raise RuleError(_parse_message(error, what), "write one SQL condition, such as price >= cost * 1.08") from None
    except RecursionError:
        raise _too_deep(what) from None
    except Exception:  # the parser stumbles over some texts that are no SQL
        raise RuleError(f"the {what} cannot be read", "write one condition, such as price >= cost * 1.08") from None
    if not isinstance(tree, exp.Expression):
        raise RuleError(f"the {what} is empty", "write one condition, such as price >= cost * 1.08")
    _check_nodes(tree, what)
    if _depth(tree) > DEEPEST:
        raise _too_deep(what)
    return _resolved(tree, schema, what)


def _too_deep(what: str) -> RuleError:
    return RuleError(f"the {what} is nested more than {DEEPEST} deep", "split it into several rules")


def _tokens(text: str, what: str) -> list[Token]:
    try:
        return list(sqlglot.tokenize(text, read="duckdb"))
    except TokenError:
        raise RuleError(f"the {what} cannot be read", "check quotes: text stands in single ones, 'like this'") from None


def _check_tokens(tokens: list[Token], what: str) -> None:
    depth = 0
    for token, after in zip(tokens, [*tokens[1:], None], strict=False):
        if token.token_type in (TokenType.L_PAREN, TokenType.R_PAREN):
            depth += 1 if token.token_type == TokenType.L_PAREN else -1
        if depth > DEEPEST:
            raise _too_deep(what)
        if after is not None and after.token_type == TokenType.L_PAREN:
            _check_called(token)
        _check_token(token, what)


def _check_token(token: Token, what: str) -> None:
    if token.comments:
        raise RuleError(f"the {what} has a comment", "write the reason in its own field")
    if token.token_type == TokenType.SEMICOLON:
        raise RuleError(f"the {what} has a semicolon or more than one statement", "write one condition")
    if token.token_type == TokenType.NUMBER:
        _check_number(token.text, what)
    if token.token_type == TokenType.DCOLON or token.text.lower() in ("cast", "try_cast"):
        raise RuleError(f"the {what} has a cast", "types are never converted; compare like with like")


def _check_called(token: Token) -> None:
    word = token.text.lower()
    is_word = re.fullmatch(r"[a-z_]\w*", word) and token.token_type != TokenType.STRING
    if is_word and word not in _CALLABLE and word not in _BEFORE_PAREN:
        raise RuleError(f"the function '{word}' is not allowed", f"functions are {_FUNCTIONS}")


def _check_number(text: str, what: str) -> None:
    digits = sum(c.isdigit() for c in text)
    try:
        value = Decimal(text.replace("_", ""))
    except InvalidOperation:
        raise RuleError(f"'{text}' is not a number", "write digits with a decimal point") from None
    if digits > MOST_DIGITS or abs(value) > LARGEST or value.adjusted() < -MOST_DIGITS:
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

_ARGUMENTS: dict[type[exp.Expression], set[str]] = {
    exp.Column: {"this", "table", "db", "catalog"},
    exp.Identifier: {"this", "quoted"},
    exp.Literal: {"this", "is_string"},
    exp.DataType: {"this", "nested"},
    exp.Div: {"this", "expression", "typed", "safe"},
    exp.Between: {"this", "low", "high", "symmetric"},
    exp.In: {"this", "expressions", "query", "unnest", "field"},
    exp.Like: {"this", "expression", "negate"},
    exp.Case: {"this", "ifs", "default"},
    exp.If: {"this", "true"},
    exp.Cast: {"this", "to"},
    exp.Round: {"this", "decimals"},
    exp.Count: {"this", "big_int"},
    exp.Coalesce: {"this", "expressions"},
    exp.Least: {"this", "expressions", "ignore_nulls"},
    exp.Greatest: {"this", "expressions", "ignore_nulls"},
}
_PLAIN = {"this", "expression"}


def _check_nodes(tree: exp.Expression, what: str) -> None:
    for node in tree.walk():
        if type(node) not in _ALLOWED:
            name = next((said for kind, said in _NODE_NAMES.items() if isinstance(node, kind)), None)
            said = name or f"something that is not allowed ({type(node).__name__.lower()})"
            raise RuleError(f"the {what} has {said}", f"allowed are comparisons, arithmetic, and {_FUNCTIONS}")
        assert isinstance(node, exp.Expression)
        _check_arguments(node, what)
        _check_shape(node, what)


def _check_arguments(node: exp.Expression, what: str) -> None:
    """Refuses a part with something missing, or with something more than the language knows."""
    word = type(node).__name__.lower()
    empty = isinstance(node, exp.Func) and not isinstance(node, exp.Case) and node.args.get("this") is None
    if empty or node.error_messages():
        raise RuleError(f"the {what} has '{word}' with something missing", "complete it, such as price >= cost * 1.08")
    more = [name for name, value in node.args.items() if value and name not in _ARGUMENTS.get(type(node), _PLAIN)]
    if more and isinstance(node, (exp.Min, exp.Max)):
        raise RuleError("min and max take one expression", "use least or greatest for several")
    if more:
        raise RuleError(f"the {what} gives '{word}' more than it takes", f"functions are {_FUNCTIONS}")


def _check_shape(node: exp.Expression, what: str) -> None:
    _check_chain(node, what)
    if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
        raise RuleError(f"the {what} has a star outside count(*)", "name the column")
    if isinstance(node, exp.Cast):
        _check_date(node, what)
    if isinstance(node, exp.In) and (node.args.get("query") or node.args.get("unnest") or node.args.get("field")):
        raise RuleError(f"the {what} has a subquery", "list the values: in ('a', 'b')")
    if isinstance(node, exp.In) and not node.expressions:
        raise RuleError(f"the {what} has `in` without values", "list the values: in ('a', 'b')")
    if isinstance(node, exp.Is) and not isinstance(node.expression, exp.Null):
        raise RuleError(f"the {what} has `is` before something other than null", "write is null, or compare with =")
    if isinstance(node, exp.Between) and node.args.get("symmetric"):
        raise RuleError(f"the {what} has between symmetric", "write the lower end first")
    if isinstance(node, exp.Round) and not _is_digits(node.args.get("decimals")):
        raise RuleError("round takes a whole number of decimals", "such as round(price, 2)")
    if isinstance(node, exp.Extract) and node.this.name.lower() not in _PARTS:
        raise RuleError(f"'{node.this.name}' is not a date part", f"parts are {', '.join(_PARTS)}")
    if isinstance(node, AGGREGATES) and node.find_ancestor(*AGGREGATES, exp.Where):
        raise RuleError(f"the {what} has an aggregate inside an aggregate", "write two rules")


def _check_chain(node: exp.Expression, what: str) -> None:
    """Refuses `a < b < c` and `a = b is null`, which SQL engines read differently."""
    if isinstance(node, _PREDICATES) and any(isinstance(part, (*_PREDICATES, exp.Not)) for part in _children(node)):
        raise RuleError(f"the {what} chains comparisons", "join them with and, or put one of them in parentheses")


_PREDICATES = (exp.LT, exp.LTE, exp.GT, exp.GTE, exp.EQ, exp.NEQ, exp.Between, exp.In, exp.Like, exp.Is)
_PARTS = ("year", "quarter", "month", "week", "day", "dow")


def _is_digits(decimals: exp.Expression | None) -> bool:
    return decimals is None or (
        isinstance(decimals, exp.Literal) and decimals.name.isdigit() and int(decimals.name) <= 12
    )


def _check_date(node: exp.Cast, what: str) -> None:
    to = node.to
    if not (isinstance(node.this, exp.Literal) and node.this.is_string and to.this == exp.DataType.Type.DATE):
        raise RuleError(f"the {what} has a cast", "types are never converted; compare like with like")
    try:
        date.fromisoformat(node.this.name)
    except ValueError:
        raise RuleError(f"'{node.this.name}' is not a date", "write date '2026-03-01'") from None
    if len(node.this.name) != 10:
        raise RuleError(f"'{node.this.name}' is not a date", "write date '2026-03-01'")


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
    for known in kinds:
        folded.setdefault(known.lower(), []).append(known)
    for column in list(tree.find_all(exp.Column)):
        prefix = column.table.lower()
        if column.args.get("db") or column.args.get("catalog") or prefix not in ("", "lower", "upper"):
            found = f"'{column.sql('duckdb')}' is not a name here"
            raise RuleError(found, "write the column alone, or lower./upper. in pairs")
        name = _spelled(column.name, kinds, folded)
        if name is None:
            place = "a column of the catalogue" if what in ("rule", "scope") else "a name that can stand here"
            raise RuleError(f"'{column.name}' is not {place}", closest(column.name, kinds, "names"))
        column.set("this", exp.to_identifier(name, quoted=True))
        if prefix:
            column.set("table", exp.to_identifier(prefix, quoted=True))
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
    if any(c.table for c in columns):
        _check_pair(tree, columns, schema, pairs)
        return "pair"
    if pairs:
        found = "the constraint has pairs but the rule has no lower. or upper."
        raise RuleError(found, "such as upper.price >= lower.price")
    if not _lever_aggregates(tree, schema):
        return "item"
    outside = [c for c in columns if not c.find_ancestor(*AGGREGATES, exp.Filter)]
    if outside:
        found = f"'{outside[0].name}' stands outside the aggregate"
        raise RuleError(found, "move it inside, into per, or into the scope")
    return "aggregate"


def _check_pair(tree: exp.Expression, columns: list[exp.Column], schema: Schema, pairs: bool) -> None:
    if not pairs:
        found = "the rule has lower. or upper. but the constraint has no pairs"
        raise RuleError(found, "add pairs: {within: […], order: …}")
    if _lever_aggregates(tree, schema):
        raise RuleError("the rule mixes pairs and aggregates of a lever", "write two rules")
    for column in columns:
        inside = column.find_ancestor(*AGGREGATES, exp.Filter) is not None
        if column.table and inside:
            raise RuleError(f"'{column.table}.{column.name}' stands inside an aggregate", "drop lower. or upper. there")
        if not column.table and not inside:
            found = f"'{column.name}' has no lower. or upper."
            raise RuleError(found, f"write lower.{column.name} or upper.{column.name}")


def _lever_aggregates(tree: exp.Expression, schema: Schema) -> bool:
    return any(
        column.name in schema.levers
        for node in tree.find_all(*AGGREGATES)
        for column in (node.parent if isinstance(node.parent, exp.Filter) else node).find_all(exp.Column)
    )
