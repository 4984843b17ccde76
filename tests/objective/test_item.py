"""One item's candidates: what the model and the goals pick, and why not the others."""

import pytest

from alignment.errors import UsageError
from alignment.objective.item import candidates_of, today_of
from alignment.objective.mapping import mapped, remap
from alignment.objective.prepare import prepare
from tests.objective.tables import initiative, table

GOALS = [
    {"id": "more-a", "team": "ops", "metric": "a", "weight": 1},
    {"id": "less-b", "team": "brand", "metric": "b", "want": "lower", "weight": 3},
]
ROWS = [
    (7, 1, 0.0, 0.0, 0.0, True), (7, 2, 4.0, 3.0, 0.0, False), (7, 3, 1.0, -1.0, 0.0, False),
    (7, 9, 9.0, -9.0, 0.0, False),
    (8, 1, 0.0, 0.0, 0.0, True), (8, 2, 1.0, None, 0.0, False),
]  # fmt: skip


@pytest.fixture
def prepared():
    return prepare(initiative(GOALS, {"expression": "a"}), table(ROWS))


def test_picks_and_reasons(prepared):
    found = candidates_of(prepared, 7, mapped(prepared, thorough=False).weights)
    assert [c.model for c in found] == [False, True, False, False]
    assert [c.best for c in found] == [False, False, True, False]
    assert [c.today for c in found] == [True, False, False, False]
    assert [c.breaks for c in found] == [(), (), (), ("top",)]
    assert [c.allowed for c in found] == [True, True, True, False]


def test_under_rules_over_several_items_the_joint_choice_is_shown():
    import pandas as pd

    rows = [(i, p, float(p), 0.0, 0.0, p == 1) for i in (7, 8) for p in (1, 2, 3)]
    rule = {"id": "level", "team": "ops", "rule": "sum(price) <= 5"}
    tied = initiative(
        GOALS, {"expression": "a * item"}, rules=(), catalogue={"source": "c.csv", "key": "item"}, constraints=[rule]
    )
    ready = prepare(tied, table(rows), pd.DataFrame({"item": [7, 8]}))
    found = {item: candidates_of(ready, item, mapped(ready, thorough=False).weights) for item in (7, 8)}
    assert [c.model for c in found[7]] == [False, True, False] and [c.model for c in found[8]] == [False, False, True]
    assert sum(c.levers["price"] for shown in found.values() for c in shown if c.best) == 5


def test_value_for_the_goals_is_in_swings_by_weight(prepared):
    found = candidates_of(prepared, 7, {"more-a": 0.25, "less-b": 0.75})
    swing_a, swing_b = 4.0, 4.0
    wanted = [0.25 * a / swing_a - 0.75 * b / swing_b for _, _, a, b, _, _ in ROWS[:4]]
    assert [c.utility for c in found] == pytest.approx(wanted)


def test_a_missing_value_is_unknown_and_not_allowed(prepared):
    found = candidates_of(prepared, 8, {"more-a": 0.25, "less-b": 0.75})
    assert found[1].utility is None and not found[1].allowed and found[1].metrics["b"] is None


def test_an_item_is_found_by_its_key_as_text(prepared):
    weights = {"more-a": 0.25, "less-b": 0.75}
    assert candidates_of(prepared, "8", weights) == candidates_of(prepared, 8, weights)
    with pytest.raises(UsageError, match="'9' is not an item of the decision table"):
        candidates_of(prepared, 9, weights)


def test_loss_of_a_worst_item_is_the_difference_of_its_picks(prepared):
    report = remap(prepared)
    worst = report.behaviour.worst_items[0]
    found = candidates_of(prepared, worst.item, report.weights)
    model = next(c for c in found if c.model)
    best = next(c for c in found if c.best)
    top = sum(max(c.utility for c in candidates_of(prepared, i, report.weights) if c.allowed) for i in (7, 8))
    assert worst.loss == pytest.approx((best.utility - model.utility) / top)


def test_todays_levers_by_key(prepared):
    assert today_of(prepared.choices, [7, 8], ["price"]) == {"7": {"price": 1}, "8": {"price": 1}}
