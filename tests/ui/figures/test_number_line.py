"""The number line shows who asks for what, and that nothing fits, whatever the shape of the rules."""

import pytest

from tests.ui.figures.cases import DARK_LOOK, LIGHT_LOOK, texts
from tests.ui.figures.measure import outside, overlaps
from ui.colours import LIGHT
from ui.figures.allowed import Allowed, Part, allowed, domain_row
from ui.figures.conflicts import number_line
from ui.figures.drawing import Look
from ui.teams import roster

FLOOR = Allowed("brand", "European floor", (Part(38081, None),))
CAP = Allowed("operations", "Change cap", (Part(17249, 20249),))
STEPS = Allowed("brand", "Ends in .99", tuple(Part(k + 0.99, k + 0.99) for k in range(40)))
WHOLE = Allowed("finance", "Whole dollars", tuple(Part(float(k), float(k)) for k in range(40)))
UNION = Allowed("brand", "No odd middle", (Part(None, 8.5), Part(22, None)))

CENTS = Allowed("brand", "Cents", tuple(Part(k / 100, k / 100) for k in range(2000)))
IMPOSSIBLE = Allowed("finance", "Impossible", ())


def at_least(team, name, value, closed=True):
    return Allowed(team, name, (Part(value, None, closed),))


def at_most(team, name, value, closed=True):
    return Allowed(team, name, (Part(None, value, True, closed),))


SHAPES = {
    "two bounds": ([FLOOR, CAP], 18749),
    "union of three": ([at_least("finance", "Margin floor", 10), UNION, at_most("operations", "Cap", 20)], 14),
    "the domain alone": ([at_least("finance", "Floor", 510.25), domain_row(0, 500)], 380),
    "allows nothing": ([IMPOSSIBLE, domain_row(0, 500)], 380),
    "nothing is bounded": ([IMPOSSIBLE], None),
    "lattices": ([STEPS, WHOLE, Allowed("operations", "Cap", (Part(5, 8),))], 6.49),
    "a lattice of many": ([CENTS, Allowed("tech", "Band", (Part(5, 8),))], None),
    "ends that touch": ([at_least("brand", "Above", 5, False), at_most("operations", "Below", 5, False)], 4.8),
    "one team twice": ([at_least("brand", "European floor", 9.99), at_most("brand", "Promotion ceiling", 8.49)], 25),
    "one cent": ([at_least("brand", "a", 8.5), at_most("operations", "b", 8.49)], 8.2),
}


def gap_of(fig):
    rect = next(shape for shape in fig.layout.shapes if shape.type == "rect")
    return rect.x0, rect.x1


def place(fig, x):
    low, high = fig.layout.xaxis.range
    return (x - low) / (high - low)


def test_the_gap_takes_the_middle_of_the_figure():
    fig = number_line([FLOOR, CAP], LIGHT_LOOK, unit="USD")
    low, high = gap_of(fig)
    assert (low, high) == (20249, 38081)
    assert place(fig, high) - place(fig, low) == pytest.approx(0.435, abs=0.01)
    assert place(fig, low) == pytest.approx(1 - place(fig, high))


def test_who_asks_for_most_stands_on_top():
    fig = number_line([CAP, FLOOR], LIGHT_LOOK, unit="USD")
    bars = [trace for trace in fig.data if trace.type == "bar"]
    assert [bar.name for bar in bars] == ["European floor", "Change cap"]
    assert bars[0].y[0] < bars[1].y[0]


def test_words_bounds_and_the_width_of_the_gap_are_written():
    said = " ".join(texts(number_line([FLOOR, CAP], LIGHT_LOOK, unit="USD", today=18749)))
    assert "at least <b>$38,081</b>" in said
    assert "at most <b>$20,249</b>" in said
    assert "<b>$17,832</b> no price fits" in said
    assert "today <b>$18,749</b>" in said


def test_an_open_end_goes_on_with_an_arrow_and_a_closed_one_stops():
    fig = number_line([FLOOR, CAP], LIGHT_LOOK, unit="USD")
    arrows = [trace.marker.symbol for trace in fig.data if trace.type == "scatter"]
    assert arrows == ["triangle-right"]


def test_bars_leave_the_gap_outward():
    fig = number_line([FLOOR, CAP], LIGHT_LOOK, unit="USD")
    top, bottom = (trace for trace in fig.data if trace.type == "bar")
    assert top.base[0] == 38081
    assert bottom.base[0] + bottom.x[0] == 20249


