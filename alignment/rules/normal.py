"""The normal form of an item rule over one lever: rays where it is an interval, a formula where it is a union of intervals.

What cannot be brought to linear comparisons of the lever is opaque; the reason says what stands in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import Literal

from sqlglot import exp

from alignment.initiative.models import Lever
from alignment.rules.algebra import (
    ZERO,
    Linear,
    NotNormal,
    Ratio,
    Value,
    constant,
    context,
    divide,
    lever_of,
    negate,
    number_of,
    tree_of,
)
from alignment.rules.formula import (
    FALSE,
    MIRRORED,
    OPPOSITE,
    TRUE,
    Both,
    Compare,
    Either,
    Formula,
    Given,
    Logic,
    Operator,
    Residue,
    Truth,
    both,
    either,
    negation,
)
from alignment.rules.parse import AGGREGATES, Rule, conjuncts

_OPERATORS: dict[type[exp.Expression], Operator] = {
    exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=", exp.EQ: "=", exp.NEQ: "<>",
}  # fmt: skip
_MOST_PIECES = 64


@dataclass(frozen=True)
class Ray:
    """Forbids one side of the lever's line: `floor` all below the bound, `ceiling` all above, `nothing` every value.

    `closed` says that the bound itself is allowed; `when` is the condition over columns under which the ray applies.
    """

    side: Literal["floor", "ceiling", "nothing"]
    bound: Value
    closed: bool
    when: exp.Expression | None = None


@dataclass(frozen=True)
class Normal:
    """What a rule means for one lever (None: it names no lever).

    `rays` where the allowed set is an interval, the intersection of their allowed sides; None where it is a union, then
    `logic` decides. `unknown_when` is the condition over columns under which a rule of rays is NULL on an interval;
    None where the formula has to be evaluated for that.
    """

    lever: str | None
    logic: Logic
    rays: tuple[Ray, ...] | None
    unknown_when: exp.Expression | None


@dataclass(frozen=True)
class Linked:
    """A rule over several levers; decided with the coupled rules."""

    levers: tuple[str, ...]


@dataclass(frozen=True)
class Opaque:
    """A rule without normal form, and what stands in the way."""

    reason: str


@dataclass(frozen=True)
class _Side:
    lever: str
    domain: Lever
    signs: Mapping[str, int] = field(default_factory=dict)


_Pieces = list[tuple[Formula, Ratio]]


def normalise(
    rule: Rule, levers: Mapping[str, Lever], signs: Mapping[str, int] | None = None
) -> Normal | Linked | Opaque:
    """The normal form of an item rule.

    levers: by name, for their domains. signs: columns known to be positive (1) or negative (-1) on every row; a hint that
    removes cases, never needed. Levers with `values` need no normal form and are not passed here.
    """
    if len(rule.levers) > 1:
        return Linked(rule.levers)
    lever = rule.levers[0] if rule.levers else None
    side = _Side(lever or "", levers[lever] if lever else Lever(name="x"), signs or {})
    if any(True for _ in rule.tree.find_all(*AGGREGATES)):
        return Opaque("it has an aggregate whose value is not known yet")
    try:
        logic = _logic(rule.tree, side)
    except NotNormal as reason:
        return Opaque(str(reason))
    rays = _rays(logic, side.domain)
    unknown = _unknown_when(rule.tree, side) if rays is not None else None
    return Normal(lever, logic, rays, unknown)


def _has_lever(tree: exp.Expression, side: _Side) -> bool:
    return any(c.name == side.lever and not c.table for c in tree.find_all(exp.Column))


def _bare(tree: exp.Expression) -> exp.Expression:
    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree


# Conditions


def _logic(tree: exp.Expression, side: _Side) -> Logic:
    tree = _bare(tree)
    if not _has_lever(tree, side):
        return _given(tree)
    if isinstance(tree, (exp.And, exp.Or)):
        parts = [_logic(part, side) for part in conjuncts(tree, type(tree))]
        return reduce(Logic.conjoined if isinstance(tree, exp.And) else Logic.disjoined, parts)
    if isinstance(tree, exp.Not):
        return _logic(tree.this, side).negated()
    if isinstance(tree, exp.Between):
        low = _comparison(tree.this, ">=", tree.args["low"], side)
        return low.conjoined(_comparison(tree.this, "<=", tree.args["high"], side))
    if isinstance(tree, exp.In):
        options = [_comparison(tree.this, "=", value, side) for value in tree.expressions]
        return reduce(Logic.disjoined, options)
    if type(tree) in _OPERATORS:
        return _comparison(tree.this, _OPERATORS[type(tree)], tree.expression, side)
    if isinstance(tree, exp.Case):
        return _case_condition(tree, side)
    if isinstance(tree, exp.Is):
        return _is_null(tree.this, side)
    raise NotNormal(f"it uses {_said(tree)} on the lever")


def _given(tree: exp.Expression) -> Logic:
    if isinstance(tree, exp.Boolean):
        return Logic(Truth(bool(tree.this)), Truth(not tree.this))
    if isinstance(tree, exp.Null):
        return Logic(FALSE, FALSE)
    return Logic(Given(tree.copy()), Given(exp.Not(this=exp.Paren(this=tree.copy()))))


def _case_condition(tree: exp.Case, side: _Side) -> Logic:
    branches = _branches(tree, side)
    parts = [(guard, _logic(value, side) if value is not None else Logic(FALSE, FALSE)) for guard, value in branches]
    return Logic(
        either(*(both(guard, part.true) for guard, part in parts)),
        either(*(both(guard, part.false) for guard, part in parts)),
        either(*(both(guard, part.zero) for guard, part in parts)),
    )


def _branches(tree: exp.Case, side: _Side) -> list[tuple[Formula, exp.Expression | None]]:
    """Branches of a case with the formula under which each is taken; the last is `else`, None where there is none."""
    earlier: list[Formula] = []
    found: list[tuple[Formula, exp.Expression | None]] = []
    for branch in tree.args["ifs"]:
        test = exp.EQ(this=tree.this.copy(), expression=branch.this.copy()) if tree.this else branch.this
        taken = _logic(test, side).true
        found.append((both(*(_not(e) for e in earlier), taken), branch.args["true"]))
        earlier.append(taken)
    found.append((both(*(_not(e) for e in earlier)), tree.args.get("default")))
    return found


def _not(formula: Formula) -> Formula:
    if isinstance(formula, Given):
        known = exp.Coalesce(this=exp.Paren(this=formula.tree.copy()), expressions=[exp.Boolean(this=False)])
        return Given(exp.Not(this=known))
    return negation(formula)


def _is_null(tree: exp.Expression, side: _Side) -> Logic:
    if isinstance(_bare(tree), exp.Column):
        return Logic(FALSE, TRUE)  # a decision always has a lever value
    raise NotNormal("it asks whether an expression of the lever is null")


def _comparison(left: exp.Expression, operator: Operator, right: exp.Expression, side: _Side) -> Logic:
    left, right = _bare(left), _bare(right)
    if not _has_lever(left, side) and not _has_lever(right, side):
        return _given(_compare_tree(left, operator, right))
    if isinstance(right, exp.Mod) and _has_lever(right, side):
        left, right, operator = right, left, MIRRORED[operator]
    if isinstance(left, exp.Mod) and _has_lever(left, side):
        return _residue(left, operator, right, side)
    if isinstance(right, exp.Abs) and _has_lever(right, side):
        left, right, operator = right, left, MIRRORED[operator]
    if isinstance(left, exp.Abs) and operator not in ("=", "<>"):
        return _absolute(left.this, operator, right, side)
    parts = []
    for (guard_a, a), (guard_b, b) in product(_pieces(left, side), _pieces(right, side)):
        parts.append((both(guard_a, guard_b), _sign(a.plus(b.negated()), operator, side)))
    return Logic(
        either(*(both(guard, part.true) for guard, part in parts)),
        either(*(both(guard, part.false) for guard, part in parts)),
        either(*(both(guard, part.zero) for guard, part in parts)),
    )


def _compare_tree(left: exp.Expression, operator: Operator, right: exp.Expression) -> exp.Expression:
    kind = next(k for k, o in _OPERATORS.items() if o == operator)
    return kind(this=exp.Paren(this=left.copy()), expression=exp.Paren(this=right.copy()))


def _absolute(inside: exp.Expression, operator: Operator, right: exp.Expression, side: _Side) -> Logic:
    """|e| <= k is -k <= e <= k; |e| >= k is e >= k or e <= -k."""
    minus = exp.Neg(this=exp.Paren(this=right.copy()))
    first = _comparison(inside, operator, right, side)
    second = _comparison(inside, MIRRORED[operator], minus, side)
    return first.conjoined(second) if operator in ("<", "<=") else first.disjoined(second)


def _residue(mod: exp.Expression, operator: Operator, right: exp.Expression, side: _Side) -> Logic:
    modulus, value = number_of(mod.expression), number_of(right)
    if not (isinstance(_bare(mod.this), exp.Column) and modulus and value is not None):
        raise NotNormal("it takes a remainder of something other than the lever, or by a column")
    return Logic(Residue(abs(modulus), operator, value), Residue(abs(modulus), OPPOSITE[operator], value))


def _sign(ratio: Ratio, operator: Operator, side: _Side) -> Logic:
    """top / bottom ⋈ 0, by the sign of the bottom."""
    zero = either(*(_linear(d, "=", side) for d in ratio.divisors if not d.is_constant))
    bottom = ratio.bottom
    alike = both(_linear(bottom, ">", side), _linear(ratio.top, operator, side, fold=False))
    turned = both(_linear(bottom, "<", side), _linear(ratio.top, MIRRORED[operator], side, fold=False))
    against = both(_linear(bottom, ">", side), _linear(ratio.top, OPPOSITE[operator], side, fold=False))
    against_turned = both(_linear(bottom, "<", side), _linear(ratio.top, MIRRORED[OPPOSITE[operator]], side, fold=False))
    free = [d.b for d in ratio.divisors if d.is_constant and not isinstance(d.b, Fraction)]
    known = both(*(Given(exp.NEQ(this=exp.Paren(this=tree_of(d)), expression=exp.Literal.number(0))) for d in free))
    known = TRUE if all(_sign_of(d, side) for d in free) else known
    safe = negation(zero) if len([d for d in ratio.divisors if not d.is_constant]) > 1 else TRUE
    return Logic(
        both(known, safe, either(alike, turned)), both(known, safe, either(against, against_turned)), both(known, zero)
    )


def _linear(form: Linear, operator: Operator, side: _Side, fold: bool = True) -> Formula:
    """a·x + b ⋈ 0 as a comparison of x, by the sign of a; `fold` uses what the lever's domain already decides."""
    within = _within if fold else _as_is
    if form.is_constant:
        return _constant_sign(form.b, operator, side)
    if isinstance(form.a, Fraction):
        turned = operator if form.a > 0 else MIRRORED[operator]
        return within(Compare(turned, divide(negate(form.b), form.a)), side)
    bound = divide(negate(form.b), form.a)
    known = _sign_of(form.a, side)
    if known:
        return within(Compare(operator if known > 0 else MIRRORED[operator], bound), side)
    return either(
        both(_constant_sign(form.a, ">", side), within(Compare(operator, bound), side)),
        both(_constant_sign(form.a, "<", side), within(Compare(MIRRORED[operator], bound), side)),
        both(_constant_sign(form.a, "=", side), _constant_sign(form.b, operator, side)),
    )


