"""What a check of item rules must find, by brute force in exact fractions over every subset of rules, straight from
the contract.

Independent of the product: rules are small values of its own that carry their SQL text beside what they mean. A rule
says
of a lever value True, False, None (NULL), or UNDIVIDED: NULL because that very value makes a divisor zero.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, pairwise
from math import ceil, floor, lcm
from operator import eq, ge, gt, le, lt, ne
from statistics import median
from typing import Any

UNDIVIDED = object()
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "<>": ne}

Row = Mapping[str, Any]
Says = Callable[[Fraction, Row], Any]


@dataclass(frozen=True)
class Condition:
    """A condition: its SQL text, what it says, where on the line it may change its mind, moduli of its
    endings, and whether it divides by the lever."""

    text: str
    says: Says
    cuts: Callable[[Row], list[Fraction]] = lambda row: []
    moduli: tuple[Fraction, ...] = ()
    divides: bool = False


@dataclass(frozen=True)
class Rule:
    """A constraint: `lever` is the lever it names (None: none), `where` its scope."""

    id: str
    condition: Condition
    lever: str | None = "price"
    where: Condition | None = None
    hard: bool = True

    def applies(self, row: Row) -> bool:
        return self.where is None or self.where.says(Fraction(0), row) is True

    def allows(self, x: Any, row: Row) -> bool:
        said = self.condition.says(x, row)
        return said is not False and said is not UNDIVIDED


@dataclass(frozen=True)
class Domain:
    """A lever: a number with a range and a lattice, or one of `values`; `others` stand for all that are not on that
    list."""

    name: str = "price"
    low: Fraction | None = None
    high: Fraction | None = None
    step: Fraction | None = None
    current: str | None = None
    values: tuple[Any, ...] | None = None
    others: tuple[Any, ...] = ()


@dataclass
class Expected:
    """What a check must find. conflicts: by ids, their items with gaps (None where a member allows nothing)."""

    conflicts: dict[tuple[str, ...], dict[Any, Fraction | None]] = field(default_factory=dict)
    domain: dict[tuple[str, ...], bool] = field(default_factory=dict)
    infeasible: set[Any] = field(default_factory=set)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    near: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)


# Lever values that stand for all


def cuts_of(rules: Sequence[Rule], row: Row, extra: Sequence[Fraction | None] = ()) -> list[Fraction]:
    return sorted(
        {c for r in rules for c in r.condition.cuts(row)} | {c for c in extra if c is not None} | {Fraction(0)}
    )


def values_of(rules: Sequence[Rule], lever: Domain, row: Row) -> list[Any]:
    """Values of a lever, enough that every rule's answer to any value is its answer to one of these."""
    if lever.values is not None:
        return list(lever.values)
    cuts = cuts_of(rules, row, (lever.low, lever.high))
    period = _period(rules)
    first, last = cuts[0] - 2 * period - 1, cuts[-1] + 2 * period + 1
    if lever.step is not None:
        base, period = lever.low or Fraction(0), max(period, lever.step)
        first, last = first - 2 * lcm_of(period, lever.step), last + 2 * lcm_of(period, lever.step)
        found = [
            base + k * lever.step
            for k in range(floor((first - base) / lever.step), ceil((last - base) / lever.step) + 1)
        ]
    else:
        points = sorted({*cuts, first, last, *_multiples(rules, first, last)})
        found = [*points, *((a + b) / 2 for a, b in pairwise(points))]
    return [x for x in found if (lever.low is None or x >= lever.low) and (lever.high is None or x <= lever.high)]


def lcm_of(a: Fraction, b: Fraction) -> Fraction:
    return Fraction(lcm(a.numerator * b.denominator, b.numerator * a.denominator), a.denominator * b.denominator)


def _period(rules: Sequence[Rule]) -> Fraction:
    period = Fraction(1)
    for modulus in {m for r in rules for m in r.condition.moduli}:
        period = lcm_of(period, modulus)
    return period


