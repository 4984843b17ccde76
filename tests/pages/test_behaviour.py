"""Behaviour on a small workshop: what the model would do, weights to move, any two goals, any item, the repair."""

import pytest

from tests.pages.conftest import SHIRTS, Shop, opened, texts
from tests.pages.mapped import HEAD, OBJECTIVE, WHOLE, buttons, headings, mapped
from ui.workshop import SAMPLE_ID, put_sample, workshop

POINTS = """points:
- {participant: Ana, team: operations, goal: more-margin, points: 90}
- {participant: Ana, team: operations, goal: strong-image, points: 10}
- {participant: Bo, team: brand, goal: more-margin, points: 20}
- {participant: Bo, team: brand, goal: strong-image, points: 80}
"""


@pytest.fixture
def shirts(home):
    return mapped()


def slider(app, goal: str):
    return next(s for s in app.slider if s.key.startswith("weight_") and s.key.endswith(goal))


def test_the_title_says_what_the_model_would_do(shirts):
    app = shirts.page("behaviour")
    assert app.title[0].value == "This model may do no better than leaving every price as it is"
    assert "Misaligned · 6 items · 18 candidates" in texts(app)


def test_each_figure_states_its_finding(shirts):
    found = headings(shirts.page("behaviour"))
    assert len(found) == 8
    assert found[0].startswith("The model captures −") and found[0].endswith("perhaps no better than today")
    assert found[1].startswith("Brand pays most")
    assert found[2].startswith("The model gains on more margin at the cost of strong image; the best choice gains on")
    assert found[5].startswith("The model behaves as if more margin were worth")


def test_every_figure_has_its_table_and_its_csv(shirts):
    app = shirts.page("behaviour")
    tables = [set(frame.value.columns) for frame in app.dataframe]
    wanted = (
        "captured share", "change by the best choice", "regret, share of what the best choice adds", "best of n",
        "saves from the model, share", "revealed weight", "what", "loss, points", "repaired",
    )  # fmt: skip
    assert [name for name in wanted if not any(name in table for table in tables)] == []
    assert sum(d.proto.label == "CSV" for d in app.get("download_button")) >= len(wanted)


def test_moved_weights_change_everything_and_record_nothing(shirts):
    app = shirts.page("behaviour", shirts.ana)
    before = headings(app)
    slider(app, "more-margin").set_value(95)
    slider(app, "strong-image").set_value(5).run()
    assert app.title[0].value == "This model does nearly what the goals ask for"
    assert "under weights that you moved" in texts(app)
    after = headings(app)
    assert after[0] == "The model captures 100\u00a0% of the achievable value: nearly all there is"
    assert all(a != b for a, b in zip(before[:2], after[:2], strict=True))
    assert [float(g.weight) for g in shirts.store.initiative(shirts.id).goals] == [0.4, 0.6]
    assert "weights={'more-margin': 95.0, 'strong-image': 5.0}" in next(c.value for c in app.code)
    app.button(key="weights_back").click().run()
    assert headings(app) == before


def test_robustness_for_moved_weights_is_worked_out_on_request(shirts):
    app = shirts.page("behaviour")
    slider(app, "more-margin").set_value(95).run()
    assert "random reweightings" not in texts(app)
    assert "A repair for these weights has not been worked out" in headings(app)
    app.button(key="thorough").click().run()
    assert "of 500 random reweightings" in texts(app)


def test_any_two_goals_are_set_against_each_other(shirts):
    app = shirts.page("behaviour")
    app.selectbox(key="pareto_x").set_value("strong-image").run()
    assert app.selectbox(key="pareto_y").value == "more-margin"
    frame = next(f.value for f in app.dataframe if "what" in f.value.columns)
    assert {"limit", "today", "model", "best", "random"} == set(frame["what"])


def test_a_worst_item_is_looked_at_candidate_by_candidate(shirts):
    app = shirts.page("behaviour")
    app.selectbox(key="look_at_item").set_value("A").run()
    assert "For A the model picks $8.10, the goals would pick $9.90 and today it is $9" in texts(app)
    frame = next(f.value for f in app.dataframe if "who picks it" in f.value.columns)
    assert list(frame["who picks it"]) == ["model", "today", "best"]
    assert list(frame["why not"]) == ["", "", ""]


def test_a_member_adopts_the_repaired_weights(shirts):
    app = shirts.page("behaviour", shirts.bo)
    assert any(title.startswith("A repair would capture 100") for title in headings(app))
    buttons(app, "Adopt the repaired weights")[0].click().run()
    objective = shirts.store.initiative(shirts.id).objective
    assert objective.expression is None and objective.terms
    assert (objective.horizon_days, objective.owner) == (30, "data-science")
    assert "The repaired weights are the objective now" in texts(app)
    assert headings(app)[0] == "The model captures 100\u00a0% of the achievable value: nearly all there is"


def test_a_visitor_cannot_adopt(shirts):
    assert buttons(shirts.page("behaviour"), "Adopt the repaired weights")[0].disabled


def test_teams_that_spread_points_see_how_far_they_agree(home):
    app = mapped(WHOLE + POINTS).page("behaviour")
    title = next(t for t in headings(app) if t.startswith("The two teams rank"))
    assert "quite differently" in title
    assert "Kendall’s W 0.00" in texts(app)


def test_without_a_table_the_next_step_is_the_objective_page(home):
    app = opened(HEAD + OBJECTIVE, SHIRTS).page("behaviour")
    assert app.title[0].value == "No decision table yet"


@pytest.mark.parametrize(
    ("text", "title"),
    [(HEAD, "No objective yet"), (HEAD[: HEAD.index("goals:")] + OBJECTIVE, "No goal yet")],
)
def test_what_is_missing_is_said(home, text, title):
    assert opened(text, SHIRTS).page("behaviour").title[0].value == title


def test_the_rules_that_were_applied_are_listed(shirts):
    app = shirts.page("behaviour")
    assert "Floor" in texts(app) and "Cap" in texts(app)


def test_the_sample_shows_who_pays_and_adopts_its_repair(home):
    put_sample()
    lead = workshop().join(SAMPLE_ID, "Ana", "finance")
    app = Shop(SAMPLE_ID, lead, lead).page("behaviour", lead)
    assert app.title[0].value == (
        "This model does more for operations than the best choice would, at the expense of brand and finance"
    )
    assert "1,990 of 2,217 items · 24,387 candidates · 90\u00a0% of the goals’ weight is in the table" in texts(app)
    assert "227 items have no candidate that keeps every hard rule" in texts(app)
    buttons(app, "Adopt the repaired weights")[0].click().run()
    assert "nearly all there is" in headings(app)[0]
    assert workshop().initiative(SAMPLE_ID).objective.terms
