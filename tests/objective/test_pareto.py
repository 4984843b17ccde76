"""The frontier of two goals holds every mix, and each of its corners is one."""

from itertools import product

import numpy as np
import pytest

from alignment.errors import UsageError
from alignment.objective.pareto import pareto
from alignment.objective.prepare import prepare
from tests.objective.tables import initiative, table

GOALS = [
    {"id": "x", "team": "ops", "metric": "a", "weight": 2},
    {"id": "y", "team": "brand", "metric": "b", "want": "lower", "weight": 1},
]


def drawn(seed):
    rng = np.random.default_rng(seed)
    return [
        (item, 2, *map(float, rng.integers(-5, 6, 3)), k == 0)
        for item in range(5)
        for k in range(int(rng.integers(1, 5)))
    ]


@pytest.mark.parametrize("seed", range(12))
def test_no_mix_lies_beyond_the_frontier_and_each_corner_is_a_mix(seed):
    rows = drawn(seed)
    found = pareto(prepare(initiative(GOALS, {"expression": "a"}), table(rows)), "x", "y")
    items = [[r for r in rows if r[0] == item] for item in range(5)]
    today = [next(r for r in of if r[5]) for of in items]
    mixes = {
        (
            sum(r[2] - t[2] for r, t in zip(mix, today, strict=True)),
            sum(t[3] - r[3] for r, t in zip(mix, today, strict=True)),
        )
        for mix in product(*items)
    }
    assert found.vertices == len(found.frontier)
    assert set(found.frontier) <= mixes
    assert list(found.frontier) == sorted(found.frontier)
    for (ax, ay), (bx, by) in zip(found.frontier, found.frontier[1:], strict=False):
        assert all((ay - by) * (x - ax) + (bx - ax) * (y - ay) <= 1e-9 for x, y in mixes)
    assert max(x for x, _ in mixes) == found.frontier[-1][0]
    assert max(y for _, y in mixes) == found.frontier[0][1]
    assert found.model[0] == max(x for x, _ in mixes)


def test_a_goal_that_is_not_in_the_table_is_refused():
    with pytest.raises(UsageError, match="'z'"):
        pareto(prepare(initiative(GOALS, {"expression": "a"}), table(drawn(0))), "x", "z")
