"""The solver of joint choices against enumeration: exact where it proves, bounded from both sides where it does not."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from alignment.objective.coupled.ascent import ascend
from alignment.objective.coupled.block import Block
from alignment.objective.coupled.programme import multipliers_of
from alignment.objective.coupled.solving import solve


def block(seed, items=6, candidates=4, rows=3, tight=0.4):
    """A random block: values with ties, coefficients of both signs, bounds between the least and the greatest use."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, candidates + 1, items)
    start = np.concatenate([[0], np.cumsum(sizes)])
    item = np.repeat(np.arange(items), sizes)
    values = rng.integers(-6, 1, start[-1]).astype(float) if seed % 2 else rng.normal(size=start[-1])
    values -= np.maximum.reduceat(values, start[:-1])[item]
    matrix = rng.integers(-2, 4, (rows, start[-1])) / 3
    low = np.minimum.reduceat(matrix, start[:-1], axis=1).sum(axis=1)
    high = np.maximum.reduceat(matrix, start[:-1], axis=1).sum(axis=1)
    return Block(values, start, item, csr_matrix(matrix), low + tight * (high - low))


def enumerated(found):
    """The largest value of a choice that keeps the rows, None where there is none."""
    places = [range(a, b) for a, b in zip(found.start[:-1], found.start[1:], strict=True)]
    values = [found.values[list(chosen)].sum() for chosen in product(*places) if found.holds(np.array(chosen))]
    return max(values, default=None)


@pytest.mark.parametrize("seed", range(60))
def test_a_small_block_is_solved_exactly(seed):
    given = block(seed, tight=0.1 + 0.3 * (seed % 3))
    expected, found = enumerated(given), solve(given)
    if expected is None:
        assert found.state == "infeasible" and found.chosen is None
        return
    assert found.state == "exact" and found.value == found.bound == pytest.approx(expected, abs=1e-9)
    assert given.holds(found.chosen) and list(given.item[found.chosen]) == list(range(given.items))


@pytest.mark.parametrize("seed", range(60))
def test_a_block_taken_as_too_large_is_bounded_from_both_sides(seed):
    given = block(seed, tight=0.3 + 0.2 * (seed % 3))
    expected, found = enumerated(given), solve(given, most=8)
    if expected is None:
        assert found.chosen is None
        return
    assert found.bound >= expected - 1e-9
    if found.chosen is not None:
        assert given.holds(found.chosen) and found.value <= expected + 1e-9
        assert found.value == pytest.approx(given.values[found.chosen].sum())


def test_most_blocks_taken_as_too_large_get_a_choice_close_to_the_best():
    gaps = []
    for seed in range(30):
        given = block(seed, tight=0.5)
        expected, found = enumerated(given), solve(given, most=8)
        if expected is not None and found.chosen is not None:
            gaps.append(expected - found.value)
    assert len(gaps) >= 20 and np.mean(np.array(gaps) < 0.5) > 0.8


@pytest.mark.parametrize("seed", range(20))
def test_any_multipliers_bound_the_best_and_subgradients_come_near_the_relaxed_programme(seed):
    given = block(seed, items=7, candidates=3, tight=0.5)
    expected, relaxed = enumerated(given), multipliers_of(given)
    if expected is None:
        return
    assert relaxed is not None
    drawn = np.random.default_rng(seed).exponential(size=len(given.bound))
    assert given.limit(drawn) >= expected - 1e-9
    least, climbed = given.limit(relaxed), given.limit(ascend(given).multipliers)
    assert expected - 1e-9 <= least <= climbed + 1e-9 and climbed <= least + 0.05 * max(1.0, abs(least))


def test_of_equal_choices_the_one_whose_candidates_come_first_is_taken():
    values = np.zeros(6)
    use = csr_matrix(np.array([[0.0, 1.0, 1.0, 1.0, 0.0, 0.0]]))
    given = Block(values, np.array([0, 3, 6]), np.array([0, 0, 0, 1, 1, 1]), use, np.array([0.5]))
    assert list(solve(given).chosen) == [0, 4]