def _as_is(compare: Compare, side: _Side) -> Formula:
    return compare


def _within(compare: Compare, side: _Side) -> Formula:
    """A comparison with a constant that the lever's domain already decides."""
    low, high, bound = side.domain.minimum, side.domain.maximum, compare.bound
    if not isinstance(bound, Fraction):
        return compare
    if low is not None and (Fraction(low) > bound or (Fraction(low) == bound and compare.operator in ("<", ">="))):
        return Truth(compare.operator in (">", ">=", "<>"))
    if high is not None and (Fraction(high) < bound or (Fraction(high) == bound and compare.operator in (">", "<="))):
        return Truth(compare.operator in ("<", "<=", "<>"))
    return compare


def _constant_sign(value: Value, operator: Operator, side: _Side) -> Formula:
    if isinstance(value, Fraction):
        holds = {"<": value < 0, "<=": value <= 0, ">": value > 0, ">=": value >= 0, "=": value == 0, "<>": value != 0}
        return Truth(holds[operator])
    known = _sign_of(value, side)
    if known:
        return Truth(operator in ((">", ">=", "<>") if known > 0 else ("<", "<=", "<>")))
    return Given(_compare_tree(value, operator, exp.Literal.number(0)))


def _sign_of(value: Value, side: _Side) -> int:
    """1 or -1 where the sign is known on every row, else 0; from columns of known sign and products of them."""
    if isinstance(value, Fraction):
        return (value > 0) - (value < 0)
    tree = _bare(value)
    if isinstance(tree, exp.Column):
        return side.signs.get(tree.name, 0)
    if isinstance(tree, exp.Literal):
        return _sign_of(constant(tree.name), side) if not tree.is_string else 0
    if isinstance(tree, exp.Neg):
        return -_sign_of(tree.this, side)
    if isinstance(tree, (exp.Mul, exp.Div)):
        return _sign_of(tree.this, side) * _sign_of(tree.expression, side)
    if isinstance(tree, exp.Add):
        first, second = _sign_of(tree.this, side), _sign_of(tree.expression, side)
        return first if first == second else 0
    return 0


