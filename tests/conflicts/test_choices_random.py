"""Levers that are one of a list of values: on random instances the whole answer is that of trying every value."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from alignment.catalogue.reading import connect
from alignment.conflicts.check import report
from tests.conflicts.cases import NUMBER, case_of
from tests.conflicts.instances import Instance
from tests.conflicts.test_items_random import constraint, differences, number
from tests.oracles import rules as words
from tests.oracles.items import UNDIVIDED, Condition, Domain, Row, Rule, check

ACTIONS = ("approve", "review", "decline", "Hold")
DISCOUNTS = tuple(Fraction(n) for n in ("0", "0.05", "0.1", "0.25", "0.5"))
TEXTS = (
    "action <> 'decline'", "action = 'review'", "action in ('review', 'decline')", "action not in ('approve', 'Hold')",
    "action = usual", "action <> usual", "action in (usual, 'approve', 'hold')", "action <> 'refer'",
    "action = 'refer'", "lower(action) = 'hold'", "length(action) > 6",
    "length(action) between 5 and 6", "length(action) < 2",
    "action like 're%'", "not (action like '%e')", "action like '_e%w'", "upper(action) <> 'HOLD'", "action > 'b'",
    "case when a > 1 then action <> 'review' end", "not (action = 'review' or a > 2)", "action = 'review' and a > 1",
    "coalesce(usual, 'review') = action", "lower(action) <> action", "a > 1 or action = 'decline'", "action is null",
)  # fmt: skip
NUMBERS = (
    "discount <= a / 10", "discount < b", "discount >= b / 2", "discount > a / 10", "discount = 0.05",
    "discount <> 0.1", "discount in (0, 0.25)", "discount not in (0, 0.5)", "a / discount >= 20", "a / discount < 20",
    "discount * 2 <= b",
    "discount between b and 0.3", "discount % 0.1 = 0", "discount % 0.1 = 0.05",
    "case when a > 1 then discount <= b end",
    "discount = b", "discount <> b", "abs(discount - b) <= 0.05", "coalesce(b, 0.1) >= discount",
    "a > 1 and discount > 0",
    "not (discount > 0.05 or a > 2)", "discount > 0.5", "discount < 0", "round(discount) = 1",
    "discount * discount > 0.3",
)  # fmt: skip
CELLS: dict[str, tuple[Any, ...]] = {
    "a": (None, Fraction(0), Fraction(1), Fraction(2), Fraction(3), Fraction(-1)),
    "b": (None, Fraction(0), Fraction("0.1"), Fraction("0.25"), Fraction("0.3"), Fraction("0.5"), Fraction(-1)),
    "usual": (None, "approve", "review", "Hold", "refer"),
}
OTHERS = {
    "action": ("refer", "hold", "HOLD", "reeeew", "xew", "", "a", "x", "zz", "xxxxxx", "xxxxxe", "XXXXXXX", "REVIEW"),
    "discount": tuple(Fraction(n, 240) for n in range(-480, 960) if Fraction(n, 240) not in DISCOUNTS),
}
TYPES = {
    "action": {"usual": pa.string(), "today": pa.string(), "a": NUMBER, "b": NUMBER},
    "discount": {"usual": pa.string(), "today": NUMBER, "a": NUMBER, "b": NUMBER},
}


def condition(text: str, lever: str) -> Condition:
    def says(value: Any, row: Row) -> Any:
        said = words.says(text, {**row, lever: value}, (lever,))
        return UNDIVIDED if said is words.UNDIVIDED else said

    return Condition(text, says)


def drawn(seed: int) -> Instance:
    dice = Random(seed)
    lever = dice.choice(("action", "discount"))
    texts, listed = (TEXTS, ACTIONS) if lever == "action" else (NUMBERS, DISCOUNTS)
    values = tuple(dice.sample(listed, dice.randint(1, len(listed))))
    domain = Domain(lever, values=values, others=tuple({*listed, *OTHERS[lever]} - {*values}), current="today")
    rows = [{"k": i + 1, **{n: dice.choice(c) for n, c in CELLS.items()}} for i in range(dice.randint(1, 5))]
    rows = [{**row, "today": dice.choice((None, *listed))} for row in rows]
    rules = []
    for i in range(dice.randint(1, 6)):
        scope = dice.choice((None, None, None, "a > 0", "b >= 0.25", "usual = 'review'"))
        where = None if scope is None else condition(scope, lever)
        rules.append(Rule(f"r{i}", condition(dice.choice(texts), lever), lever, where, dice.random() < 0.8))
    return Instance(tuple(rules), (domain,), tuple(rows))


@pytest.mark.parametrize("chunk", range(8))
def test_the_answer_is_that_of_every_value_on_the_list_and_beside_it(chunk: int) -> None:
    connection = connect()
    for seed in range(chunk * 25, chunk * 25 + 25):
        instance = drawn(seed)
        found = checked(instance, connection.cursor())
        trouble = differences(found, check(instance.rules, instance.levers, instance.rows), set())
        assert not trouble, f"seed {seed}\n{instance}\n" + "\n".join(trouble)


def checked(instance: Instance, connection: Any) -> Any:
    """The report of an instance with one lever that has a list of values."""
    (domain,) = instance.levers
    lever = {"name": domain.name, "values": [number(v) for v in domain.values or ()], "current": domain.current}
    rows = [{k: number(v) for k, v in row.items()} for row in instance.rows]
    rules = [constraint(r) for r in instance.rules]
    return report(case_of(rules, rows, [lever], TYPES[domain.name], connection=connection))
