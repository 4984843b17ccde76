"""The figures of behaviour say who pays, where it turns, and what each rule is worth."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.ui.figures.cases import DARK_LOOK, LIGHT_LOOK, behaved, curve, texts
from tests.ui.figures.measure import outside, overlaps
from ui.colours import LIGHT
from ui.figures.behaviour import goodhart, strip
from ui.figures.drawing import Look
from ui.figures.guardrails import guardrails
from ui.figures.pareto import pareto
from ui.figures.regret import cascade
from ui.figures.subjects import Goal, Rule
from ui.figures.weights import weights
from ui.teams import roster


def captured(model, low=None, high=None, random=None, reason=None):
    return {
        "items": 2217,
        "captured": {"model": model, "low": low, "high": high, "random": random, "reason": reason},
        "regret": [],
        "teams": [],
    }


def title(fig) -> str:
    return fig.layout.meta["title"].replace("\u00a0", " ")


# Captured share

STRIPS = [
    (captured(-0.59, -0.69, -0.5, -0.41), "−59 %", "worse than leaving today’s choices alone"),
    (captured(0.3, 0.2, 0.4, 0.1), "30 %", "less than half of what there is"),
    (captured(0.47, 0.4, 0.55, 0.44), "47 %", "part of what there is"),
    (captured(0.86, 0.82, 0.9, 0.02), "86 %", "most of what there is"),
    (captured(1, 1, 1, 0.9), "100 %", "nearly all there is"),
    (captured(0.6, -0.1, 1.2, 0.3), "60 %", "perhaps no better than today"),
    (captured(-7.3, -8.8, -6.2, -8.9), "−730 %", "worse than leaving today’s choices alone"),
    (captured(-0.02, -0.06, 0.03, -0.05), "−2 %", "perhaps no better than today"),
    (captured(0.5), "50 %", "part of what there is"),
]


@pytest.mark.parametrize(("behaviour", "share", "word"), STRIPS)
def test_the_strip_states_the_share_and_what_it_means(behaviour, share, word):
    assert title(strip(behaviour, LIGHT_LOOK)) == f"The model captures {share} of the achievable value: {word}"


@pytest.mark.parametrize(("behaviour", "share", "word"), STRIPS)
@pytest.mark.parametrize("plot", [318, 600, 1200])
def test_the_strip_fits(behaviour, share, word, plot):
    fig = strip(behaviour, LIGHT_LOOK)
    assert overlaps(fig, plot) == []
    assert outside(fig, plot) == []


def test_the_strip_marks_the_model_between_today_and_the_best():
    fig = strip(captured(-0.59, -0.69, -0.5, -0.41), LIGHT_LOOK)
    assert fig.data[0].x == (-0.59,)
    assert fig.data[0].marker.symbol == "line-ns"
    low, high = fig.layout.xaxis.range
    assert low < -0.69 and high > 1


def test_a_share_far_below_today_is_an_arrow_at_the_edge():
    fig = strip(captured(-7.3, -8.8, -6.2, -8.9), LIGHT_LOOK)
    assert fig.data[0].marker.symbol == "triangle-left"
    assert any(text.startswith("◂ random") for text in texts(fig))


def test_what_cannot_be_known_says_why():
    behaviour = captured(None, reason="no candidate is better than today")
    for fig in (strip(behaviour, LIGHT_LOOK), cascade(behaviour, [], LIGHT_LOOK)):
        assert title(fig) == "The achievable value is not known: no candidate is better than today"
        assert not fig.data


# Regret

GOALS = [
    Goal("margin", "Gross margin", "finance", 0.4, "margin", "USD"),
    Goal("image", "Price image", "brand", 0.3, "price_image", "points"),
    Goal("sold", "Cars sold", "operations", 0.3, "units", "cars"),
]


def paid(*shares):
    rows = [
        {
            "goal": g.id,
            "team": g.team,
            "metric": g.metric,
            "unit": g.unit,
            "share": s,
            "amount": 1,
            "model_change": -6.5e9,
            "best_change": 2,
        }
        for g, s in zip(GOALS, shares, strict=True)
    ]
    teams = [{"team": g.team, "regret_share": s} for g, s in zip(GOALS, shares, strict=True)]
    return captured(1 - sum(shares)) | {"regret": rows, "teams": teams}


def test_the_cascade_says_who_pays_and_who_gains():
    assert title(cascade(paid(1.33, 0.93, -0.88), GOALS, LIGHT_LOOK)) == (
        "Finance pays most, 133 points below the best choice, on gross margin; Operations gains"
    )
    assert title(cascade(paid(0, 0, 0), GOALS, LIGHT_LOOK)).startswith("No team loses")


def test_the_cascade_leads_from_the_best_choice_to_the_model():
    fig = cascade(paid(1.33, 0.93, -0.88), GOALS, LIGHT_LOOK)
    bars = [trace for trace in fig.data if trace.type == "bar"]
    assert bars[0].base[0] == 1
    for one, following in pairwise(bars):
        assert one.base[0] + one.x[0] == pytest.approx(following.base[0])
    assert bars[-1].base[0] + bars[-1].x[0] == pytest.approx(1 - 1.33 - 0.93 + 0.88)


def test_losses_come_first_and_gains_are_hatched():
    fig = cascade(paid(0.93, -0.88, 1.33), GOALS, LIGHT_LOOK)
    bars = [trace for trace in fig.data if trace.type == "bar"]
    assert [bar.name for bar in bars] == ["sold", "margin", "image"]
    assert [bool(bar.marker.pattern.shape) for bar in bars] == [False, False, True]


def test_the_changes_stand_beneath_in_their_units():
    said = texts(cascade(paid(1.33, 0.93, -0.88), GOALS, LIGHT_LOOK))
    assert "model −$6.5\u00a0bn, best +$2" in said


def test_beyond_eight_goals_the_smallest_are_one_row_and_the_sum_stays():
    behaviour, goals, _ = behaved(20)
    fig = cascade(behaviour, goals, LIGHT_LOOK)
    bars = [trace for trace in fig.data if trace.type == "bar"]
    assert len(bars) == 8
    assert 1 + sum(bar.x[0] for bar in bars) == pytest.approx(behaviour["captured"]["model"])


# Guardrails

RULES = [Rule("image", "Image floor", "brand"), Rule("rise", "No rise above 15 %", "operations")]


def worth(*pairs):
    rows = [{"constraint": r.id, "price": p, "protects": q} for r, (p, q) in zip(RULES, pairs, strict=False)]
    return {"guardrails": rows}


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (
            [(0.0006, 0.632), (0.435, -0.077)],
            "“Image floor” saves 63 points and costs nothing; "
            "“No rise above 15 %” costs 44 and sets the model back by 8",
        ),
        ([(0.2, 0.5)], "“Image floor” saves 50 points and costs 20"),
        ([(0.2, 0)], "No rule saves anything from this model; “Image floor” costs 20 points"),
        ([(0, 0)], "No rule saves anything from this model, and none costs anything"),
        ([], "No rule narrows the model’s choices"),
    ],
)
def test_guardrails_say_what_is_worth_keeping(pairs, said):
    assert title(guardrails(worth(*pairs), RULES, LIGHT_LOOK)) == said


def test_guardrails_stand_by_what_they_are_worth_on_one_scale():
    fig = guardrails(worth((0.435, -0.077), (0.0006, 0.632)), RULES, LIGHT_LOOK)
    assert [trace.name for trace in fig.data][::2] == ["rise costs", "image costs"]
    scales = []
    for axis in (fig.layout.xaxis, fig.layout.xaxis2):
        scales.append((axis.domain[1] - axis.domain[0]) / (axis.range[1] - axis.range[0]))
    assert scales[0] == pytest.approx(scales[1], rel=0.02)


# Revealed weights


def test_weights_name_the_goal_that_is_worth_too_much_and_the_one_too_little():
    rows = [
        {"goal": "margin", "stated": 0.4, "revealed": 0.32},
        {"goal": "image", "stated": 0.3, "revealed": 0.05},
        {"goal": "sold", "stated": 0.3, "revealed": 0.63},
    ]
    fig = weights({"revealed_weights": rows, "revealed_fit": 0.74}, GOALS, LIGHT_LOOK)
    assert title(fig) == ("The model behaves as if cars sold were worth 63 %, not 30 %, and price image 5 %, not 30 %")
    assert [trace.x for trace in fig.data] == [(0.4, 0.32), (0.3, 0.05), (0.3, 0.63)]
    assert "0.74" in fig.layout.meta["sub"]


def test_no_revealed_weights_is_said():
    assert title(weights({"revealed_weights": None}, GOALS, LIGHT_LOOK)).endswith("reveals no weights")


# Goodhart


def turned(values, peak, lost):
    return {"captured": {}, "goodhart": {"curve": curve(values), "peak_n": peak, "lost_after_peak": lost}}


def test_a_curve_that_turns_marks_its_peak_and_its_loss():
    fig = goodhart(turned([-0.41, -0.33, -0.38, -0.5, -0.59, -0.59], 2, 0.26), LIGHT_LOOK)
    assert title(fig) == "Choosing harder makes it worse: the value peaks at the best of 2, then falls by 26 points"
    names = [trace.name for trace in fig.data]
    assert "after the peak" in names and "up to the peak" in names
    assert any("−26 points" in text for text in texts(fig))


@pytest.mark.parametrize(
    ("values", "peak", "lost", "said"),
    [
        ([0.1, 0.2, 0.4, 0.6], None, 0, "Choosing harder by this objective keeps adding value"),
        ([0.1, 0.1, 0.1, 0.1], None, 0, "Choosing harder by this objective changes nothing"),
        (
            [0.1, 0, -0.1, -0.2], 1, 0.3,
            "Every step towards this objective makes it worse: it falls 30 points below a random choice",
        ),
    ],
)  # fmt: skip
def test_a_curve_without_a_peak_is_one_line(values, peak, lost, said):
    fig = goodhart(turned(values, peak, lost), LIGHT_LOOK)
    assert title(fig) == said
    assert ("after the peak" in [trace.name for trace in fig.data]) == (peak is not None)


# Pareto

FRONT = [(0.0, 12.0), (10.0, 11.0), (20.0, 8.0), (26.0, 0.0)]
POINTS = {"today": (0.0, 0.0), "random": (2.3, 4.3), "model": (-6.5, -1.3), "best": (24.0, 9.0)}


def test_the_pareto_plot_says_what_the_model_trades_and_what_the_best_choice_does():
    fig = pareto(FRONT, POINTS, GOALS[0], GOALS[1], LIGHT_LOOK)
    model, best = title(fig).split("; ")
    assert model == "The model gains on neither gross margin nor price image"
    assert best == "the best choice gains on gross margin and on price image"
    trading = pareto(FRONT, POINTS | {"model": (5.0, -1.0)}, GOALS[0], GOALS[1], LIGHT_LOOK)
    assert title(trading).startswith("The model gains on gross margin at the cost of price image; the best choice")


def test_the_pareto_plot_draws_the_frontier_and_arrows_from_today():
    fig = pareto(FRONT, POINTS, GOALS[0], GOALS[1], LIGHT_LOOK)
    frontier = next(trace for trace in fig.data if trace.name == "frontier")
    assert list(zip(frontier.x, frontier.y, strict=True)) == FRONT
    arrows = [note for note in fig.layout.annotations if note.showarrow]
    assert {(arrow.x, arrow.y) for arrow in arrows} == {POINTS["model"], POINTS["best"]}
    assert all((arrow.ax, arrow.ay) == (0, 0) for arrow in arrows)


@pytest.mark.parametrize("model", [(-6.5, -1.3), (24.0, 9.0), (0.0, 0.0), (23.0, 9.5), (1.0, 0.4)])
@pytest.mark.parametrize("plot", [318, 600])
def test_labels_of_the_pareto_plot_keep_apart(model, plot):
    from tests.ui.figures.measure import pareto_overlaps

    fig = pareto(FRONT, POINTS | {"model": model}, GOALS[0], GOALS[1], LIGHT_LOOK)
    assert pareto_overlaps(fig, plot) == []


def test_the_pareto_plot_stands_without_a_frontier():
    fig = pareto([], POINTS, GOALS[0], GOALS[1], DARK_LOOK)
    assert "frontier" not in [trace.name for trace in fig.data]


# All


@pytest.mark.parametrize("look", [LIGHT_LOOK, DARK_LOOK], ids=["light", "dark"])
@pytest.mark.parametrize("n", [1, 5, 20])
@pytest.mark.parametrize("plot", [318, 600])
def test_no_two_texts_overlap_and_none_is_cut(n, look, plot):
    behaviour, goals, rules = behaved(n)
    for fig in (cascade(behaviour, goals, look), guardrails(behaviour, rules, look), weights(behaviour, goals, look)):
        assert overlaps(fig, plot) == [], title(fig)
        assert outside(fig, plot) == [], title(fig)


@pytest.mark.parametrize("n", [1, 5, 20])
def test_every_figure_has_a_title_and_a_text_that_reads_its_rows(n):
    behaviour, goals, rules = behaved(n)
    figures = (strip(behaviour, LIGHT_LOOK), cascade(behaviour, goals, LIGHT_LOOK), goodhart(behaviour, LIGHT_LOOK),
               guardrails(behaviour, rules, LIGHT_LOOK), weights(behaviour, goals, LIGHT_LOOK))  # fmt: skip
    for fig in figures:
        assert fig.layout.meta["title"] and fig.layout.meta["alt"]
        assert fig.layout.height > 60


@pytest.mark.parametrize("plot", [318, 600])
def test_long_names_of_teams_stay_off_the_figures_at_the_right(plot):
    europe = "brand-and-corporate-communications-europe"
    behaviour, goals, _ = behaved(5)
    goals = [replace(goal, team=europe) for goal in goals]
    look = Look(LIGHT, roster([europe]))
    for fig in (cascade(behaviour, goals, look), weights(behaviour, goals, look)):
        assert overlaps(fig, plot) == []
        assert outside(fig, plot) == []