# Numbers, piece by piece


def _pieces(tree: exp.Expression, side: _Side) -> _Pieces:
    tree = _bare(tree)
    if not _has_lever(tree, side):
        value = number_of(tree)
        return [(TRUE, context(tree.copy() if value is None else value))]
    maker = _MAKERS.get(type(tree))
    if maker is None:
        raise NotNormal(f"it uses {_said(tree)} on the lever")
    pieces = maker(tree, side)
    if len(pieces) > _MOST_PIECES:
        raise NotNormal("it has too many cases")
    return pieces


def _binary(combine: Callable[[Ratio, Ratio], Ratio]) -> Callable[[exp.Expression, _Side], _Pieces]:
    def pieces(tree: exp.Expression, side: _Side) -> _Pieces:
        pairs = product(_pieces(tree.this, side), _pieces(tree.expression, side))
        return [(both(ga, gb), combine(a, b)) for (ga, a), (gb, b) in pairs]

    return pieces


def _abs_pieces(tree: exp.Expression, side: _Side) -> _Pieces:
    found: _Pieces = []
    for guard, ratio in _pieces(tree.this, side):
        found.append((both(guard, _sign(ratio, ">=", side).true), ratio))
        found.append((both(guard, _sign(ratio, "<", side).true), ratio.negated()))
    return found


