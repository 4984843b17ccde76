"""Flow and matrix show which goals the objective misses, harms and reaches, and how late."""

import pytest
from plotly.graph_objects import Figure

from tests.ui.figures.cases import DARK_LOOK, LIGHT_LOOK, cover, mapped, term, texts
from tests.ui.figures.measure import outside, overlaps
from ui.figures.coverage import matrix, wait
from ui.figures.flow import arrange, flow
from ui.figures.links import Link, links_of, state
from ui.figures.subjects import Goal

GOALS = [
    Goal("margin", "Gross margin", "finance", 0.35, "margin", "USD", 90),
    Goal("sold", "Cars sold", "operations", 0.25, "units", "cars", 30),
    Goal("image", "Price image", "brand", 0.2, "price_image", "points", 365),
    Goal("calm", "Few price changes", "tech", 0.1, "price_changes", "changes", 1),
    Goal("loyal", "Owner loyalty", "brand", 0.1, "loyalty", None, None, "none"),
]
TERMS = [term("revenue"), term("units", 0.3), term("price_index", -8)]
COVERAGE = [
    cover("margin", "revenue", ["revenue", "margin"], 1, 0.5, 60, "observational"),
    cover("sold", "units", ["units"], 1, 1, 0, "identity"),
    cover("sold", "price_index", ["price_index", "units"], 1, 0.5, 30, "observational"),
    cover("image", "units", ["units", "price_image"], -1, 0.4, 180, "expert"),
    cover("image", "price_index", ["price_index", "price_image"], -1, 0.9, 180, "expert"),
    cover("calm", None),
    cover("loyal", None),
]


def curves(fig: Figure) -> dict:
    return {trace.name: trace for trace in fig.data if trace.type == "scatter" and trace.mode == "lines"}


def test_goals_are_covered_harmed_or_uncovered():
    links = links_of(COVERAGE)
    states = [state(goal, links) for goal in GOALS]
    assert states == ["covered", "covered", "harmed", "uncovered", "uncovered"]


def test_a_term_whose_direction_is_not_known_neither_helps_nor_harms():
    rows = [cover("margin", "revenue", ["revenue", "margin"], None, None, 0, "expert")]
    assert links_of(rows)[0].effect == 0
    assert state(GOALS[0], links_of(rows)) == "covered"
    assert "?" in flow(GOALS[:1], rows, TERMS[:1], LIGHT_LOOK).data[-1].text


def test_the_flow_says_how_much_is_missed():
    meta = flow(GOALS, COVERAGE, TERMS, LIGHT_LOOK).layout.meta
    assert meta["title"].replace("\u00a0", " ") == (
        "40 % of what the teams want is missed: 20 % no term reaches, 20 % is pushed the wrong way"
    )
    assert all(goal.name in meta["alt"] for goal in GOALS)


@pytest.mark.parametrize(
    ("kept", "title"),
    [
        ([0], "The goal is reached by a term of the objective"),
        ([0, 1], "Each of the 2 goals is reached by a term of the objective"),
        ([0, 2], "The objective pushes 36 % of what the teams want the wrong way"),
        ([0, 3], "No term of the objective reaches 22 % of what the teams want"),
        ([], "No goal is recorded yet"),
    ],
)
def test_the_title_of_the_flow_fits_what_is_drawn(kept, title):
    goals = [GOALS[k] for k in kept]
    rows = [row for row in COVERAGE if row["goal"] in {g.id for g in goals}]
    assert flow(goals, rows, TERMS, LIGHT_LOOK).layout.meta["title"].replace("\u00a0", " ") == title


def test_help_is_solid_and_harm_dashed_and_the_width_is_the_strength():
    links = curves(flow(GOALS, COVERAGE, TERMS, LIGHT_LOOK))
    assert len(links) == 5
    assert links["units → sold"].line.dash == "solid"
    assert links["price_index → image"].line.dash != "solid"
    assert links["units → sold"].line.width > links["revenue → margin"].line.width
    assert links["units → sold"].line.color != links["price_index → image"].line.color


def test_every_link_carries_its_sign_at_the_goal():
    fig = flow(GOALS, COVERAGE, TERMS, LIGHT_LOOK)
    signs = [trace.text[0] for trace in fig.data if trace.type == "scatter" and trace.mode == "markers+text"]
    assert sorted(signs) == ["+", "+", "+", "−", "−"]


