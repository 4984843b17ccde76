"""Traps of measuring a captured share, a row each."""

from __future__ import annotations

import numpy as np
import pytest

from alignment.conflicts.report import as_json
from alignment.errors import DataError
from alignment.objective.mapping import map_objective, mapped, prepare, remap
from tests.objective.tables import initiative, table

ONE = [{"id": "g", "team": "ops", "metric": "a"}]
TWO = [
    {"id": "g", "team": "ops", "metric": "a", "weight": 3},
    {"id": "h", "team": "brand", "metric": "b", "want": "lower", "weight": 1},
]


def behaviour(rows, goals=ONE, objective="a", **more):
    stated = objective if isinstance(objective, dict) else {"expression": objective}
    return mapped(prepare(initiative(goals, stated, **more), table(rows)), thorough=False).behaviour


def grid(items=40, candidates=6, seed=0, today=True):
    rng = np.random.default_rng(seed)
    return [
        (i, 2, *map(float, rng.integers(0, 50, 3)), today and k == 0) for i in range(items) for k in range(candidates)
    ]


def numbers(value):
    """All numbers in a report, in order."""
    if isinstance(value, dict):
        return [n for inner in value.values() for n in numbers(inner)]
    if isinstance(value, list):
        return [n for inner in value for n in numbers(inner)]
    return [value] if isinstance(value, (int, float)) else []


def test_ties_of_the_objective_share_the_choice():
    rows = [(1, 2, 0, 0, 0, True), (1, 2, 4, 0, 1, False), (1, 2, 2, 0, 1, False)]
    assert behaviour(rows, objective="c").captured.model == 0.75


def test_a_constant_objective_captures_what_a_random_choice_does():
    found = behaviour(grid(), objective="0 * a")
    assert found.captured.model == pytest.approx(found.captured.random, abs=1e-12)
    assert found.rank_agreement is None and found.distance is None and found.revealed_weights is None
    assert found.goodhart.peak_n is None and found.goodhart.lost_after_peak == 0


def test_nothing_to_capture_is_said_and_nothing_is_divided():
    found = behaviour([(1, 2, 5, 0, 0, True), (1, 2, 3, 0, 1, False)], objective="c")
    assert found.captured.model is None and found.captured.random is None
    assert "already the best" in found.captured.reason
    assert [row.share for row in found.regret] == [None] and found.regret[0].amount == 2
    assert found.dominated.free_gain is None and found.goodhart.curve[0].captured is None


def test_today_is_the_base_even_where_a_rule_forbids_it():
    found = behaviour([(1, 9, 5, 0, 0, True), (1, 2, 3, 0, 1, False), (1, 2, 1, 0, 0, False)])
    assert found.captured.model is None
    assert "no longer allow" in found.captured.reason
    assert found.regret[0].best_change == -2


def test_two_rows_of_today_are_an_error_that_names_the_item():
    with pytest.raises(DataError, match="the item '7' are marked as today's"):
        behaviour([(7, 2, 1, 0, 0, True), (7, 2, 2, 0, 0, True), (8, 2, 1, 0, 0, True)])


def test_without_a_mark_the_mean_of_what_is_allowed_is_today():
    found = behaviour([(1, 2, 0, 0, 0, False), (1, 2, 4, 0, 0, False), (1, 9, 100, 0, 0, False)])
    assert found.regret[0].best_change == 2 and found.captured.random == 0


@pytest.mark.parametrize("odd", [None, float("nan"), float("inf"), float("-inf")])
def test_unknown_and_infinite_values_are_counted_and_left_out(odd):
    found = behaviour(
        [(1, 2, 0, 0, 0, True), (1, 2, odd, 0, 0, False), (1, 2, 3, 0, 0, False), (2, 2, odd, 0, 0, False)]
    )
    assert (found.items, found.infeasible_items, found.incomplete_candidates, found.candidates) == (1, 1, 2, 4)
    assert found.captured.model == 1