def _multiples(rules: Sequence[Rule], first: Fraction, last: Fraction) -> list[Fraction]:
    """Fine enough that every ending is among them: a common divisor of all moduli and written endings."""
    if not any(r.condition.moduli for r in rules):
        return []
    unit = Fraction(1, 4)
    return [k * unit for k in range(floor(first / unit), ceil(last / unit) + 1)]


# Conflicts


def check(
    rules: Sequence[Rule], levers: Sequence[Domain], rows: Sequence[Row], bounds: Collection[str] = ()
) -> Expected:
    """The whole answer. Rows carry their key as `k`. bounds: ids of the rules that are a floor, a ceiling or both."""
    found = Expected()
    for row in rows:
        for lever in levers:
            _on_item(found, [r for r in rules if r.lever == lever.name and r.applies(row)], lever, row)
        for rule in rules:
            if rule.lever is None and rule.applies(row) and rule.condition.says(Fraction(0), row) is False:
                found.conflicts.setdefault((rule.id,), {})[row["k"]] = None
                found.domain[(rule.id,)] = False
                if rule.hard:
                    found.infeasible.add(row["k"])
    for rule in rules:
        lever = next((d for d in levers if d.name == rule.lever), None)
        found.rules[rule.id] = _on_rule(rule, rules, lever, rows, (rule.id,) in found.conflicts, rule.id in bounds)
    for lever in levers:
        if lever.values is None:
            found.near |= _near([r for r in rules if r.lever == lever.name and r.id in bounds], lever, rows, found)
    return found


def _on_item(found: Expected, rules: list[Rule], lever: Domain, row: Row) -> None:
    values = values_of(rules, lever, row)
    forbids = {r.id: frozenset(i for i, x in enumerate(values) if not r.allows(x, row)) for r in rules}
    everything = frozenset(range(len(values)))
    hard = [forbids[r.id] for r in rules if r.hard]
    if hard and frozenset().union(*hard) == everything:
        found.infeasible.add(row["k"])
    minimal: list[frozenset[str]] = []
    for size in range(1, len(rules) + 1):
        for members in combinations(rules, size):
            ids = frozenset(m.id for m in members)
            if any(m <= ids for m in minimal) or frozenset().union(*(forbids[i] for i in ids)) != everything:
                continue
            minimal.append(ids)
            key = tuple(sorted(ids))
            found.conflicts.setdefault(key, {})[row["k"]] = _gap(list(members), lever, row)
            free = Domain(lever.name, values=None if lever.values is None else lever.others)
            loose = any(all(m.allows(x, row) for m in members) for x in values_of(members, free, row))
            found.domain[key] = found.domain.get(key, False) or loose


def parts(rule: Rule, lever: Domain, row: Row) -> list[tuple[Fraction | None, Fraction | None]]:
    """What a rule allows on the whole line as closed intervals, an infinite end None; open ends count as closed.

    A rule that divides by a lever that is never negative, or never positive, is looked at on that side of zero only.
    """
    cuts = sorted({*cuts_of([rule], row), *_multiples([rule], Fraction(-20), Fraction(30))})
    ends: list[Fraction | None] = [None, *cuts, None]
    found: list[tuple[Fraction | None, Fraction | None]] = []
    for a, b in pairwise(ends):
        middle = b - 1 if a is None and b is not None else a + 1 if b is None and a is not None else (a + b) / 2  # type: ignore[operator]
        if rule.allows(middle, row):
            found.append((a, b))
        if b is not None and rule.allows(b, row):
            found.append((b, b))
    binds = len(found) < 2 * len(cuts) + 1
    if binds and rule.condition.divides and lever.low is not None and lever.low >= 0:
        least = None if lever.low > 0 else Fraction(0)
        found = [(a if a is not None and a > 0 else least, b) for a, b in found if b is None or b > 0 or a == 0]
    if binds and rule.condition.divides and lever.high is not None and lever.high <= 0:
        most = None if lever.high < 0 else Fraction(0)
        found = [(a, b if b is not None and b < 0 else most) for a, b in found if a is None or a < 0 or b == 0]
    return found


