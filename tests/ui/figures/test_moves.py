"""The figure of how far an input may move: the first pair to clash leads, and what is out of reach stays out."""

import pytest

from tests.ui.figures.cases import DARK_LOOK, LIGHT_LOOK, LONG, texts
from tests.ui.figures.measure import outside, overlaps
from ui.figures.drawing import DESK, PHONE
from ui.figures.moves import Move, moves

NEAR = Move(("Floor", "Max change"), ("operations", "tech"), 4.23456, "A-1")
DOWN = Move(("Entry price", "Ceiling"), ("brand", "operations"), -12.0, "B-2")
FAR = Move(("Floor", "Ceiling"), ("operations", "brand"), 45.0, "C-3")


def test_rules_that_touch_clash_at_once_on_the_side_that_parts_them():
    up, down = (drawn([Move(("Floor", "Ceiling"), ("operations", "brand"), zero, "A-1")]) for zero in (0.0, -0.0))
    assert up.layout.meta["title"] == "Floor and Ceiling clash as soon as cost rises"
    assert down.layout.meta["title"] == "Floor and Ceiling clash as soon as cost falls"
    assert [fig.data[1].x[0] for fig in (up, down)] == [30, -30]


def drawn(found, look=LIGHT_LOOK, chosen=10):
    return moves(found, look, column="cost", chosen=chosen, reach=30)


def test_the_title_names_the_pair_that_clashes_first():
    assert (
        drawn([DOWN, FAR, NEAR]).layout.meta["title"]
        == "Floor and Max change are the first to clash, at cost +4.23\u00a0%"
    )


def test_a_pair_beyond_the_reach_of_the_slider_is_left_out():
    assert "Floor" not in texts(drawn([DOWN, FAR]))
    assert drawn([FAR]).layout.meta["title"].startswith("No two rules that hold today clash within 30\u00a0% of cost")


def test_room_runs_from_today_to_the_move_and_the_clash_from_there_to_the_edge():
    room, clash = drawn([DOWN]).data
    assert (room.base[0], room.x[0]) == (0, -12)
    assert (clash.base[0], clash.x[0]) == (-12, -18)


def test_the_chosen_move_is_a_line():
    dashed = [shape for shape in drawn([NEAR], chosen=7).layout.shapes if shape.line.dash != "solid"]
    assert [(shape.x0, shape.x1) for shape in dashed] == [(7, 7)]


def test_of_many_pairs_the_nearest_eight_are_drawn_and_the_rest_is_counted():
    many = [Move((f"Floor {k}", "Ceiling"), ("operations", "brand"), 1.0 + k, f"S-{k}") for k in range(11)]
    fig = drawn(many)
    assert len(fig.data) == 16 and "3 more in the table" in fig.layout.meta["sub"]


@pytest.mark.parametrize("plot", [PHONE, DESK])
@pytest.mark.parametrize("look", [LIGHT_LOOK, DARK_LOOK])
def test_long_names_stay_inside_and_apart(look, plot):
    pairs = [Move((LONG[k % 3], LONG[(k + 1) % 3]), ("brand", "store_ops"), -3.5 * (k + 1), "S") for k in range(5)]
    fig = drawn(pairs, look)
    assert not overlaps(fig, plot) and not outside(fig, plot)