def test_a_goal_that_nothing_moves_is_listed_and_left_out():
    rows = [(i, 2, a, 7, 0, a == 0) for i in range(3) for a in (0, 1)]
    found = behaviour(rows, TWO)
    assert found.unmovable == ("h",) and [row.goal for row in found.regret] == ["g"]
    assert found.captured.model == 1


def test_all_candidates_of_all_items_forbidden_is_said():
    found = behaviour([(1, 9, 1, 0, 0, True), (2, 9, 1, 0, 0, False)])
    assert (found.items, found.infeasible_items) == (0, 2)
    assert "no item has a candidate" in found.captured.reason


def test_ragged_shuffled_rows_give_what_dense_sorted_ones_do():
    rows = grid()
    padded = rows + [(i, 9, 1000, -1000, 0, False) for i in range(0, 40, 3)]
    shuffled = [padded[i] for i in np.random.default_rng(5).permutation(len(padded))]
    one, other = behaviour(rows, TWO, "a + c"), behaviour(shuffled, TWO, "a + c")
    assert other.captured.model == pytest.approx(one.captured.model, abs=1e-12)
    assert other.captured.low == pytest.approx(one.captured.low, abs=1e-12)
    assert other.distance == pytest.approx(one.distance, abs=1e-9)
    assert [r.goal for r in other.revealed_weights] == [r.goal for r in one.revealed_weights]


def test_many_lengths_are_padded_without_a_trace():
    rows, lengths = [], [1 + i % 17 for i in range(60)]
    rng = np.random.default_rng(3)
    for i, length in enumerate(lengths):
        rows += [(i, 2, *map(float, rng.integers(0, 9, 3)), k == 0) for k in range(length)]
    found = behaviour(rows, TWO, "a - 2 * c")
    longer = behaviour(
        rows + [(i, 9, 0, 0, 0, False) for i, n in enumerate(lengths) for _ in range(17 - n)], TWO, "a - 2 * c"
    )
    assert found.captured == longer.captured and found.regret == longer.regret


@pytest.mark.parametrize("want", ["higher", "lower"])
@pytest.mark.parametrize("sense", ["maximise", "minimise"])
def test_senses_and_directions_are_both_turned(want, sense):
    goal = [{"id": "g", "team": "ops", "metric": "a", "want": want}]
    found = behaviour(grid(), goal, {"expression": "a", "sense": sense})
    assert (found.captured.model == 1) == ((want == "higher") == (sense == "maximise"))


def test_a_goal_outside_the_table_keeps_its_weight_out_of_sight():
    goals = [*TWO, {"id": "far", "team": "tech", "metric": "d", "weight": 4}]
    metrics = [{"name": m} for m in "abcd"]
    found, without = behaviour(grid(), goals, metrics=metrics), behaviour(grid(), TWO, metrics=metrics)
    assert found.unseen_goals == ("far",) and found.unseen_weight == 0.5
    assert found.captured == without.captured
    assert [row.stated for row in found.revealed_weights] == [0.75, 0.25]


def test_units_do_not_matter():
    rows = grid()
    scaled = [(i, p, a * 1000, b / 1000, c, t) for i, p, a, b, c, t in rows]
    goals = [{**TWO[0], "swing": 300}, {**TWO[1], "swing": 200}]
    other = [{**TWO[0], "swing": 300_000}, {**TWO[1], "swing": 0.2}]
    one, two = behaviour(rows, goals, "a + 3 * c"), behaviour(scaled, other, "0.001 * a + 3 * c")
    assert two.captured.model == pytest.approx(one.captured.model, rel=1e-9)
    assert two.distance == pytest.approx(one.distance, rel=1e-9)
    assert [r.revealed for r in two.revealed_weights] == pytest.approx(
        [r.revealed for r in one.revealed_weights], abs=1e-9
    )


