"""Moved weights: what the mapping is asked for."""

from ui.figures.subjects import Goal
from ui.mapping.weights import moved_weights, slider_points

GOALS = [
    Goal("a", "A", "brand", 1 / 3, "a"), Goal("b", "B", "tech", 1 / 3, "b"), Goal("unseen", "U", "tech", 1 / 3, "u"),
]  # fmt: skip


def test_sliders_start_at_the_recorded_weights():
    assert slider_points(GOALS) == {"a": 33, "b": 33, "unseen": 33}


def test_untouched_sliders_ask_for_nothing_even_where_weights_are_not_whole():
    assert moved_weights(GOALS, ["a", "b"], {"a": 33, "b": 33}) is None


def test_a_moved_slider_counts_against_the_others_as_recorded():
    assert moved_weights(GOALS, ["a", "b"], {"a": 80, "b": 33}) == {"a": 80.0, "b": 33.333333, "unseen": 33.333333}