def test_the_title_is_the_sentence_and_the_alternative_names_every_row():
    meta = number_line([FLOOR, CAP], LIGHT_LOOK, unit="USD", today=18749).layout.meta
    assert meta["title"] == "European floor asks for at least $38,081, Change cap allows at most $20,249"
    for piece in ("European floor (brand): at least $38,081", "$17,249 to $20,249", "today $18,749"):
        assert piece in meta["alt"]


def test_a_rule_with_a_hole_is_drawn_on_both_sides_and_named_as_a_hole():
    rows, today = SHAPES["union of three"]
    fig = number_line(rows, LIGHT_LOOK, unit="USD", today=today)
    assert sum(trace.name == "No odd middle" for trace in fig.data) == 2
    assert any("not <b>$8.50</b> to <b>$22.00</b>" in text for text in texts(fig))


def test_a_rule_against_the_domain_alone_stands_beside_the_allowed_range():
    rows, today = SHAPES["the domain alone"]
    fig = number_line(rows, LIGHT_LOOK, unit="USD", today=today)
    assert any(text.startswith("Allowed range<br>at most") for text in texts(fig))
    assert gap_of(fig) == (500, 510.25)


def test_a_rule_that_allows_nothing_says_so_and_has_no_bar():
    fig = number_line(SHAPES["allows nothing"][0], LIGHT_LOOK, unit="USD")
    assert any("allows nothing" in text for text in texts(fig))
    assert "Impossible" not in [trace.name for trace in fig.data]


def test_a_lattice_is_strokes_and_a_dense_one_a_hatched_bar():
    strokes = number_line(SHAPES["lattices"][0], LIGHT_LOOK, unit="USD")
    assert {trace.marker.symbol for trace in strokes.data if trace.name == "Ends in .99"} == {"line-ns"}
    dense = number_line(SHAPES["a lattice of many"][0], LIGHT_LOOK)
    assert any(trace.type == "bar" and trace.marker.pattern.shape for trace in dense.data)


def test_an_end_that_is_not_allowed_itself_is_said_so():
    rows, _ = SHAPES["ends that touch"]
    fig = number_line(rows, LIGHT_LOOK, unit="USD")
    said = " ".join(texts(fig))
    assert "more than" in said and "less than" in said and "at least" not in said
    assert any(text == "no price fits" for text in texts(fig))


def test_two_rules_of_one_team_are_told_apart_by_their_names():
    said = " ".join(texts(number_line(SHAPES["one team twice"][0], LIGHT_LOOK, unit="USD")))
    assert "European floor" in said and "Promotion ceiling" in said and "> Brand" not in said


def test_a_far_value_of_today_is_pointed_at_and_leaves_the_gap_its_room():
    fig = number_line(SHAPES["one team twice"][0], LIGHT_LOOK, unit="USD", today=25)
    low, high = gap_of(fig)
    assert place(fig, high) - place(fig, low) > 0.33
    assert any(text.endswith("▸") for text in texts(fig))


def test_a_gap_of_one_cent_is_not_rounded_away():
    said = " ".join(texts(number_line(SHAPES["one cent"][0], LIGHT_LOOK, unit="USD")))
    assert "<b>$0.01</b> no price fits" in said
    assert "$8.50" in said and "$8.49" in said


def test_a_name_cannot_act_as_markup():
    fig = number_line([Allowed("brand", "<b>x</b><a href='y'>", (Part(2, None),)), CAP], LIGHT_LOOK)
    assert not any("<a" in str(text) for text in [*texts(fig), *(trace.hovertemplate for trace in fig.data)])


def test_rows_are_read_from_the_intervals_of_why():
    part = {"lower": 3, "lower_closed": False, "upper": None, "upper_closed": True}
    assert allowed("tech", "r", [part]).parts == (Part(3, None, False, True),)


@pytest.mark.parametrize("look", [LIGHT_LOOK, DARK_LOOK], ids=["light", "dark"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("plot", [318, 600])
def test_no_two_texts_overlap_and_none_is_cut(shape, look, plot):
    rows, today = SHAPES[shape]
    fig = number_line(rows, look, unit="USD", today=today)
    assert overlaps(fig, plot) == []
    assert outside(fig, plot) == []


@pytest.mark.parametrize("plot", [318, 600])
def test_a_long_name_of_a_team_is_cut_inside_the_gap(plot):
    europe = "brand-and-corporate-communications-europe"
    rows = [at_least("operations", "Floor", 1.159), at_most(europe, "Average index", 1.1)]
    fig = number_line(rows, Look(LIGHT, roster(["operations", europe])), lever="total")
    assert any("Brand and" in text for text in texts(fig))
    assert overlaps(fig, plot) == [] and outside(fig, plot, slack=0) == []