def _distance(x: Fraction, sets: list[tuple[Fraction | None, Fraction | None]]) -> Fraction:
    return min(
        max(Fraction(0), a - x if a is not None else Fraction(0), x - b if b is not None else Fraction(0))
        for a, b in sets
    )


def _gap(members: list[Rule], lever: Domain, row: Row) -> Fraction | None:
    """The least, over lever values, of the summed distances to what the members allow."""
    if lever.values is not None:
        return None
    sets = [parts(m, lever, row) for m in members]
    if not all(sets):
        return None
    ends = {e for s in sets for part in s for e in part if e is not None}
    ends |= {e for e in (lever.low, lever.high) if e is not None} | {Fraction(0)}
    if lever.step is not None:
        base = lever.low or Fraction(0)
        ends = {base + (floor((e - base) / lever.step) + i) * lever.step for e in ends for i in (-1, 0, 1, 2)}
    inside = [e for e in ends if (lever.low is None or e >= lever.low) and (lever.high is None or e <= lever.high)]
    return min(sum((_distance(x, s) for s in sets), Fraction(0)) for x in inside)


# Rules one by one


def _on_rule(
    rule: Rule, rules: Sequence[Rule], lever: Domain | None, rows: Sequence[Row], alone: bool, bound: bool
) -> dict[str, Any]:
    scope = [row for row in rows if rule.applies(row)]
    unknown = [row for row in scope if _unknown(rule, lever, row)]
    known = [row for row in scope if row not in unknown]
    answer: dict[str, Any] = {"in_scope": len(scope), "unknown": len(unknown), "violated_today": None}
    if lever is None:
        answer["violated_today"] = sum(rule.condition.says(Fraction(0), row) is False for row in scope)
    elif lever.current is not None:
        today = [row for row in scope if row[lever.current] is not None]
        answer["violated_today"] = sum(not rule.allows(row[lever.current], row) for row in today)
    implied, never = (), False
    if lever is not None and known:
        implied, never = _implied(rule, rules, lever, rows, known)
    answer["implied_by"] = implied
    answer["status"] = (
        "never_applies" if not scope else "self_contradictory" if alone else "never_binds" if never else "active"
    )
    if lever is not None and lever.values is None:
        answer["tightness"] = _tightness(rule, lever, scope, bound)
    return answer


def _unknown(rule: Rule, lever: Domain | None, row: Row) -> bool:
    if lever is None:
        return rule.condition.says(Fraction(0), row) is None
    if lever.values is not None:
        return any(rule.condition.says(x, row) is None for x in lever.values)
    free = Domain(lever.name, lever.low, lever.high)
    points = {*cuts_of([rule], row, (lever.low, lever.high)), *_multiples([rule], Fraction(-50), Fraction(50))}
    inside = [x for x in values_of([rule], free, row) if x not in points]
    return any(rule.condition.says(x, row) is None for x in inside)


def _implied(
    rule: Rule, rules: Sequence[Rule], lever: Domain, rows: Sequence[Row], known: list[Row]
) -> tuple[tuple[str, ...], bool]:
    """Hard rules that allow, on every item where the rule is known, only what it allows; whether some one does on each.

    None is named where the lever's domain does so by itself.
    """
    others = [r for r in rules if r.lever == rule.lever and r.id != rule.id and r.hard]
    always, each, by_domain = {r.id for r in others}, True, True
    for row in known:
        tell = [r for r in others if r.applies(row) and not _unknown(r, lever, row)]
        values = values_of([rule, *tell], lever, row)
        forbidden = [x for x in values if not rule.allows(x, row)]
        inside = {r.id for r in tell if not any(r.allows(x, row) for x in forbidden)}
        always &= inside
        each = each and (not forbidden or bool(inside))
        by_domain = by_domain and not forbidden
    return () if by_domain else tuple(sorted(always)), each