def _extreme_pieces(tree: exp.Expression, side: _Side) -> _Pieces:
    """least and greatest skip NULL: where a part is NULL the others decide."""
    keep: Operator = "<=" if isinstance(tree, exp.Least) else ">="
    best = _pieces(tree.this, side)
    for other in tree.expressions:
        found: _Pieces = []
        for (ga, a), (gb, b) in product(best, _pieces(other, side)):
            test = _sign(a.plus(b.negated()), keep, side)
            found += [(both(ga, gb, test.true), a), (both(ga, gb, test.false), b)]
            found += [(both(ga, gb, _null(b, side)), a), (both(ga, gb, _null(a, side), negation(_null(b, side))), b)]
        best = [(g, r) for g, r in found if g != FALSE]
    return best


def _null(ratio: Ratio, side: _Side) -> Formula:
    """Where a ratio has no value for any reason that is not a lever value."""
    trees = [v for form in (ratio.top, ratio.bottom) for v in (form.a, form.b) if isinstance(v, exp.Expression)]
    tests = [
        exp.Is(this=exp.Paren(this=t.copy()), expression=exp.Null()) for t in trees if list(t.find_all(exp.Column))
    ]
    if any(not d.is_constant for d in ratio.divisors):
        raise NotNormal("it takes the least or greatest of quotients by the lever")
    return either(*(Given(t) for t in tests))


def _case_pieces(tree: exp.Expression, side: _Side) -> _Pieces:
    found: _Pieces = []
    for guard, value in _branches(tree, side):  # type: ignore[arg-type]
        if value is not None:
            found += [(both(guard, inner), ratio) for inner, ratio in _pieces(value, side)]
    return found


def _coalesce_pieces(tree: exp.Expression, side: _Side) -> _Pieces:
    found: _Pieces = []
    earlier: Formula = TRUE
    for value in [tree.this, *tree.expressions]:
        missing: list[Formula] = []
        for guard, ratio in _pieces(value, side):
            null = _null(ratio, side)
            found.append((both(earlier, guard, negation(null)), ratio))
            missing.append(both(guard, null))
        earlier = both(earlier, either(*missing))
    return found


