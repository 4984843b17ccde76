"""On the sample with two rules more, each coupled rule clashes with the sets that a search set by set has found."""

from __future__ import annotations

import pytest

from alignment.conflicts.check import Situation, situation
from alignment.initiative.reading import load
from tests.data.tied import SAMPLE, tied_sample

COUPLED = {"average-index", "change-budget", "line-margin-rate", "power-ladder"}


@pytest.fixture(scope="module")
def case() -> Situation:
    return situation(tied_sample())


def test_the_sample_as_it_comes_is_searched_to_the_end() -> None:
    alone = situation(load(SAMPLE))

    assert alone.complete
    assert len(alone.coupled.clashes) == 11


@pytest.mark.parametrize(
    ("ids", "parts"),
    [
        (("average-index", "max-change"), 3),
        (("average-index", "floor-over-cost", "no-cut-at-launch"), 1),
        (("average-index", "margin-rate", "no-cut-at-launch"), 2),
        (("average-index", "european-standing", "no-cut-at-launch", "stay-in-evidence"), 1),
        (("max-change", "power-ladder"), 136),
        (("export-restraint", "power-ladder"), 10),
        (("nothing-to-compare", "power-ladder"), 4),
        (("power-ladder", "thin-data"), 2),
        (("power-ladder", "stay-in-evidence"), 1),
    ],
)
def test_a_coupled_rule_clashes_in_as_many_years_or_ladders(case: Situation, ids: tuple[str, ...], parts: int) -> None:
    assert case.coupled.evidence[ids].parts == parts


def test_the_search_comes_to_its_end_and_lists_all_that_a_search_set_by_set_has_found(case: Situation) -> None:
    several = {c.ids for c in case.coupled.clashes if len(COUPLED & set(c.ids)) > 1}

    assert case.complete
    assert several == {
        ("average-index", "change-budget", "european-standing", "floor-over-cost", "no-discount-look"),
        ("average-index", "change-budget", "margin-rate", "no-discount-look"),
        ("average-index", "european-standing", "margin-rate", "no-discount-look", "power-ladder"),
        ("average-index", "no-cut-at-launch", "power-ladder"),
        (
            "change-budget",
            "entry-price",
            "european-standing",
            "list-steps",
            "power-ladder",
            "volume-ceiling",
        ),
        ("change-budget", "european-standing", "floor-over-cost", "power-ladder"),
        ("change-budget", "margin-rate", "power-ladder"),
        ("change-budget", "no-discount-look", "power-ladder"),
    }


def test_no_other_set_has_a_single_coupled_rule(case: Situation) -> None:
    single = [c.ids for c in case.coupled.clashes if len(COUPLED & set(c.ids)) == 1]

    assert len(single) == 9


def test_no_set_contains_another(case: Situation) -> None:
    ids = [set(c.ids) for c in case.coupled.clashes]

    assert not [(a, b) for a in ids for b in ids if a < b]