def test_the_utility_as_objective_captures_everything_exactly():
    rows = [(i, p, a + i / 7, b / 3 + 0.1, c, t) for i, p, a, b, c, t in grid()]
    swings = [{**TWO[0], "swing": 30}, {**TWO[1], "swing": 7}]
    found = behaviour(rows, swings, "0.75 * a / 30 - 0.25 * b / 7")
    assert found.captured.model == 1 and found.captured.low == 1 and found.captured.high == 1
    assert [row.share for row in found.regret] == [0, 0] and found.worst_items == ()
    assert found.distance == 0 and found.rank_agreement.tau_b == pytest.approx(1)
    assert [r.revealed for r in found.revealed_weights] == pytest.approx(
        [0.75, 0.25]
    ) and found.revealed_fit == pytest.approx(1)


def test_a_mean_counts_over_the_items():
    metrics = [{"name": "a", "aggregate": "mean"}, {"name": "b"}, {"name": "c"}]
    rows = [(i, 2, a, 0, 0, a == 0) for i in range(4) for a in (0, 10)]
    found = behaviour(rows, [{**ONE[0], "swing": 10}], metrics=metrics)
    assert found.regret[0].best_change == 10


def test_a_harmful_tail_shows_as_a_curve_that_peaks():
    rows = [(i, 2, u, 0, o, o == 0) for i in range(9) for o, u in enumerate([0, 3, 4, 5, -9])]
    found = behaviour(rows, objective="c").goodhart
    assert found.peak_n is not None and found.lost_after_peak > 0.5


def test_a_column_in_both_tables_is_read_from_the_decision_table():
    import pandas as pd

    catalogue = pd.DataFrame({"sku": [1], "limit": [1]})
    decisions = pd.DataFrame(
        {"item": [1, 1], "price": [1, 2], "a": [0.0, 1.0], "b": 0.0, "c": 0.0, "today": [True, False], "limit": 5}
    )
    built = initiative(
        ONE, {"expression": "a"}, rules=(), catalogue={"source": "x.csv", "key": "sku"},
        constraints=[{"id": "l", "team": "ops", "rule": "price < limit"}],
    )  # fmt: skip
    assert map_objective(built, decisions, catalogue).behaviour.captured.model == 1


def test_an_item_that_is_not_in_the_catalogue_is_an_error_that_names_it():
    import pandas as pd

    built = initiative(ONE, {"expression": "a"}, rules=(), catalogue={"source": "x.csv", "key": "sku"})
    with pytest.raises(DataError, match=r"2 items are not in the catalogue, such as '2', '3'"):
        map_objective(built, table([(i, 1, 0, 0, 0, False) for i in (1, 2, 3)]), pd.DataFrame({"sku": [1], "z": [1]}))


def test_a_large_table_that_is_read_anew_for_each_pass_gives_the_same(monkeypatch):
    from alignment.objective import grid as layout

    rows = grid(items=300)
    kept = behaviour(rows, TWO, "a - c")
    monkeypatch.setattr(layout, "MOST_KEPT", 0)
    monkeypatch.setattr(layout, "CHUNK", 256)
    again = behaviour(rows, TWO, "a - c")
    assert numbers(as_json(again)) == pytest.approx(numbers(as_json(kept)), rel=1e-9, abs=1e-12)
    assert again.captured == kept.captured and again.worst_items == kept.worst_items


def test_moving_a_weight_equals_mapping_with_that_weight():
    built = initiative(TWO, {"expression": "a + c"})
    ready = prepare(built, table(grid()))
    moved = remap(ready, {"g": 1, "h": 9})
    fresh = map_objective(built, table(grid()), weights={"g": 1, "h": 9})
    assert moved.behaviour.captured == fresh.behaviour.captured and moved.verdict == fresh.verdict
    assert moved.weights == {"g": 0.1, "h": 0.9}


