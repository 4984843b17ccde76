"""What the pages say of a mapping, case by case."""

from types import SimpleNamespace as Of

import pytest

from ui.figures.subjects import Goal
from ui.mapping import sentences

GOALS = [
    Goal("price-image", "Price image", "brand", 0.4, "image"),
    Goal("margin", "Margin", "finance", 0.35, "margin"),
    Goal("calm", "Calm lists", "operations", 0.25, "changes"),
]
REACHED = "Each of the three goals is reached by the objective"
LEAVES = "This model leaves value on the table"
NEARLY = "This model does nearly what the goals ask for"


def reaches(goal, sign):
    return {
        "goal": goal, "term": "revenue" if sign else None, "path": ["revenue", "x"], "sign": sign, "strength": 0.5,
        "lag_days": 0, "evidence": "expert",
    }  # fmt: skip


def report(verdict="partly", k=None, findings=()):
    behaviour = None if k is None else Of(captured=Of(model=k))
    return Of(verdict=verdict, behaviour=behaviour, findings=findings, terms=())


@pytest.mark.parametrize(
    ("signs", "said"),
    [
        ((-1, 1, 1), "Price image is pushed the wrong way"),
        ((-1, 1, None), "Price image is pushed the wrong way, and no term reaches calm lists"),
        ((-1, -1, 1), "Price image and margin are pushed the wrong way"),
        ((-1, -1, -1), "Three goals are pushed the wrong way"),
        ((1, None, 1), "No term of the objective reaches margin"),
        ((None, None, None), "No term of the objective reaches three goals of 3"),
        ((1, 1, 1), f"{REACHED}; what the model would choose is not measured yet"),
    ],
)
def test_the_headline_of_the_objective(signs, said):
    coverage = [reaches(goal.id, sign) for goal, sign in zip(GOALS, signs, strict=True)]
    assert sentences.objective_title(report(), GOALS, coverage) == said


def test_where_all_is_reached_the_headline_is_what_was_measured():
    coverage = [reaches(goal.id, 1) for goal in GOALS]
    aligned = sentences.objective_title(report("aligned", 0.92), GOALS, coverage)
    assert aligned == "The objective maps to the goals: the model captures 92\u00a0% of what there is"
    partly = sentences.objective_title(report("partly", 0.6), GOALS, coverage)
    assert partly == f"{REACHED}, yet the model captures 60\u00a0% of what there is"


def behaves(k, low, high, **regret):
    teams = [Of(team=team, regret_share=share) for team, share in regret.items()]
    return Of(behaviour=Of(captured=Of(model=k, low=low, high=high), teams=teams))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (behaves(None, None, None), "What there is to gain on this table is not known"),
        (behaves(-0.5, -0.6, -0.4), "Left to itself, this model would do more harm than leaving every price as it is"),
        (behaves(0.1, -0.1, 0.3, brand=0.9), "This model may do no better than leaving every price as it is"),
        (
            behaves(0.7, 0.6, 0.8, operations=-0.4, brand=0.43, finance=0.2),
            "This model does more for operations than the best choice would, at the expense of brand and finance",
        ),
        (behaves(0.6, 0.5, 0.7, brand=0.3, tech=0.1), f"{LEAVES}, and brand and tech pay for it"),
        (behaves(0.6, 0.5, 0.7, brand=0.4), f"{LEAVES}, and brand pays for it"),
        (behaves(0.9, 0.85, 0.95, brand=0.1), f"{NEARLY}; what is missing falls on brand"),
        (behaves(1.0, 1.0, 1.0), NEARLY),
    ],
)
def test_the_headline_of_the_behaviour(found, said):
    assert sentences.behaviour_title(found, ["price"]) == said


def test_several_levers_are_not_named_in_the_headline():
    assert sentences.behaviour_title(behaves(-1, -1, -1), ["price", "hour"]).endswith(
        "than leaving everything as it is"
    )


@pytest.mark.parametrize(
    ("tau", "word"),
    [(0.7, "much as"), (0.3, "partly as"), (0.0, "no better than a coin"), (-0.5, "the other way round")],
)
def test_rank_agreement_in_words(tau, word):
    found = Of(rank_agreement=Of(tau_b=tau, low=tau - 0.01, high=tau + 0.01, items=9))
    assert word in sentences.rank_sentence(found)


def test_robustness_says_how_often_and_how_near():
    said = sentences.robustness_sentence(Of(draws=500, same_verdict=0.984, nearest_change=0.13), "misaligned")
    assert said == (
        "The verdict “misaligned” holds in 492 of 500 random reweightings of the goals; "
        "the smallest that changes it moves 13\u00a0% of the weight."
    )
    assert sentences.robustness_sentence(None, "partly") == ""


def test_what_the_figures_leave_out_is_said():
    found = Of(
        infeasible_items=1, incomplete_candidates=2, unmovable=("calm",), constraints_not_applied=("budget",),
        coupled=Of(applied=("ladder", "level"), method="lagrangian", gap=0.004),
        not_applied_because={"budget": "no choice of one candidate per item keeps it"},
    )  # fmt: skip
    said = sentences.left_out(found, GOALS, {"budget": "Change budget", "level": "Price level"})
    assert said == [
        "1 item has no candidate that keeps every hard rule, and is left out.",
        "2 candidates lack a value that is needed, and are left out.",
        "No allowed choice moves calm lists.",
        "Items are chosen together under “ladder” and “Price level”, found to within 0.4\u00a0% of the best; "
        "so the captured share has no interval.",
        "“Change budget” is not applied: no choice of one candidate per item keeps it.",
    ]


def test_worst_items_carry_a_share_of_all_loss():
    rows = [Of(loss=0.05, model={"price": 1}, best={"price": 2})] * 2
    found = Of(worst_items=rows, captured=Of(model=0.6), items=100)
    title, sub = sentences.worst_title(found), sentences.worst_sub(found, "price")
    assert title == "Where model and goals differ most: 2 items of 100 carry 25\u00a0% of the loss"
    assert sub.startswith("The model takes a lower price than the best choice on 2 of them")


def test_dominated_choices_are_a_gain_that_costs_nothing():
    found = Of(dominated=Of(items=3, share=0.03, free_gain=0.02))
    assert sentences.dominated_sentence(found).startswith("On 3 items (3\u00a0%) another allowed choice")
    assert sentences.dominated_sentence(found).endswith("worth 2 points together.")


def test_a_repair_that_captures_all_says_why_and_that_items_were_judged_alone():
    held = Of(items=50, captured_before=0.7, captured_after=1.0, gain=0.3, low=0.2, high=0.4)
    repair = Of(weights={"margin": 1.0, "image": 2.0}, held_out=held)
    found = Of(regret=(Of(metric="margin"), Of(metric="image")), coupled=Of(applied=("budget",)))
    said = sentences.repair_sub(repair, found)
    assert "the model can compute the metric of every goal in the table" in said
    assert said.endswith("each item is judged by itself, without budget")
    other = Of(regret=(Of(metric="margin"), Of(metric="calm")), coupled=None)
    assert sentences.repair_sub(repair, other) == sentences.repair_sub(repair)