_MAKERS: dict[type[exp.Expression], Callable[[exp.Expression, _Side], _Pieces]] = {
    exp.Column: lambda tree, side: [(TRUE, lever_of(side.lever))],
    exp.Neg: lambda tree, side: [(g, r.negated()) for g, r in _pieces(tree.this, side)],
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


def _said(tree: exp.Expression) -> str:
    return {exp.Mod: "%", exp.Round: "round", exp.Floor: "floor", exp.Ceil: "ceil", exp.Like: "like"}.get(
        type(tree), type(tree).__name__.lower()
    )


# Rays


def _rays(logic: Logic, domain: Lever) -> tuple[Ray, ...] | None:
    zeros = _terms(logic.zero)
    rays: list[Ray] = []
    for term in [*_terms(logic.false), *zeros]:
        ray = _ray(term, zeros, domain)
        if ray is None:
            return None
        if ray not in rays:
            rays.append(ray)
    return tuple(rays)


def _terms(formula: Formula) -> list[Formula]:
    """The formula as alternatives, distributing `both` over `either` where that stays small."""
    if formula == FALSE:
        return []
    if isinstance(formula, Either):
        return [t for part in formula.parts for t in _terms(part)]
    if isinstance(formula, Both) and any(isinstance(p, Either) for p in formula.parts):
        options = [_terms(part) for part in formula.parts]
        if reduce(lambda n, o: n * len(o), options, 1) <= _MOST_PIECES:
            return [t for combo in product(*options) for t in [both(*combo)] if t != FALSE]
    return [formula]


def _ray(term: Formula, zeros: list[Formula], domain: Lever) -> Ray | None:
    parts = list(term.parts) if isinstance(term, Both) else [] if term == TRUE else [term]
    given = [p.tree for p in parts if isinstance(p, Given)]
    compares = [p for p in parts if isinstance(p, Compare)]
    if len(given) + len(compares) < len(parts):
        return None
    if len(compares) > 1:
        compares = [c for c in compares if not _excluded_end(c, zeros, domain)]
    when = _all(given)
    if not compares:
        return Ray("nothing", ZERO, False, when)
    if len(compares) > 1:
        return None
    return _ray_of(compares[0], when, domain)


def _ray_of(compare: Compare, when: exp.Expression | None, domain: Lever) -> Ray | None:
    if compare.operator in ("<", "<="):
        return Ray("floor", compare.bound, compare.operator == "<", when)
    if compare.operator in (">", ">="):
        return Ray("ceiling", compare.bound, compare.operator == ">", when)
    if compare.operator == "=" and domain.minimum is not None and compare.bound == Fraction(domain.minimum):
        return Ray("floor", compare.bound, False, when)
    if compare.operator == "=" and domain.maximum is not None and compare.bound == Fraction(domain.maximum):
        return Ray("ceiling", compare.bound, False, when)
    return None


def _excluded_end(compare: Compare, zeros: list[Formula], domain: Lever) -> bool:
    """Does a comparison only leave out the domain's end, which is forbidden anyway because a divisor is zero there?"""
    at_end = (compare.operator == ">" and domain.minimum is not None and compare.bound == Fraction(domain.minimum)) or (
        compare.operator == "<" and domain.maximum is not None and compare.bound == Fraction(domain.maximum)
    )
    return at_end and Compare("=", compare.bound) in zeros


def _all(trees: list[exp.Expression]) -> exp.Expression | None:
    if not trees:
        return None
    return reduce(lambda a, b: exp.And(this=a, expression=b), [exp.Paren(this=t.copy()) for t in trees])


def _unknown_when(tree: exp.Expression, side: _Side) -> exp.Expression | None:
    """For a conjunction of comparisons: NULL on an interval exactly where the part of some comparison that has no lever is NULL."""
    try:
        return _null_conjuncts(tree, side)
    except NotNormal:
        return None


def _null_conjuncts(tree: exp.Expression, side: _Side) -> exp.Expression | None:
    tests: list[exp.Expression] = []
    for part in conjuncts(tree):
        if isinstance(part, exp.Between):
            sides = [part.this, part.args["low"], part.args["high"]]
        elif type(part) in _OPERATORS:
            sides = [part.this, part.expression]
        elif not _has_lever(part, side):
            sides = [part]
        else:
            return None
        tests += [test for s in sides for test in _null_tests(s, side)]
    found = [exp.Is(this=exp.Paren(this=t.copy()), expression=exp.Null()) for t in tests]
    if not found:
        return exp.Boolean(this=False)
    return reduce(lambda a, b: exp.Or(this=a, expression=b), found)


def _null_tests(tree: exp.Expression, side: _Side) -> list[exp.Expression]:
    """Largest parts without the lever; their NULL is the NULL of the whole (arithmetic and abs only)."""
    tree = _bare(tree)
    if not _has_lever(tree, side):
        return [tree] if tree.find(exp.Column, exp.Null) else []
    if isinstance(tree, exp.Column):
        return []
    if isinstance(tree, (exp.Neg, exp.Abs)):
        return _null_tests(tree.this, side)
    if isinstance(tree, exp.Div):
        bottom = _bare(tree.expression)
        if not _has_lever(bottom, side):
            nonzero = exp.Nullif(this=bottom.copy(), expression=exp.Literal.number(0))
            return _null_tests(tree.this, side) + [nonzero]
    if isinstance(tree, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
        return _null_tests(tree.this, side) + _null_tests(tree.expression, side)
    raise NotNormal(f"{_said(tree)} of the lever may skip a missing value")
