"""Agreement between teams equals enumeration, and the method is the one that fits."""

from itertools import permutations, product

import numpy as np
import pytest
from scipy.stats import kendalltau

from alignment.objective.agreement import agreement_of
from alignment.objective.mapping import map_objective
from tests.objective.tables import initiative

GOALS = [{"id": f"g{k}", "team": "ops", "metric": "abc"[k % 3]} for k in range(6)]


def points(given):
    """Points of one participant per team: {team: points per goal}."""
    return [
        {"participant": f"one of {team}", "team": team, "goal": f"g{k}", "points": value}
        for team, values in given.items() for k, value in enumerate(values)
    ]  # fmt: skip


def agreed(given, **more):
    goals = GOALS[: len(next(iter(given.values())))]
    return agreement_of(initiative(goals, {"expression": "a"}, points=points(given), **more))


def kendall(ranks):
    k, n = len(ranks), len(ranks[0])
    sums = [sum(column) for column in zip(*ranks, strict=True)]
    s = sum((value - sum(sums) / n) ** 2 for value in sums)
    ties = sum(list(row).count(v) ** 3 - list(row).count(v) for row in ranks for v in set(row))
    return 12 * s / (k * k * (n**3 - n) - k * ties)


def test_w_and_its_p_value_equal_enumeration_of_all_rankings():
    found = agreed({"ops": [50, 30, 20, 0], "brand": [40, 40, 10, 10], "tech": [10, 20, 30, 40]})
    ranks = [[1, 2, 3, 4], [1.5, 1.5, 3.5, 3.5], [4, 3, 2, 1]]
    assert [[row.ranks[team] for row in found.goals] for team in found.teams] == ranks
    assert found.w == pytest.approx(kendall(ranks), abs=1e-12)
    all_w = [kendall([ranks[0], a, b]) for a, b in product(permutations(ranks[1]), permutations(ranks[2]))]
    assert found.method == "exact"
    assert found.p == pytest.approx(np.mean([w >= found.w - 1e-12 for w in all_w]), abs=1e-12)


def test_pairs_are_kendalls_tau_b():
    found = agreed({"ops": [50, 30, 20, 0], "brand": [40, 40, 10, 10], "tech": [10, 20, 30, 40]})
    assert {pair.teams for pair in found.pairs} == {("ops", "brand"), ("ops", "tech"), ("brand", "tech")}
    expected = kendalltau([1, 2, 3, 4], [1.5, 1.5, 3.5, 3.5]).statistic
    assert found.pairs[0].tau_b == pytest.approx(expected, abs=1e-12)


def test_full_agreement_is_one():
    found = agreed({"ops": [3, 2, 1], "brand": [30, 20, 10], "tech": [6, 5, 4]})
    assert found.w == 1 and found.p == pytest.approx(1 / 36)


def test_many_goals_are_permuted_and_the_report_says_so():
    given = {"ops": [6, 5, 4, 3, 2, 1], "brand": [5, 6, 4, 3, 1, 2], "tech": [6, 4, 5, 2, 3, 1]}
    found = agreed(given)
    assert found.method == "permutation" and 0 < found.p < 0.05
    assert found == agreed(given)


def test_fewer_than_two_teams_have_no_agreement():
    assert agreed({"ops": [3, 2, 1]}) is None
    assert agreement_of(initiative(GOALS, {"expression": "a"})) is None


def test_teams_that_rank_all_goals_alike_have_no_w():
    found = agreed({"ops": [1, 1, 1], "brand": [2, 2, 2]})
    assert found.w is None and found.p is None and found.pairs[0].tau_b is None


def test_a_participant_counts_by_the_share_of_points_not_by_their_number():
    heavy = [
        {"participant": "a", "team": "ops", "goal": "g0", "points": 900},
        {"participant": "a", "team": "ops", "goal": "g1", "points": 100},
    ]
    light = [{"participant": p, "team": "ops", "goal": "g1", "points": 10} for p in "bc"]
    other = points({"brand": [1, 2]})
    found = agreement_of(initiative(GOALS[:2], {"expression": "a"}, points=heavy + light + other))
    assert found.goals[1].ranks == {"ops": 1, "brand": 1}


def test_the_p_value_by_permutations_is_near_that_of_all_rankings():
    given = {"ops": [6, 5, 4, 3, 2, 1], "brand": [5, 6, 3, 4, 1, 2], "tech": [2, 4, 6, 5, 3, 1]}
    found = agreed(given)
    ranks = [np.array([7 - value for value in row]) for row in given.values()]
    orders = np.array(list(permutations(range(6))))
    sums = ranks[0] + ranks[1][orders][:, None] + ranks[2][orders][None, :]
    spread = ((sums - sums.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    exact = float((spread >= ((sum(ranks) - 10.5) ** 2).sum() - 1e-9).mean())
    assert found.method == "permutation" and 0.01 < exact < 0.2
    assert found.p == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 20_000) ** 0.5 + 1e-4)


@pytest.mark.parametrize("seed", range(12))
def test_goals_that_divide_the_teams_are_those_whose_ranks_spread_by_half_the_number_of_goals(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    given = {team: [int(v) for v in rng.integers(0, 5, n)] for team in ("ops", "brand", "tech")}
    for row in given.values():
        row[0] += 1
    goals = GOALS[:n]
    report = map_objective(initiative(goals, {"expression": "a"}, points=points(given), decisions=None))
    divided = {f.subjects[0] for f in report.findings if f.code == "divided_goal"}
    ranks = [[1 + sum(v > w for v in row) + (row.count(w) - 1) / 2 for w in row] for row in given.values()]
    expected = {f"g{k}" for k in range(n) if max(r[k] for r in ranks) - min(r[k] for r in ranks) >= n / 2}
    assert divided == expected