def test_uncovered_goals_stand_on_top_and_say_so():
    fig = flow(GOALS, COVERAGE, TERMS, LIGHT_LOOK)
    rows = {text: note.y for note in fig.layout.annotations for text in [note.text or ""] if "<b>" in text}
    missed = [y for text, y in rows.items() if "no term reaches it" in text or "Few price" in text or "loyalty" in text]
    reached = [y for text, y in rows.items() if any(n in text for n in ("Gross margin", "Cars sold", "Price image"))]
    assert max(missed) < min(reached)
    assert sum("no term reaches it" in text for text in texts(fig)) == 2


def test_bars_are_as_long_as_the_weights():
    fig = flow(GOALS, COVERAGE, TERMS, LIGHT_LOOK)
    lengths = sorted(trace.x[0] for trace in fig.data if trace.type == "bar")
    assert lengths[-1] / lengths[0] == pytest.approx(0.35 / 0.1)


def test_beyond_eleven_goals_the_lightest_are_one_row():
    goals, terms, rows = mapped(20)
    said = " ".join(texts(flow(goals, rows, terms, LIGHT_LOOK)))
    assert said.count("more goals") == 2


def test_up_to_five_goals_have_the_fewest_crossings_there_are():
    links = [Link(g, t, 1, 0, "expert", ("a",)) for g, t in (("a", "z"), ("b", "y"), ("c", "x"))]
    goals, terms = arrange(["a", "b", "c"], ["x", "y", "z"], links)
    assert [goals.index(link.goal) for link in links] == [terms.index(link.term) for link in links]


# The matrix


def test_the_matrix_says_what_is_in_the_objective_itself():
    title = matrix(GOALS, COVERAGE, TERMS, 30, LIGHT_LOOK).layout.meta["title"]
    assert title == "1 of 5 goals is in the objective itself; 2 of 5 effects run against their goal"


def test_a_cell_states_its_effect_and_outlines_the_goals_own_metric():
    fig = matrix(GOALS, COVERAGE, TERMS, 30, LIGHT_LOOK)
    assert {"<b>+0.5</b>", "<b>+1.0</b>", "<b>−0.4</b>", "<b>−0.9</b>"} <= set(texts(fig))
    outlined = [shape for shape in fig.layout.shapes if shape.type == "rect" and shape.line.width]
    assert len(outlined) == 1


def test_a_goal_shows_after_its_lag_and_its_horizon():
    links = links_of(COVERAGE)
    assert [wait(goal, links) for goal in GOALS] == [150, 30, None, None, None]


def test_the_matrix_sets_each_goal_beside_the_horizon_of_the_objective():
    said = texts(matrix(GOALS, COVERAGE, TERMS, 30, LIGHT_LOOK))
    assert {"150 d, 5×", "30 d, in time", "<b>never: only harm</b>", "<b>never: no term</b>"} <= set(said)


def test_late_goals_are_the_finding_where_nothing_is_harmed():
    title = matrix(GOALS[:2], COVERAGE[:3], TERMS, 30, LIGHT_LOOK).layout.meta["title"]
    assert title.endswith("; one goal shows only after the model has stopped looking")


def test_beyond_three_terms_only_the_sign_is_left_in_a_cell():
    goals, terms, rows = mapped(20)
    fig = matrix(goals, rows, terms, 30, LIGHT_LOOK)
    assert {"<b>+</b>", "<b>−</b>"} <= set(texts(fig))
    assert sum(note.textangle == -50 for note in fig.layout.annotations) == 9


@pytest.mark.parametrize("look", [LIGHT_LOOK, DARK_LOOK], ids=["light", "dark"])
@pytest.mark.parametrize("n", [0, 1, 5, 20])
@pytest.mark.parametrize("plot", [318, 600])
def test_no_two_texts_overlap_and_none_is_cut(n, look, plot):
    goals, terms, rows = mapped(n)
    for fig in (flow(goals, rows, terms, look), matrix(goals, rows, terms, 30, look)):
        assert overlaps(fig, plot) == []
        assert outside(fig, plot) == []


def test_the_sample_of_five_goals_fits_a_phone():
    for fig in (flow(GOALS, COVERAGE, TERMS, LIGHT_LOOK), matrix(GOALS, COVERAGE, TERMS, 30, LIGHT_LOOK)):
        assert overlaps(fig, 318) == []