def test_more_rules_than_bits_of_a_word_are_all_kept():
    rows = grid(items=12, candidates=5, seed=7)
    rows = [(i, k % 5, a, b, c, t) for k, (i, _, a, b, c, t) in enumerate(rows)]
    loose = [{"id": f"r{k}", "team": "ops", "rule": f"price <= {100 + k}"} for k in range(70)]
    tight = [{"id": "top", "team": "ops", "rule": "price <= 3"}, {"id": "bottom", "team": "ops", "rule": "price >= 1"}]
    few = behaviour(rows, TWO, "a - c", rules=(), constraints=tight)
    many = behaviour(rows, TWO, "a - c", rules=(), constraints=[tight[0], *loose, tight[1]])
    assert many.captured == few.captured
    found = {row.constraint: row for row in many.guardrails}
    assert [found["top"], found["bottom"]] == list(few.guardrails)
    assert found["r0"].price == 0 and found["r69"].protects == 0


def test_products_of_long_decimals_and_whole_numbers_do_not_overflow():
    import pandas as pd

    frame = pd.DataFrame({
        "item": [1, 1, 2, 2], "price": 2, "a": [4 * 10**9, 5 * 10**9] * 2, "b": [10**10, 3 * 10**10] * 2, "c": 1,
        "today": [True, False] * 2,
    })  # fmt: skip
    report = map_objective(initiative(ONE, {"expression": "a * b * 1.000001 * c"}), frame)
    assert report.behaviour.captured.model == 1


def test_hard_rules_of_pairs_and_aggregates_are_applied_and_soft_ones_are_not():
    import pandas as pd

    catalogue = pd.DataFrame({"item": [1, 2], "size": [1, 2]})
    built = initiative(
        ONE, {"expression": "a"}, rules=(), catalogue={"source": "c.csv", "key": "item"},
        constraints=[
            {"id": "ladder", "team": "ops", "rule": "upper.price >= lower.price", "pairs": {"order": "size"}},
            {"id": "average", "team": "ops", "rule": "avg(price) <= 3"},
            {"id": "gentle", "team": "ops", "rule": "sum(price) <= 3", "strength": "soft"},
            {"id": "floor", "team": "ops", "rule": "price >= 1"},
        ],
    )  # fmt: skip
    found = map_objective(
        built, table([(1, 2, 0, 0, 0, True), (1, 3, 1, 0, 0, False), (2, 2, 0, 0, 0, True)]), catalogue
    )
    assert found.behaviour.constraints_not_applied == () and found.behaviour.coupled.applied == ("ladder", "average")
    assert [row.constraint for row in found.behaviour.guardrails] == ["floor", "ladder", "average"]
    assert found.behaviour.captured.model is None and found.behaviour.regret[0].best_change == 0


def test_a_lattice_of_allowed_values_holds_for_floating_point_prices_too():
    import pandas as pd

    frame = pd.DataFrame({
        "item": 1, "price": [1.1, 1.15, 0.3, 9.99], "a": [1.0, 5.0, 2.0, 3.0], "b": 0.0, "c": 0.0,
        "today": [True, False, False, False],
    })  # fmt: skip
    levers = [{"name": "price", "step": "0.1", "maximum": 9}]
    found = map_objective(initiative(ONE, {"expression": "a"}, rules=(), levers=levers), frame).behaviour
    assert found.regret[0].best_change == 1


def test_two_sessions_may_move_weights_of_one_prepared_table_at_once():
    from concurrent.futures import ThreadPoolExecutor

    import pandas as pd

    catalogue = pd.DataFrame({"item": range(60), "kind": ["x", "y"] * 30, "size": [1, 2, 3] * 20})
    built = initiative(
        TWO, {"expression": "a + c"}, catalogue={"source": "c.csv", "key": "item"},
        constraints=[{"id": "level", "team": "ops", "rule": "sum(price) <= 119", "per": ["kind"]}],
    )  # fmt: skip
    rows = [(i, k + 1, *m, k == 0) for i in range(60) for k, (_, _, *m, _) in enumerate(grid(1, 4, seed=i))]
    weights = [{"g": w, "h": 10 - w} for w in range(1, 9)]
    alone = [remap(prepare(built, table(rows), catalogue), w) for w in weights]
    for _ in range(3):
        shared = prepare(built, table(rows), catalogue)
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda w, ready=shared: remap(ready, w), weights))
        assert together == alone
