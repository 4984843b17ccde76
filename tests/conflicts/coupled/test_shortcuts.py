"""What makes the search quick says the same as the plain way: ladders in one pass, counts of changes, and memory."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest

from alignment.catalogue.reading import open_catalogue
from alignment.conflicts.coupled.answers import Asked, search_all
from alignment.conflicts.coupled.dualise import Frontier, Shared
from alignment.conflicts.coupled.fewest import fewest
from alignment.conflicts.coupled.model import Model, model_of
from alignment.conflicts.coupled.passes import order_of
from alignment.conflicts.coupled.search import decide
from alignment.conflicts.coupled.verdicts import Batch, Judge, Question, Verdict
from alignment.conflicts.coupled.witness import allowed_at
from alignment.rules.ruleset import read_rules
from tests.conflicts.coupled.instances import initiative_of, random_instance, table_of
from tests.oracles.coupled import Instance, Lever, Rule

SEEDS = range(60)


def model_for(instance: Instance) -> Model:
    initiative = initiative_of(instance)
    catalogue = open_catalogue(initiative, table_of(instance))
    return model_of(read_rules(initiative, catalogue, "proposed", None), catalogue)


def laddered(seed: int) -> Model:
    """Four to nine items of two lines in ladders, with item rules and a budget of changes; prices from 0 to 12."""
    dice = random.Random(seed)
    items = [
        {
            "key": f"i{i}",
            "size": dice.choice([1, 2, 3]),
            "line": dice.choice(["x", "y"]),
            "kind": dice.choice(["a", "b"]),
            "today": dice.randint(1, 10),
            "cost": dice.randint(1, 8),
        }
        for i in range(dice.randint(4, 9))
    ]
    texts = ["price >= cost", "price <= cost + 4", "price % 5 = 0 or price = today", "price in (2, 6, 7, 11)"]
    where = [None, "kind = 'a'", "cost > 3"]
    ladder = dice.choice(["upper.price >= lower.price", "upper.price > lower.price", "upper.price >= lower.price + 2"])
    rules = [Rule(f"r{i}", text, dice.choice(where)) for i, text in enumerate(texts)]
    rules.append(Rule("ladder", ladder, within=("line",), order="size"))
    rules.append(Rule("budget", f"count(*) filter (where price <> today) <= {dice.randint(1, 4)}"))
    return model_for(Instance(items, [Lever("price", 0, 12, 1)], rules))


def some_sets(model: Model, seed: int, count: int = 12) -> list[int]:
    dice = random.Random(seed)
    rules = len(model.items) + len(model.coupled)
    return [dice.getrandbits(rules) for _ in range(count)]


@pytest.mark.parametrize("seed", SEEDS)
def test_one_pass_along_ladders_leaves_what_rounds_of_arrays_leave(seed: int) -> None:
    model = laddered(seed)
    judge = Judge(model)
    for rules, component in product(some_sets(model, seed), model.components):
        question = Question(component, rules | model.coupled_bits)
        quick = judge.batch([question])
        plain = plainly(judge, question)

        assert judge.has_order(question)
        assert quick.pushed.empty.any() == plain.pushed.empty.any()
        if not plain.pushed.empty.any():
            assert quick.found.low.tolist() == plain.found.low.tolist()
            assert quick.found.high.tolist() == plain.found.high.tolist()


def plainly(judge: Judge, question: Question) -> Batch:
    """The batch of a question with its ladders pushed in rounds of arrays."""
    judge.orders = dict.fromkeys([*judge.orders], None)
    batch = judge.batch([question])
    judge.orders.clear()
    return batch


def test_ladders_that_turn_in_circles_are_not_pushed_in_one_pass() -> None:
    items = [{"key": k, "line": "x", "size": i, "turn": -i, "today": 5} for i, k in enumerate("abc")]
    up = Rule("up", "upper.price > lower.price", within=("line",), order="size")
    down = Rule("down", "upper.price > lower.price", within=("line",), order="turn")
    model = model_for(Instance(items, [Lever("price", 0, 12, 1)], [up, down]))
    judge = Judge(model)

    assert order_of(model, judge.kinds.arcs) is None
    assert not judge.has_order(Question(model.components[0], model.coupled_bits))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_fewest_changes_are_those_of_trying_every_price(seed: int) -> None:
    model = laddered(seed)
    judge = Judge(model)
    for rules, component in product(some_sets(model, seed, 3), model.components):
        batch = judge.batch([Question(component, rules | model.coupled_bits)])
        for row in batch.others:
            found = fewest(judge, batch, int(row))
            if found is not None and len(batch.slots) <= 5:
                assert found.least == by_trying(judge, batch)


def by_trying(judge: Judge, batch: Batch) -> float:
    """The fewest prices that leave today's value, over all whole prices that item rules and ladders allow."""
    part, place = judge.model.slots, {int(s): i for i, s in enumerate(batch.slots)}
    free = judge.batch([Question(batch.questions[0].component, batch.questions[0].rules & ~judge.model.coupled_bits)])
    may = np.array([allowed_at(judge, free, np.full(len(batch.slots), float(v))) for v in range(13)])
    pairs = [(place[int(lo)], place[int(up)]) for lo, up in zip(batch.arcs.lower, batch.arcs.upper, strict=True)]
    arcs = list(zip(pairs, batch.arcs.offset.tolist(), batch.arcs.strict.tolist(), strict=True))
    best = np.inf
    for prices in product(*(np.flatnonzero(may[:, s]).tolist() for s in range(len(batch.slots)))):
        if all(prices[u] > prices[lo] + c or (prices[u] == prices[lo] + c and not s) for (lo, u), c, s in arcs):
            best = min(best, sum(p != t for p, t in zip(prices, part.today[batch.slots], strict=True)))
    return best


@pytest.mark.parametrize("seed", range(40))
def test_what_is_remembered_of_a_search_is_what_a_fresh_one_answers(seed: int) -> None:
    model = laddered(seed) if seed % 2 else model_for(random_instance(seed))
    judge, shared = Judge(model), Shared()
    every = (1 << (len(model.items) + len(model.coupled))) - 1
    fronts = [(c, Frontier(c.rules & every, model.coupled_bits)) for c in model.components]
    search_all(Asked(judge, None, True), fronts, shared)
    for component in model.components:
        for rules, _ in judge.known.held.get(component.number, []):
            assert afresh(model, component.number, rules) in ("holds", "open")
        for rules in judge.known.failed.get(component.number, []):
            assert afresh(model, component.number, rules) in ("fails", "open")


def afresh(model: Model, component: int, rules: int) -> Verdict:
    judge = Judge(model)
    question = Question(model.components[component], rules)
    (verdict,) = judge.verdicts([question])
    return decide(judge, question) if verdict == "open" else verdict
