"""Rules over several items: what is applied and chosen equals enumeration of all joint choices."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from alignment.objective.mapping import map_objective, mapped, prepare
from tests.objective.tables import initiative, table
from tests.oracles.joint import Rule, applied, best

GOALS = [
    {"id": "g", "team": "ops", "metric": "a", "weight": 3},
    {"id": "h", "team": "brand", "metric": "b", "want": "lower", "weight": 1},
]


def known(group):
    return [c for c in group if c["old"] is not None]


def changed(group):
    return [c for c in known(group) if c["price"] != c["old"]]


def total(group, *names):
    return sum(np.prod([c[name] for name in names]) for c in group)


RULES = [
    Rule("sum", "sum(price) <= 7", lambda g: total(g, "price") <= 7),
    Rule("strict", "sum(price) < 7", lambda g: total(g, "price") < 7, priority=7),
    Rule("least", "sum(price) >= 5", lambda g: total(g, "price") >= 5, per=("kind",)),
    Rule("average", "avg(price) >= 2", lambda g: total(g, "price") >= 2 * len(g), per=("kind",), priority=8),
    Rule("budget", "count(*) filter (where price <> old) <= 1", lambda g: len(changed(g)) <= 1),
    Rule(
        "changes", "avg(price) filter (where price <> old) <= 2",
        lambda g: total(changed(g), "price") <= 2 * len(changed(g)),
    ),
    Rule("highest", "max(price) <= 2", lambda g: all(c["price"] <= 2 for c in g), per=("kind",)),
    Rule("some-low", "min(price) <= 1", lambda g: any(c["price"] <= 1 for c in g)),
    Rule(
        "weighted", "sum(price * size) <= 0.75 * sum(3 * size)",
        lambda g: 4 * total(g, "price", "size") <= 9 * total(g, "size"),
    ),
    Rule(
        "ratio", "sum(price) / sum(size) between 1 and 2",
        lambda g: total(g, "size") <= total(g, "price") <= 2 * total(g, "size"),
    ),
    Rule("exactly", "sum(price) = 6", lambda g: total(g, "price") == 6),
    Rule("ladder", "upper.price >= lower.price + 1", lambda p: p[1]["price"] >= p[0]["price"] + 1, order="size"),
    Rule(
        "apart", "upper.price <> lower.price", lambda p: p[1]["price"] != p[0]["price"], order="size", within=("kind",)
    ),
    Rule(
        "product", "upper.price * lower.price <= 4", lambda p: p[1]["price"] * p[0]["price"] <= 4, order="size",
        priority=3,
    ),
]  # fmt: skip


def drawn(seed):
    """A few items with candidates in lever order, their catalogue and two or three rules; prices 1 to 3 are allowed."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 5, rng.integers(2, 6))
    catalogue = pd.DataFrame({
        "item": range(len(sizes)), "size": rng.integers(1, 4, len(sizes)), "kind": rng.choice(["x", "y"], len(sizes)),
        "old": [None if rng.random() < 0.15 else int(rng.integers(1, 4)) for _ in sizes],
    })  # fmt: skip
    catalogue["old"] = catalogue["old"].astype("Int64")
    rows, items = [], []
    for i, n in enumerate(sizes):
        prices = sorted(int(p) for p in rng.choice(5, n, replace=False))
        numbers = rng.integers(-3, 4, (n, 3)) if seed % 3 else rng.integers(-1, 2, (n, 3))
        today = int(rng.integers(-1, n))
        rows += [(i, p, *map(float, numbers[k]), k == today) for k, p in enumerate(prices)]
        facts = catalogue.iloc[i]
        old = None if pd.isna(facts["old"]) else int(facts["old"])
        own = {"item": i, "size": int(facts["size"]), "kind": facts["kind"], "old": old}
        items.append([{**own, **candidate(k, p, numbers[k]), "today": k == today} for k, p in enumerate(prices)])
    picked = rng.choice(len(RULES), 2 + seed % 2, replace=False)
    return rows, items, catalogue, [RULES[k] for k in sorted(picked)]


def candidate(place, price, numbers):
    return {"place": place, "price": price, **{m: Fraction(int(v)) for m, v in zip("abc", numbers, strict=True)}}


def constraint(rule, **more):
    found = {"id": rule.id, "team": "ops", "rule": rule.text, "priority": rule.priority, **more}
    if rule.per:
        found["per"] = list(rule.per)
    if rule.order:
        found["pairs"] = {"order": rule.order, "within": list(rule.within)}
    return found


ITEM_RULES = [
    {"id": "top", "team": "ops", "rule": "price <= 3"},
    {"id": "bottom", "team": "ops", "rule": "price >= 1"},
]