def _tightness(rule: Rule, lever: Domain, scope: list[Row], bound: bool) -> dict[str, Any]:
    """Length of what the rule leaves within the range. No room: of a bound, less than a step or nothing but today's
    value;
    of a union, at most one value."""
    widths, cramped = [], 0
    for row in scope:
        inside = [_clipped(part, lever) for part in parts(rule, lever, row)]
        inside = [p for p in inside if p[0] is None or p[1] is None or p[0] <= p[1]]
        width = None if any(None in part for part in inside) else sum((b - a for a, b in inside), Fraction(0))
        left = [x for x in values_of([rule], lever, row) if rule.allows(x, row)]
        widths.append(width)
        cramped += _narrow(width, left, lever, row) if bound else _single(rule, left, lever, row)
    if lever.low is None or lever.high is None or not scope:
        return {"median_width": None, "share_of_domain": None, "no_room": cramped}
    share = Fraction(sum(widths), len(widths)) / (lever.high - lever.low) if lever.high > lever.low else None  # type: ignore[arg-type]
    return {"median_width": median(widths), "share_of_domain": share, "no_room": cramped}  # type: ignore[type-var]


def _narrow(width: Fraction | None, left: list[Any], lever: Domain, row: Row) -> bool:
    today = row.get(lever.current) if lever.current else None
    step = lever.step or Fraction(0)
    return (width is not None and (width < step or width <= 0)) or not left or (today is not None and left == [today])


def _single(rule: Rule, left: list[Any], lever: Domain, row: Row) -> bool:
    if lever.step is not None or len(left) != 1:
        return len(left) < 2
    points = {*cuts_of([rule], row, (lever.low, lever.high)), *_multiples([rule], Fraction(-50), Fraction(50))}
    return left[0] in points


def _clipped(part: tuple[Any, Any], lever: Domain) -> tuple[Any, Any]:
    a, b = part
    low = lever.low if a is None else a if lever.low is None else max(a, lever.low)
    high = lever.high if b is None else b if lever.high is None else min(b, lever.high)
    return low, high


# Pairs that are about to clash


def _near(
    rules: list[Rule], lever: Domain, rows: Sequence[Row], found: Expected
) -> dict[tuple[str, str], dict[str, Any]]:
    near: dict[tuple[str, str], dict[str, Any]] = {}
    for r in rules:
        for s in rules:
            pair = tuple(sorted((r.id, s.id)))
            if r.id == s.id or any(set(ids) <= set(pair) for ids in found.conflicts):
                continue
            slack = [
                (high - low, row["k"], low, high)
                for row in rows
                if (low := _end(r, lever, row, 0)) is not None and (high := _end(s, lever, row, 1)) is not None
            ]
            if slack and (pair not in near or min(slack)[0] < near[pair]["min"]):
                near[pair] = {  # type: ignore[index]
                    "min": min(slack)[0],
                    "worst": min(slack)[1:],
                    "p5": _quantile([s[0] for s in slack], Fraction(1, 20)),
                    "within": sum(s[0] <= abs(s[2]) / 20 for s in slack),
                }
    return near


def _joined(found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    whole: list[tuple[Any, Any]] = []
    for a, b in found:
        if whole and whole[-1][1] == a:
            whole[-1] = (whole[-1][0], b)
        else:
            whole.append((a, b))
    return whole


def _end(rule: Rule, lever: Domain, row: Row, side: int) -> Fraction | None:
    if not rule.applies(row):
        return None
    inside = _joined(parts(rule, lever, row))
    return inside[0][side] if inside else None


def _quantile(values: list[Fraction], share: Fraction) -> Fraction:
    values = sorted(values)
    place = share * (len(values) - 1)
    below = floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)
