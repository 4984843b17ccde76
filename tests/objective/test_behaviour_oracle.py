"""The behaviour equals plain loops over fractions on random tables: dense, ragged, ties, NULL, none allowed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignment.objective.mapping import mapped, prepare
from tests.objective.tables import initiative, oracle, table

OBJECTIVES = [
    ("2 * a - b", lambda m: None if None in (m["a"], m["b"]) else 2 * m["a"] - m["b"]),
    ("c", lambda m: m["c"]),
    ("a * b", lambda m: None if None in (m["a"], m["b"]) else m["a"] * m["b"]),
    ("0 * a", lambda m: None if m["a"] is None else Fraction(0)),
]
number = st.one_of(st.integers(-3, 3), st.integers(-3, 3), st.integers(-3, 3), st.none())


@st.composite
def tables(draw):
    """Rows of up to six items with up to five candidates, perhaps all with equally many."""
    dense = draw(st.one_of(st.none(), st.integers(1, 4)))
    rows = []
    for item in range(draw(st.integers(1, 6))):
        size = dense or draw(st.integers(1, 5))
        today = draw(st.integers(-1, size - 1))
        rows += [(item, draw(st.integers(0, 4)), *(draw(number) for _ in range(3)), k == today) for k in range(size)]
    return draw(st.permutations(rows)) if draw(st.booleans()) else rows


@st.composite
def goal_lists(draw):
    """One to three goals over a, b, c, or over a metric that is not in the table."""
    goals = []
    for k in range(draw(st.integers(1, 3))):
        goal = {
            "id": f"g{k}", "team": draw(st.sampled_from(["ops", "brand"])), "metric": draw(st.sampled_from("abcd")),
            "want": draw(st.sampled_from(["higher", "lower"])), "weight": draw(st.integers(0, 3)),
        }  # fmt: skip
        if draw(st.booleans()):
            goal["swing"] = draw(st.integers(1, 9))
        goals.append(goal)
    return goals


def near(found, expected):
    if expected is None or found is None:
        return found is None and expected is None
    return found == pytest.approx(float(expected), rel=1e-9, abs=1e-9)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(), goal_lists(), st.sampled_from(OBJECTIVES), st.booleans(), st.sampled_from([(), ("b",), ("a", "c")]))
def test_behaviour_equals_plain_loops(rows, goals, objective, minimise, means):
    if all(goal["weight"] == 0 for goal in goals):
        goals[0]["weight"] = 1
    text, value = objective
    metrics = [{"name": m, "aggregate": "mean" if m in means else "sum"} for m in "abcd"]
    stated = {"expression": text, "sense": "minimise" if minimise else "maximise"}
    read = prepare(initiative(goals, stated, metrics=metrics), table(rows))
    report = mapped(read, thorough=False)
    flip = (lambda m: None if value(m) is None else -value(m)) if minimise else value
    expected = oracle(rows, goals, flip, means=means)
    check(report.behaviour, expected)


def check(found, expected):
    assert found.items == len(expected.keys)
    assert found.infeasible_items == expected.infeasible
    assert found.incomplete_candidates == expected.incomplete
    assert list(found.unseen_goals) == expected.unseen
    assert list(found.unmovable) == expected.unmovable
    assert near(found.captured.model, expected.kappa(expected.u_model))
    assert near(found.captured.random, expected.kappa(expected.u_random))
    for row, goal in zip(found.regret, expected.goals, strict=True):
        share, amount, model, best = expected.regret(goal)
        assert row.goal == goal.id
        assert near(row.share, share) and near(row.amount, amount)
        assert near(row.model_change, model) and near(row.best_change, best)
    if found.captured.model is not None:
        assert sum(row.share for row in found.regret) == pytest.approx(1 - found.captured.model, abs=1e-9)
        assert sum(t.regret_share for t in found.teams) == pytest.approx(1 - found.captured.model, abs=1e-9)
    count, gain = expected.dominated()
    assert found.dominated.items == count and near(found.dominated.free_gain, gain)
    for point, value in zip(found.goodhart.curve, expected.goodhart(), strict=True):
        assert near(point.captured, value)
    for row in found.guardrails:
        price, protects = expected.guardrail(row.constraint)
        assert near(row.price, price) and near(row.protects, protects)
    tau, items = expected.tau()
    assert (found.rank_agreement is None) == (items == 0)
    if items:
        assert found.rank_agreement.items == items and near(found.rank_agreement.tau_b, tau)
    distance = expected.distance()
    if distance is None or found.distance is None:
        assert found.distance is None or found.distance == pytest.approx(0, abs=1e-6) or distance is None
    else:
        assert found.distance == pytest.approx(distance, abs=1e-7)
    losses = expected.losses()[:20]
    assert [row.item for row in found.worst_items] == [key for _, key in losses]


@pytest.mark.parametrize("seed", range(60))
def test_behaviour_equals_plain_loops_where_there_is_something_to_capture(seed):
    rng = np.random.default_rng(seed)
    rows = []
    for item in range(rng.integers(3, 10)):
        size = 4 if seed % 3 == 0 else int(rng.integers(1, 7))
        today = int(rng.integers(0, size))
        for k in range(size):
            drawn = [None if rng.random() < 0.03 else float(v) for v in rng.integers(-6, 7, 3) / 2]
            rows.append((item, int(rng.integers(0, 5)), *drawn, k == today and seed % 4 > 0))
    goals = [
        {"id": f"g{m}", "team": ["ops", "brand"][m % 2], "metric": "abc"[m], "weight": int(w), "want": want}
        for m, (w, want) in enumerate(zip(rng.integers(1, 5, 3), rng.choice(["higher", "lower"], 3), strict=True))
    ]
    text, value = OBJECTIVES[seed % 3]
    report = mapped(prepare(initiative(goals, {"expression": text}), table(rows)), thorough=False)
    check(report.behaviour, oracle(rows, goals, value))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(), goal_lists(), st.sampled_from(OBJECTIVES[:3]), st.integers(0, 100))
def test_order_of_rows_does_not_matter(rows, goals, objective, seed):
    if all(goal["weight"] == 0 for goal in goals):
        goals[0]["weight"] = 1
    built = initiative(goals, {"expression": objective[0]}, metrics=[{"name": m} for m in "abcd"])
    shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
    one, other = (mapped(prepare(built, table(r)), thorough=False).behaviour for r in (rows, shuffled))
    assert near(one.captured.model, other.captured.model) and near(one.captured.low, other.captured.low)
    assert near(one.distance, other.distance)
    assert [near(a.share, b.share) for a, b in zip(one.regret, other.regret, strict=True)].count(False) == 0
