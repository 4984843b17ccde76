"""Turns a condition over one lever into formulas: where it is TRUE, where FALSE, where the lever makes a divisor zero.

Comparisons are brought to linear ones, case by case; what cannot be is refused with NotNormal. `normal` makes rays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import product

from sqlglot import exp

from alignment.initiative.models import Lever
from alignment.rules.algebra import NotNormal, Ratio, bare, context, lever_of, number_of
from alignment.rules.formula import (
    FALSE,
    MIRRORED,
    OPPOSITE,
    TRUE,
    Formula,
    Given,
    Logic,
    Operator,
    Residue,
    Truth,
    both,
    either,
    negation,
)  # fmt: skip
from alignment.rules.parse import conjuncts
from alignment.rules.signs import OPERATORS, Side, compare_tree, divides, has_parts, sign

MOST_PIECES = 64

_Pieces = list[tuple[Formula, Ratio]]


def logic_of(tree: exp.Expression, side: Side) -> Logic:
    """The condition in three values over the lever. Raises NotNormal with what stands in the way."""
    tree = bare(tree)
    if not side.is_in(tree):
        return _given(tree)
    if isinstance(tree, (exp.And, exp.Or)):
        parts = [logic_of(part, side) for part in conjuncts(tree, type(tree))]
        return reduce(Logic.conjoined if isinstance(tree, exp.And) else Logic.disjoined, parts)
    if isinstance(tree, exp.Not):
        return logic_of(tree.this, side).negated()
    if isinstance(tree, exp.Between):
        low = _comparison(tree.this, ">=", tree.args["low"], side)
        return low.conjoined(_comparison(tree.this, "<=", tree.args["high"], side))
    if isinstance(tree, exp.In):
        return reduce(Logic.disjoined, [_comparison(tree.this, "=", value, side) for value in tree.expressions])
    if type(tree) in OPERATORS:
        return _comparison(tree.this, OPERATORS[type(tree)], tree.expression, side)
    if isinstance(tree, exp.Case):
        return _by_cases([(guard, _branch(value, side)) for guard, value in _branches(tree, side)])
    if isinstance(tree, exp.Is):
        return _is_null(tree.this)
    raise NotNormal(f"it uses {said(tree)} on the lever")


def _given(tree: exp.Expression) -> Logic:
    if isinstance(tree, exp.Boolean):
        return Logic(Truth(bool(tree.this)), Truth(not tree.this))
    if isinstance(tree, exp.Null):
        return Logic(FALSE, FALSE)
    return Logic(Given(tree.copy()), Given(exp.Not(this=exp.Paren(this=tree.copy()))))


def _branch(value: exp.Expression | None, side: Side) -> Logic:
    return Logic(FALSE, FALSE) if value is None else logic_of(value, side)


def _by_cases(parts: list[tuple[Formula, Logic]]) -> Logic:
    return Logic(
        either(*(both(guard, part.true) for guard, part in parts)),
        either(*(both(guard, part.false) for guard, part in parts)),
        either(*(both(guard, part.zero) for guard, part in parts)),
        frozenset().union(*(part.reaches for _, part in parts)),
    )


def _branches(tree: exp.Expression, side: Side) -> list[tuple[Formula, exp.Expression | None]]:
    """Branches of a case with the formula under which each is taken; the last is `else`, None where there is none."""
    earlier: list[Formula] = []
    found: list[tuple[Formula, exp.Expression | None]] = []
    for branch in tree.args["ifs"]:
        test = exp.EQ(this=tree.this.copy(), expression=branch.this.copy()) if tree.this else branch.this
        taken = logic_of(test, side).true
        found.append((both(*(negation(e) for e in earlier), taken), branch.args["true"]))
        earlier.append(taken)
    found.append((both(*(negation(e) for e in earlier)), tree.args.get("default")))
    return found


def _is_null(tree: exp.Expression) -> Logic:
    if isinstance(bare(tree), exp.Column):
        return Logic(FALSE, TRUE)  # a decision always has a lever value
    raise NotNormal("it asks whether an expression of the lever is null")


# Comparisons


def _comparison(left: exp.Expression, operator: Operator, right: exp.Expression, side: Side) -> Logic:
    left, right = bare(left), bare(right)
    if not side.is_in(left) and not side.is_in(right):
        return _given(compare_tree(left, operator, right))
    if isinstance(right, (exp.Mod, exp.Abs)) and side.is_in(right):
        left, right, operator = right, left, MIRRORED[operator]
    if isinstance(left, exp.Mod) and side.is_in(left):
        return _residue(left, operator, right)
    if isinstance(left, exp.Abs) and operator not in ("=", "<>"):
        return _absolute(left.this, operator, right, side)
    pairs = _limited(product(quotients(left, side), quotients(right, side)))
    return _by_cases([(both(ga, gb), sign(a.plus(b.negated()), operator, side)) for (ga, a), (gb, b) in pairs])


def _limited(found: product[tuple[tuple[Formula, Ratio], ...]]) -> list[tuple[tuple[Formula, Ratio], ...]]:
    pairs = list(found)
    if len(pairs) > MOST_PIECES:
        raise NotNormal("it has too many cases")
    return pairs


def _absolute(inside: exp.Expression, operator: Operator, right: exp.Expression, side: Side) -> Logic:
    """|e| <= k is -k <= e <= k; |e| >= k is e >= k or e <= -k."""
    minus = exp.Neg(this=exp.Paren(this=right.copy()))
    first = _comparison(inside, operator, right, side)
    second = _comparison(inside, MIRRORED[operator], minus, side)
    return first.conjoined(second) if operator in ("<", "<=") else first.disjoined(second)


def _residue(mod: exp.Expression, operator: Operator, right: exp.Expression) -> Logic:
    modulus, value = number_of(mod.expression), number_of(right)
    if not (isinstance(bare(mod.this), exp.Column) and modulus and value is not None):
        raise NotNormal("it takes a remainder of something other than the lever, or by a column")
    return Logic(Residue(abs(modulus), operator, value), Residue(abs(modulus), OPPOSITE[operator], value))


# Numbers, piece by piece: (where it is this one, a ratio of linear forms); where no piece holds the number is NULL


def quotients(tree: exp.Expression, side: Side) -> _Pieces:
    """A number as ratios of linear forms of the lever, each with where it is that one. Raises NotNormal."""
    tree = bare(tree)
    if not side.is_in(tree):
        value = number_of(tree)
        return [(TRUE, context(tree.copy() if value is None else value))]
    maker = _MAKERS.get(type(tree))
    if maker is None:
        raise NotNormal(f"it uses {said(tree)} on the lever")
    return _few(maker(tree, side))


def _few(pieces: _Pieces) -> _Pieces:
    kept = [(guard, ratio) for guard, ratio in pieces if guard != FALSE]
    if len(kept) > MOST_PIECES:
        raise NotNormal("it has too many cases")
    return kept


def _binary(combine: Callable[[Ratio, Ratio], Ratio]) -> Callable[[exp.Expression, Side], _Pieces]:
    def pieces(tree: exp.Expression, side: Side) -> _Pieces:
        pairs = _limited(product(quotients(tree.this, side), quotients(tree.expression, side)))
        return [(both(ga, gb), combine(a, b)) for (ga, a), (gb, b) in pairs]

    return pieces


def _abs_pieces(tree: exp.Expression, side: Side) -> _Pieces:
    found: _Pieces = []
    for guard, ratio in quotients(tree.this, side):
        test = sign(ratio, ">=", side)
        found.append((both(guard, either(test.true, test.zero)), ratio))  # a zero divisor is told by whoever compares
        found.append((both(guard, test.false), ratio.negated()))
    return found


def _extreme_pieces(tree: exp.Expression, side: Side) -> _Pieces:
    """least and greatest skip NULL: where a part is NULL the others decide."""
    keep: Operator = "<=" if isinstance(tree, exp.Least) else ">="
    best = quotients(tree.this, side)
    for node in tree.expressions:
        other = quotients(node, side)
        best_is_null, other_is_null = negation(_any_value(best)), negation(_any_value(other))
        found: _Pieces = []
        for (ga, a), (gb, b) in _limited(product(best, other)):
            test = sign(a.plus(b.negated()), keep, side)
            found += [(both(ga, gb, test.true), a), (both(ga, gb, test.false), b)]
        found += [(both(guard, _has_value(ratio), other_is_null), ratio) for guard, ratio in best]
        found += [(both(guard, _has_value(ratio), best_is_null), ratio) for guard, ratio in other]
        best = _few(found)
    return best


def _any_value(pieces: _Pieces) -> Formula:
    return either(*(both(guard, _has_value(ratio)) for guard, ratio in pieces))


def _has_value(ratio: Ratio) -> Formula:
    """Where a ratio is not NULL, whatever the lever."""
    if any(not d.is_constant for d in ratio.divisors):
        raise NotNormal("it chooses among quotients by the lever")
    return both(divides(ratio, Side("", Lever(name="x"))), has_parts(ratio))


def _case_pieces(tree: exp.Expression, side: Side) -> _Pieces:
    found: _Pieces = []
    for guard, value in _branches(tree, side):
        if value is not None:
            found += [(both(guard, inner), ratio) for inner, ratio in quotients(value, side)]
    return found


def _coalesce_pieces(tree: exp.Expression, side: Side) -> _Pieces:
    found: _Pieces = []
    still_null: Formula = TRUE
    for node in [tree.this, *tree.expressions]:
        pieces = quotients(node, side)
        found += [(both(still_null, guard, _has_value(ratio)), ratio) for guard, ratio in pieces]
        still_null = both(still_null, negation(_any_value(pieces)))
    return found


_MAKERS: dict[type[exp.Expression], Callable[[exp.Expression, Side], _Pieces]] = {
    exp.Column: lambda tree, side: [(TRUE, lever_of(side.lever))],
    exp.Neg: lambda tree, side: [(g, r.negated()) for g, r in quotients(tree.this, side)],
    exp.Add: _binary(Ratio.plus),
    exp.Sub: _binary(lambda a, b: a.plus(b.negated())),
    exp.Mul: _binary(Ratio.times),
    exp.Div: _binary(Ratio.over),
    exp.Abs: _abs_pieces,
    exp.Least: _extreme_pieces,
    exp.Greatest: _extreme_pieces,
    exp.Case: _case_pieces,
    exp.Coalesce: _coalesce_pieces,
}

_SAID: dict[type[exp.Expression], str] = {
    exp.Mod: "%",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.And: "and",
    exp.Or: "or",
    exp.GT: ">",
    exp.LT: "<",
}


def said(tree: exp.Expression) -> str:
    """The operation of a tree as people write it."""
    return _SAID.get(type(tree), type(tree).__name__.lower())