def built(rules, objective="2 * a - c", **more):
    return initiative(
        GOALS, {"expression": objective}, rules=(), catalogue={"source": "c.csv", "key": "item"},
        constraints=[*ITEM_RULES, *map(constraint, rules)], **more,
    )  # fmt: skip


def allowed(items, without=None):
    """Candidates that keep the item rules, or all but one of them; items that have none with both are left out."""
    keeps = {"top": lambda c: c["price"] <= 3, "bottom": lambda c: c["price"] >= 1}
    tests = [test for name, test in keeps.items() if name != without]
    playing = [item for item in items if any(keeps["top"](c) and keeps["bottom"](c) for c in item)]
    return [[c for c in item if all(test(c) for test in tests)] for item in playing]


def utility_of(items):
    """Utility by candidate as the contract defines it, from the allowed candidates of all items."""
    playing = allowed(items)
    base, swing = {}, {}
    for item in playing:
        whole = next(full for full in items if full[0]["item"] == item[0]["item"])
        today = [c for c in whole if c["today"]]
        rows = today or item
        base[item[0]["item"]] = {m: sum(c[m] for c in rows) / Fraction(len(rows)) for m in "ab"}
    for m in "ab":
        swing[m] = sum((max(c[m] for c in item) - min(c[m] for c in item) for item in playing), Fraction(0))
    weights = {m: w for m, w in (("a", Fraction(3)), ("b", Fraction(-1))) if swing[m]}
    whole = sum(map(abs, weights.values())) or Fraction(1)
    return lambda c: sum((w / whole * (c[m] - base[c["item"]][m]) / swing[m] for m, w in weights.items()), Fraction(0))


def objective_of(c):
    return 2 * c["a"] - c["c"]


@pytest.mark.parametrize("seed", range(60))
def test_joint_choices_equal_enumeration(seed):
    rows, items, catalogue, rules = drawn(seed)
    playing = allowed(items)
    found = mapped(prepare(built(rules), table(rows), catalogue), thorough=False).behaviour
    if not playing:
        assert found.coupled is None and set(found.constraints_not_applied) == {r.id for r in rules}
        return
    kept = applied(playing, rules)
    assert set(found.constraints_not_applied) == {r.id for r in rules} - {r.id for r in kept}
    assert set(found.not_applied_because) == set(found.constraints_not_applied)
    if not kept:
        assert found.coupled is None
        return
    assert (set(found.coupled.applied), found.coupled.method, found.coupled.gap) == ({r.id for r in kept}, "milp", 0.0)
    check(found, items, kept)


def check(found, items, kept):
    playing, utility = allowed(items), utility_of(items)
    top, _ = best(playing, kept, utility)
    _, models = best(playing, kept, objective_of)
    worth = {sum(map(utility, chosen), Fraction(0)) for chosen in models}
    if top <= 0:
        assert found.captured.model is None
        return
    assert found.captured.low is None and "drawn one by one" in found.captured.reason
    assert any(found.captured.model == pytest.approx(float(w / top), abs=1e-9) for w in worth)
    assert sum(row.share for row in found.regret) == pytest.approx(1 - found.captured.model, abs=1e-9)
    for row in found.guardrails:
        others = [rule for rule in kept if rule.id != row.constraint]
        free = allowed(items, row.constraint)
        price = best(free, others, utility)[0] - top
        assert row.price == pytest.approx(float(price / top), abs=1e-9), row.constraint
        _, freed = best(free, others, objective_of)
        saved = {w - sum(map(utility, c), Fraction(0)) for c in freed for w in worth}
        assert any(row.protects == pytest.approx(float(s / top), abs=1e-9) for s in saved), row.constraint


def test_a_third_of_the_random_cases_have_rules_that_change_the_choice():
    cases = [drawn(seed) for seed in range(60)]
    changes = 0
    for _, items, _, rules in cases:
        playing = allowed(items)
        kept = applied(playing, rules) if playing else []
        changes += bool(kept) and best(playing, kept, objective_of)[0] < best(playing, [], objective_of)[0]
    assert changes >= 20


BUDGET = RULES[4]


