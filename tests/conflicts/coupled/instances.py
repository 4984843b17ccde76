"""Random small catalogues with rules of all families, for the product and for the oracle alike."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pyarrow as pa

from alignment.initiative.models import Initiative
from alignment.initiative.reading import read_text
from tests.oracles.coupled import Instance, Lever, Rule

ITEM = (
    "price >= cost",
    "price <= cap",
    "price > cost + 1",
    "price < cap",
    "price = today",
    "price <> today",
    "price between cost and cap",
    "price in (3, 7)",
    "price <= 4 or price >= 9",
    "price >= {k}",
    "price <= {k}",
    "price >= 2 * cost - 3",
)
PAIR = (
    "upper.price >= lower.price + 1",
    "upper.price > lower.price",
    "upper.price between lower.price and lower.price * 2",
    "upper.price <= lower.price + 2",
    "upper.price + lower.price <= {k} + 6",
    "upper.price >= lower.price * upper.size / lower.size",
    "upper.price = lower.price",
    "upper.cost < lower.cost or upper.price >= lower.price",
    "abs(upper.price - lower.price) <= 1",
)
AGGREGATE = (
    "sum(price) <= {n} * {k}",
    "sum(price) >= {n} * {k}",
    "avg(price) <= {k}",
    "avg(price) > {k}",
    "sum(price * units) <= {k} * sum(units)",
    "count(*) filter (where price <> today) <= {c}",
    "count(*) filter (where price > cost) >= {c}",
    "max(price) <= {k}",
    "min(price) >= {k}",
    "max(price) - min(price) <= {c}",
    "max(price) >= {k}",
    "sum(abs(price - today)) <= {k}",
    "avg(price / cost) <= 1.5",
    "sum((price - cost) * units) >= 0.25 * sum(price * units)",
    "sum(price) filter (where kind = 'a') <= {k}",
    "sum(price) = {n} * {k}",
    "avg(price) >= 0.8 * avg(cap)",
    "sum(price) between {k} and 2 * {k}",
    "max(price) <= 2 * min(price)",
    "count(*) filter (where price <> today) <= 0.5 * count(*)",
    "sum(case when kind = 'a' then 2 * price else price end) >= {n} * {k}",
)
LINKED = ("price = list * (1 - discount)", "price <= cap - 5 * discount", "price + 4 * discount >= {k}")


def random_instance(seed: int, linked: bool = False, tiny: bool = False) -> Instance:
    """A catalogue of three to six items with three to seven rules, or a tiny one of two or three with two to four."""
    dice = random.Random(seed)
    n = dice.randint(2, 3) if tiny else dice.randint(3, 6)
    items = [_item(i, dice) for i in range(n)]
    if tiny:  # a column of a file that has no value at all has no kind
        items[0] |= {"cost": items[0]["cost"] or 3, "today": items[0]["today"] or 5, "size": items[0]["size"] or 1}
    step = dice.choice([None, None, Fraction(1), Fraction(1, 2)])
    levers = [Lever("price", Fraction(0), dice.choice([None, Fraction(12)]) if step is None else Fraction(12), step)]
    if linked:
        levers.append(Lever("discount", Fraction(0), Fraction(1), dice.choice([None, Fraction(1, 4)])))
    rules = [_rule(i, dice, n, linked) for i in range(dice.randint(2, 4) if tiny else dice.randint(3, 7))]
    return Instance(items, levers, rules)


def _item(i: int, dice: random.Random) -> dict[str, Any]:
    cost = dice.randint(1, 8)
    return {
        "key": f"i{i}",
        "cost": cost if dice.random() > 0.08 else None,
        "cap": cost + dice.randint(-1, 6),
        "today": dice.randint(1, 10) if dice.random() > 0.08 else None,
        "size": dice.choice([1, 2, 3, 4]) if dice.random() > 0.05 else None,
        "units": dice.randint(1, 5),
        "line": dice.choice(["x", "x", "y"]),
        "kind": dice.choice(["a", "b"]),
        "list": dice.randint(4, 10),
    }


def _rule(i: int, dice: random.Random, n: int, linked: bool) -> Rule:
    numbers = {"k": dice.randint(2, 9), "n": n, "c": dice.randint(0, 3)}
    where = dice.choice([None, None, None, "kind = 'a'", "cost > 3"])
    roll = dice.random()
    if linked and roll < 0.4:
        return Rule(f"r{i}", dice.choice(LINKED).format(**numbers), where)
    if roll < 0.45:
        return Rule(f"r{i}", dice.choice(ITEM).format(**numbers), where)
    if roll < 0.7:
        return Rule(f"r{i}", dice.choice(PAIR).format(**numbers), where, within=("line",), order="size")
    per = ("line",) if dice.random() < 0.4 else ()
    return Rule(f"r{i}", dice.choice(AGGREGATE).format(**numbers), where, per=per)


def initiative_of(instance: Instance) -> Initiative:
    """The instance as an initiative."""
    lines = ["accord: 1", "id: random", "levers:"]
    for lever in instance.levers:
        ends = [(n, getattr(lever, n)) for n in ("minimum", "maximum", "step")]
        lines.append(f"  - name: {lever.name}")
        lines += [f"    {name}: {float(value)}" for name, value in ends if value is not None]
        lines += ["    current: today"] if lever.name == "price" else []
    lines += ["catalogue: {source: none.csv, key: key}", "constraints:"]
    for rule in instance.rules:
        lines += [f"  - id: {rule.id}", "    team: brand", f"    rule: {_quoted(rule.text)}"]
        lines += [f"    where: {_quoted(rule.where)}"] if rule.where else []
        lines += [f"    pairs: {{within: [{', '.join(rule.within)}], order: {rule.order}}}"] if rule.order else []
        lines += [f"    per: [{', '.join(rule.per)}]"] if rule.per else []
    return read_text("\n".join(lines) + "\n", "random.yaml")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def table_of(instance: Instance) -> pa.Table:
    """The items as a table."""
    return pa.table({name: [item[name] for item in instance.items] for name in instance.items[0]})
