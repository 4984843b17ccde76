"""Random small initiatives for the oracle of item rules: rules of every shape, rows with gaps, domains with and
without ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from tests.oracles.items import OPERATORS, UNDIVIDED, Condition, Domain, Row, Rule

NUMBERS = [Fraction(n) for n in ("-2", "-1", "0", "0.5", "1", "1.25", "2", "2.5", "3", "4", "5", "0.3", "0.1", "1.1")]
COLUMNS = ("a", "b", "c")
CELLS = [None, *(Fraction(n) for n in ("-1", "0", "0.5", "1", "1.5", "2", "2.4", "3", "4", "0.7", "5"))]


@dataclass(frozen=True)
class Bound:
    """An expression of columns: its text and its value on a row, None where it is NULL."""

    text: str
    of: Any


@dataclass(frozen=True)
class Instance:
    rules: tuple[Rule, ...]
    levers: tuple[Domain, ...]
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        said = [
            f"{r.id}: {r.condition.text} where {r.where.text if r.where else '-'} {'' if r.hard else 'soft'}"
            for r in self.rules
        ]
        shown = [{k: str(v) for k, v in row.items()} for row in self.rows]
        return "\n".join([*said, *map(str, self.levers), *map(str, shown)])


def written(n: Fraction) -> str:
    return f"{Decimal(n.numerator) / Decimal(n.denominator):f}"


def instance(seed: int) -> Instance:
    """One random instance; the same for the same seed."""
    random = Random(seed)
    lever = _domain(random)
    second = replace(_domain(random), name="fee", current=None) if random.random() < 0.15 else None
    rows = tuple(_row(random, i) for i in range(random.randint(1, 6)))
    count = random.randint(1, 7)
    levers = (lever, *((second,) if second else ()))
    rules = []
    for i in range(count):
        on = random.choice(levers).name if random.random() < 0.95 else None
        condition = _fact(random) if on is None else _condition(random, on, depth=2)
        where = _fact(random) if random.random() < 0.3 else None
        rules.append(Rule(f"r{i}", condition, on, where, random.random() < 0.8))
    return Instance(tuple(rules), levers, rows)


def _domain(random: Random) -> Domain:
    low, high = random.choice((None, Fraction(0), Fraction(0), Fraction("0.5"), Fraction(-1), Fraction(-4))), None
    if random.random() < 0.6:
        high = Fraction(random.choice((3, 4, 6) if low is not None and low > -4 else (3, 0, -1)))
    step = random.choice((None, None, Fraction("0.5"), Fraction("0.25"), Fraction(1), Fraction("0.1")))
    return Domain("price", low, high, step, random.choice((None, "today", "today")))


def _row(random: Random, i: int) -> Row:
    row: dict[str, Any] = {name: random.choice(CELLS) for name in COLUMNS}
    row["n"] = random.choice((None, Fraction(3), Fraction(7), Fraction(-3), Fraction(0), Fraction(1)))
    row["today"] = random.choice((None, Fraction(0), Fraction(1), Fraction("1.5"), Fraction(2), Fraction(3)))
    return {"k": i + 1, **row}


# Bounds


def _bound(random: Random) -> Bound:
    shape = random.randint(0, 9)
    name, k = random.choice(COLUMNS), random.choice(NUMBERS)
    if shape <= 1:
        return Bound(written(k), lambda row: k)
    if shape <= 3:
        return Bound(name, lambda row: row[name])
    if shape <= 5:
        return Bound(f"{name} * {written(k)}", lambda row: None if row[name] is None else row[name] * k)
    if shape == 6:
        return Bound(f"{name} + {written(k)}", lambda row: None if row[name] is None else row[name] + k)
    if shape == 7:
        return Bound(f"{name} / n", lambda row: None if row[name] is None or not row["n"] else row[name] / row["n"])
    if shape == 8:
        return Bound(f"coalesce({name}, {written(k)})", lambda row: k if row[name] is None else row[name])
    return Bound(f"least({name}, {written(k)})", lambda row: k if row[name] is None else min(row[name], k))


# Conditions


def _condition(random: Random, x: str, depth: int) -> Condition:
    shape = random.randint(0, 19)
    if shape <= 8 or depth == 0:
        return _comparison(random, x)
    if shape == 9:
        return _between(random, x)
    if shape == 10:
        return _listed(random, x)
    if shape == 11:
        return _ending(random, x)
    if shape == 12:
        return _margin(random, x)
    if shape == 13:
        return _ratio(random, x)
    if shape == 14:
        return _change(random, x)
    if shape == 15:
        return _denied(_condition(random, x, depth - 1))
    first = _condition(random, x, depth - 1)
    second = _fact(random) if random.random() < 0.2 else _condition(random, x, depth - 1)
    return _joined(first, second, absorbing=shape >= 18)


def _comparison(random: Random, x: str) -> Condition:
    operator = random.choice(("<", "<=", "<=", "<=", ">", ">=", ">=", ">=", "=", "<>"))
    bound = _bound(random)

    def says(value: Fraction, row: Row) -> Any:
        end = bound.of(row)
        return None if end is None else OPERATORS[operator](value, end)

    return Condition(f"{x} {operator} {bound.text}", says, lambda row: _known(bound.of(row)))


def _known(*values: Fraction | None) -> list[Fraction]:
    return [v for v in values if v is not None]


def _between(random: Random, x: str) -> Condition:
    low, high = _bound(random), _bound(random)

    def says(value: Fraction, row: Row) -> Any:
        a, b = low.of(row), high.of(row)
        return _and(None if a is None else value >= a, None if b is None else value <= b)

    return Condition(f"{x} between {low.text} and {high.text}", says, lambda row: _known(low.of(row), high.of(row)))


def _listed(random: Random, x: str) -> Condition:
    bounds = [_bound(random) for _ in range(random.randint(1, 3))]
    if random.random() < 0.15:
        bounds.append(Bound("null", lambda row: None))
    negated = random.random() < 0.3

    def says(value: Fraction, row: Row) -> Any:
        ends = [b.of(row) for b in bounds]
        found = True if value in ends else None if None in ends else False
        return found if found is None or not negated else not found

    text = f"{x} {'not in' if negated else 'in'} ({', '.join(b.text for b in bounds)})"
    return Condition(text, says, lambda row: _known(*(b.of(row) for b in bounds)))


def _ending(random: Random, x: str) -> Condition:
    modulus = random.choice((Fraction(1), Fraction("0.5"), Fraction(2)))
    value = random.choice((Fraction(0), Fraction("0.5"), Fraction("0.25")))
    operator = random.choice(("=", "=", "<>"))

    def says(lever: Fraction, row: Row) -> Any:
        rest = abs(lever) % modulus * (1 if lever >= 0 else -1)
        return OPERATORS[operator](rest, value)

    return Condition(f"{x} % {written(modulus)} {operator} {written(value)}", says, moduli=(modulus,))


def _margin(random: Random, x: str) -> Condition:
    name, share = random.choice(COLUMNS), random.choice((Fraction("0.2"), Fraction("0.5"), Fraction("0.25")))
    operator = random.choice((">=", ">", "<="))

    def says(value: Fraction, row: Row) -> Any:
        cost = row[name]
        if cost is None:
            return None
        return UNDIVIDED if value == 0 else OPERATORS[operator]((value - cost) / value, share)

    def cuts(row: Row) -> list[Fraction]:
        return [Fraction(0)] + ([] if row[name] is None else [row[name] / (1 - share)])

    return Condition(f"({x} - {name}) / {x} {operator} {written(share)}", says, cuts, divides=True)


def _ratio(random: Random, x: str) -> Condition:
    name, k = random.choice((*COLUMNS, "n")), random.choice(NUMBERS)
    operator = random.choice((">=", "<=", ">", "<"))

    def says(value: Fraction, row: Row) -> Any:
        return None if not row[name] else OPERATORS[operator](value / row[name], k)

    def cuts(row: Row) -> list[Fraction]:
        return [] if row[name] is None else [k * row[name]]

    return Condition(f"{x} / {name} {operator} {written(k)}", says, cuts)


def _change(random: Random, x: str) -> Condition:
    name, share = (
        random.choice((*COLUMNS, "today")),
        random.choice((Fraction("0.1"), Fraction("0.5"), Fraction("0.25"))),
    )

    def says(value: Fraction, row: Row) -> Any:
        return None if not row[name] else abs(value / row[name] - 1) <= share

    def cuts(row: Row) -> list[Fraction]:
        return [] if row[name] is None else [row[name] * (1 - share), row[name] * (1 + share)]

    return Condition(f"abs({x} / {name} - 1) <= {written(share)}", says, cuts)


def _denied(inner: Condition) -> Condition:
    def says(value: Fraction, row: Row) -> Any:
        said = inner.says(value, row)
        return said if said is None or said is UNDIVIDED else not said

    return Condition(f"not ({inner.text})", says, inner.cuts, inner.moduli, inner.divides)


def _and(a: Any, b: Any) -> Any:
    return _connected(a, b, False)


def _connected(a: Any, b: Any, absorbing: bool) -> Any:
    for said in (absorbing, UNDIVIDED, None):
        if a is said or b is said:
            return said
    return not absorbing


def _joined(a: Condition, b: Condition, absorbing: bool) -> Condition:
    def says(value: Fraction, row: Row) -> Any:
        return _connected(a.says(value, row), b.says(value, row), absorbing)

    word = "or" if absorbing else "and"
    return Condition(
        f"({a.text}) {word} ({b.text})", says, lambda row: [*a.cuts(row), *b.cuts(row)],
        (*a.moduli, *b.moduli), a.divides or b.divides,
    )  # fmt: skip


def _fact(random: Random) -> Condition:
    name, k = random.choice(COLUMNS), random.choice(NUMBERS)
    operator = random.choice((">", ">=", "<", "<>"))

    def says(value: Fraction, row: Row) -> Any:
        return None if row[name] is None else OPERATORS[operator](row[name], k)

    return Condition(f"{name} {operator} {written(k)}", says)