def test_soft_retired_and_merely_proposed_rules_do_not_bind():
    rows, _, catalogue, _ = drawn(4)
    plain = initiative(
        GOALS, {"expression": "a"}, rules=(), catalogue={"source": "c.csv", "key": "item"},
        constraints=[constraint(BUDGET, strength="soft"), {**constraint(BUDGET), "id": "old", "status": "retired"}],
    )  # fmt: skip
    found = map_objective(plain, table(rows), catalogue).behaviour
    assert found.coupled is None and found.constraints_not_applied == ()
    later = initiative(
        GOALS, {"expression": "a"}, rules=(), catalogue={"source": "c.csv", "key": "item"},
        constraints=[constraint(BUDGET)],
    )  # fmt: skip
    assert map_objective(later, table(rows), catalogue, stage="agreed").behaviour.coupled is None
    assert map_objective(later, table(rows), catalogue).behaviour.coupled is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sum(price) * sum(price) <= 9", "multiplies unknowns"),
        ("sum(price) filter (where price > 2) >= 3", "may sum over nothing"),
        ("sum(price) / count(*) filter (where price > 2) <= 3", "what it divides by may be zero"),
        ("max(price) - min(price) <= 1", "compares a least or greatest value"),
        ("sum(price) <> 4", "without saying in which direction|choice between comparisons"),
    ],
)
def test_a_rule_that_is_no_sum_of_chosen_candidates_is_named_with_the_reason(text, said):
    rows, _, catalogue, _ = drawn(4)
    found = map_objective(built([Rule("odd", text, lambda g: True)]), table(rows), catalogue).behaviour
    assert found.constraints_not_applied == ("odd",) and found.coupled is None
    assert re.search(said, found.not_applied_because["odd"])


def test_what_cannot_be_kept_is_named_with_the_group():
    rows = [(i, p, float(p), 0.0, 0.0, p == 1) for i in range(2) for p in (1, 2)]
    catalogue = pd.DataFrame({"item": [0, 1], "kind": ["x", "y"], "least": [9, 0]})
    high = Rule("high", "sum(price) >= sum(least)", lambda g: True, per=("kind",))
    found = map_objective(built([high]), table(rows), catalogue).behaviour
    assert found.not_applied_because == {"high": "no choice of one candidate per item keeps it in x"}


def test_of_equal_joint_choices_the_first_in_lever_order_is_taken():
    rows = [(i, p, 0.0 if p == 1 else 1.0, 0.0, 0.0, p == 1) for i in range(3) for p in (3, 2, 1)]
    catalogue = pd.DataFrame({"item": range(3), "old": 1})
    found = map_objective(built([BUDGET], "0 * a"), table(rows), catalogue).behaviour
    assert found.captured.model == 0
    assert [row.model for row in found.worst_items] == [{"price": 1}]
    assert [row.best for row in found.worst_items] == [{"price": 2}]


def test_rules_that_bind_nothing_leave_every_number_but_the_interval():
    rng = np.random.default_rng(8)
    rows = [(i, int(k), *map(float, rng.normal(size=3)), k == 1) for i in range(40) for k in (1, 2, 3)]
    catalogue = pd.DataFrame({"item": range(40)})
    loose = Rule("loose", "sum(price) <= 1000", lambda g: True)
    one, other = (map_objective(built(r), table(rows), catalogue) for r in ([], [loose]))
    a, b = one.behaviour, other.behaviour
    assert b.captured.model == pytest.approx(a.captured.model, abs=1e-12) and b.captured.low is None
    assert [r.amount for r in b.regret] == pytest.approx([r.amount for r in a.regret], abs=1e-9)
    assert (a.dominated, a.distance, a.rank_agreement) == (b.dominated, b.distance, b.rank_agreement)
    assert [g.price for g in b.guardrails] == pytest.approx([*(g.price for g in a.guardrails), 0], abs=1e-12)
    assert b.robustness == a.robustness
    assert [(w.item, w.model, w.best) for w in b.worst_items] == [(w.item, w.model, w.best) for w in a.worst_items]


def test_a_group_too_large_for_one_programme_is_bounded_and_says_how_closely():
    rng = np.random.default_rng(3)
    items = np.repeat(np.arange(2_400), 10)
    price = np.tile(np.arange(10), 2_400)
    frame = pd.DataFrame({
        "item": items, "price": price, "a": rng.normal(size=len(items)), "b": rng.normal(size=len(items)),
        "c": rng.normal(size=len(items)), "today": price == 0,
    })  # fmt: skip
    catalogue = pd.DataFrame({"item": np.arange(2_400), "old": 0, "size": rng.uniform(1, 3, 2_400)})
    built_ = initiative(
        GOALS, {"expression": "a - b"}, rules=(), catalogue={"source": "c.csv", "key": "item"},
        constraints=[
            {"id": "budget", "team": "ops", "rule": "count(*) filter (where price <> old) <= 700"},
            {"id": "level", "team": "ops", "rule": "sum(price * size) <= 2.2 * sum(size)"},
        ],
    )  # fmt: skip
    found = mapped(prepare(built_, frame, catalogue), thorough=False).behaviour
    assert found.coupled.method == "lagrangian" and 0 <= found.coupled.gap < 0.001
    assert 0.5 < found.captured.model < 1 and all(row.price >= 0 for row in found.guardrails)
