"""The limit of two goals, against every mix that can be reached."""

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.errors import UsageError
from alignment.objective.frontier import frontier_of
from alignment.objective.prepare import prepare
from tests.objective.tables import initiative, table

GOALS = [
    {"id": "more-a", "team": "ops", "metric": "a", "weight": 1},
    {"id": "less-b", "team": "brand", "metric": "b", "want": "lower", "weight": 1},
]
VALUE = st.integers(-4, 4).map(float)
ROW = st.tuples(st.integers(0, 4), VALUE, VALUE)
ITEMS = st.lists(st.lists(ROW, min_size=1, max_size=4), min_size=1, max_size=4)


def rows_of(items):
    return [(i, price, a, b, 0.0, k == 0) for i, rows in enumerate(items) for k, (price, a, b) in enumerate(rows)]


def frontier(items, most=1_000):
    choices = prepare(initiative(GOALS, {"expression": "a"}), table(rows_of(items))).choices
    return frontier_of(choices, "more-a", "less-b", most)


def mixes(items):
    """Every reachable total change against today: more a, less b; rows with a price from 1 to 3 are allowed."""
    changes = []
    for rows in items:
        (_, a0, b0), allowed = rows[0], [row for row in rows if 1 <= row[0] <= 3]
        if allowed:
            changes.append([(a - a0, b0 - b) for _, a, b in allowed])
    return [tuple(map(sum, zip(*mix, strict=True))) for mix in product(*changes)] if changes else []


def height(line, x):
    """How high the line is at x, left of its first point as high as there, right of its last nothing."""
    if x <= line[0][0]:
        return line[0][1]
    for (x0, y0), (x1, y1) in pairwise(line):
        if x0 <= x <= x1:
            return y1 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return None


@given(ITEMS)
@settings(max_examples=150, deadline=None)
def test_no_mix_lies_beyond_the_line_and_each_of_its_points_is_one(items):
    reachable = mixes(items)
    if not reachable:
        return
    line = [tuple(point) for point in frontier(items).points]
    assert all(any(abs(a - x) + abs(b - y) < 1e-9 for a, b in reachable) for x, y in line)
    for x, y in reachable:
        limit = height(line, x)
        assert limit is not None and y <= limit + 1e-9


@given(ITEMS)
@settings(max_examples=50, deadline=None)
def test_the_line_falls_and_bends_outwards(items):
    if not mixes(items):
        return
    line = frontier(items).points
    slopes = [(b - d) / (c - a) for (a, b), (c, d) in pairwise(line)]
    assert all(slope > 0 for slope in slopes)
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(slopes))


def test_random_is_the_mean_of_what_is_allowed():
    found = frontier([[(2, 0.0, 0.0), (2, 4.0, 2.0), (9, 100.0, 0.0)], [(1, 1.0, 1.0)]])
    assert found.random == pytest.approx((2.0, -1.0))


def test_a_long_line_is_shown_by_some_of_its_points_with_both_ends():
    items = [[(2, 0.0, 0.0), (2, float(k % 7 + 1), float(k % 5 + 1))] for k in range(60)]
    whole, shown = frontier(items), frontier(items, most=9)
    assert whole.vertices == shown.vertices == len(whole.points)
    assert len(shown.points) <= 11
    assert (shown.points[0] == whole.points[0]).all() and (shown.points[-1] == whole.points[-1]).all()


def test_a_goal_that_the_table_does_not_show_is_named():
    choices = prepare(initiative(GOALS, {"expression": "a"}), table(rows_of([[(2, 0.0, 0.0)]]))).choices
    with pytest.raises(UsageError, match="'more-z' is not a goal that the decision table shows"):
        frontier_of(choices, "more-z", "less-b")
