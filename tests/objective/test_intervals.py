"""Intervals hold what they promise, a random objective is random, and a repair is not found in noise."""

from __future__ import annotations

import numpy as np
import pyarrow
import pytest

from alignment.objective.intervals import MOST_RESAMPLED, captured_of
from alignment.objective.mapping import map_objective, mapped, prepare
from tests.objective.tables import initiative

GOALS = [
    {"id": "g", "team": "ops", "metric": "a", "weight": 2},
    {"id": "h", "team": "brand", "metric": "b", "weight": 1},
]


def drawn(seed, items=200, candidates=5, signal=0.0):
    rng = np.random.default_rng(seed)
    n = items * candidates
    a, b, noise = rng.normal(size=(3, n))
    return pyarrow.table({
        "item": np.repeat(np.arange(items), candidates), "price": np.full(n, 2), "a": a, "b": b,
        "c": signal * (a + b) + noise, "today": np.tile(np.arange(candidates) == 0, items),
    })  # fmt: skip


def population(rng, items):
    """Utility of the model's and of the best choice of items, skewed and dependent."""
    best = rng.exponential(size=items) + 0.2
    return best * np.where(rng.random(items) < 0.6, 1.0, rng.normal(-0.5, 1.0, items)), best


def test_intervals_cover_the_truth():
    truth = np.divide(*(v.sum() for v in population(np.random.default_rng(1), 4_000_000)))
    rng, hits, trials = np.random.default_rng(2), 0, 600
    for _ in range(trials):
        model, best = population(rng, 200)
        found, _ = captured_of(model, best, best)
        hits += found.low <= truth <= found.high
    assert 0.92 <= hits / trials <= 0.98


def test_the_method_for_many_items_agrees_with_the_bootstrap(monkeypatch):
    model, best = population(np.random.default_rng(3), 5_000)
    drawn_often, _ = captured_of(model, best, best)
    monkeypatch.setattr("alignment.objective.intervals.MOST_RESAMPLED", 100)
    by_delta, margins = captured_of(model, best, best)
    width = drawn_often.high - drawn_often.low
    assert MOST_RESAMPLED == 100_000
    assert by_delta.low == pytest.approx(drawn_often.low, abs=0.1 * width)
    assert by_delta.high == pytest.approx(drawn_often.high, abs=0.1 * width)
    assert margins.good_low < margins.half_high


def test_resamples_without_anything_to_capture_are_counted():
    found, _ = captured_of(np.array([1.0, -2.0]), np.array([1.5, -1.0]), np.zeros(2))
    assert 0.15 < found.undefined < 0.35
    assert found.low is not None


def test_a_random_objective_captures_what_a_random_choice_does():
    inside = 0
    for seed in range(12):
        found = mapped(prepare(initiative(GOALS, {"expression": "c"}, rules=()), drawn(seed)), thorough=False)
        captured = found.behaviour.captured
        inside += captured.low <= captured.random <= captured.high
    assert inside >= 10


def test_no_repair_is_offered_where_there_is_only_noise():
    metrics = [{"name": "a", "measured": "none"}, {"name": "b", "measured": "none"}, {"name": "c"}, {"name": "e"}]
    built = initiative(GOALS, {"expression": "c"}, rules=(), metrics=metrics)
    offered = 0
    for seed in range(24):
        rows = drawn(seed, items=80)
        rows = rows.append_column("e", pyarrow.array(np.random.default_rng(1000 + seed).normal(size=rows.num_rows)))
        offered += map_objective(built, rows).repair is not None
    assert offered <= 1


def test_a_repair_is_found_where_there_is_one_and_proved_on_the_other_half():
    metrics = [{"name": "a", "measured": "none"}, {"name": "b"}, {"name": "c"}]
    report = map_objective(
        initiative(GOALS, {"expression": "0.01 * c - b"}, rules=(), metrics=metrics), drawn(1, signal=2.0)
    )
    repair = report.repair
    assert set(repair.weights) <= {"b", "c"} and repair.weights["c"] == 0.01
    assert repair.held_out.low > 0 and repair.held_out.captured_after > repair.held_out.captured_before + 0.3
    again = initiative(
        GOALS,
        {"terms": [{"metric": m, "coefficient": str(a)} for m, a in repair.weights.items()]},
        rules=(),
        metrics=metrics,
    )
    both = map_objective(again, drawn(1, signal=2.0)).behaviour.captured.model
    halves = sorted([repair.captured_after, repair.held_out.captured_after])
    assert halves[0] - 1e-9 <= both <= halves[1] + 1e-9


def test_the_best_weights_are_found_where_every_metric_is_available():
    report = map_objective(initiative(GOALS, {"expression": "c"}, rules=()), drawn(4))
    assert report.repair.held_out.captured_after > 0.999


def test_robustness_says_how_far_the_verdict_holds():
    report = map_objective(initiative(GOALS, {"expression": "a + 0.02 * b"}, rules=()), drawn(5))
    found = report.behaviour.robustness
    assert found.draws == 500 and 0 < found.same_verdict < 1
    assert 0 < found.nearest_change < 0.5
