"""Record on a small workshop: a rule is tried before it is saved, and the form keeps what was typed."""

import pytest

from alignment.initiative.models import Constraint
from tests.pages.conftest import INITIATIVE, SHIRTS, opened, problems, texts
from ui import analysis
from ui.rules import form
from ui.rules.sentence import ALL, AMOUNT

CLASH = "price <= cost * 1.1"


def typed(app, raw: str, called: str = "New cap"):
    app.text_area(key="rule_raw").set_value(raw).run()
    app.text_input(key="rule_called").set_value(called).run()
    assert not app.exception
    return app


def test_the_preview_counts_and_names_the_clash_before_anything_is_saved(shop):
    app = typed(shop.page("record", shop.bo), CLASH)
    figures = {m.label: m.value for m in app.metric}
    assert figures == {"In scope": "6", "Violated today": "3", "Unknown": "1", "New conflicts": "1"}
    assert "Before you save: it clashes with one rule" in texts(app)
    assert "**5 items**" in texts(app) and "Floor" in texts(app)
    assert app.button(key="record").label == "Record with 1 new conflict"
    assert len(shop.store.initiative(shop.id).constraints) == 2


def test_recording_adds_the_rule_for_the_own_team_and_empties_the_form(shop):
    app = typed(shop.page("record", shop.bo), f"{CLASH}\nwhere kind = 'fine'")
    app.button(key="record").click().run()
    new = shop.store.initiative(shop.id).constraint("new-cap")
    assert (new.team, new.rule, new.where, new.status) == ("brand", CLASH, "kind = 'fine'", "proposed")
    assert not app.text_area(key="rule_raw").value
    assert "New cap is recorded. Conflicts shows its one new conflict." in texts(app)


def test_the_text_follows_the_sentence(shop):
    app = shop.page("record", shop.bo)
    app.selectbox(key="rule_scope").set_value("kind = 'fine'").run()
    app.selectbox(key="rule_comparison").set_value("at most").run()
    app.selectbox(key="rule_of").set_value("cost").run()
    app.text_input(key="rule_much").set_value("130 %").run()
    assert app.text_area(key="rule_raw").value == "price <= cost * 1.3\nwhere kind = 'fine'"


def test_the_sentence_follows_the_text(shop):
    app = typed(shop.page("record", shop.bo), "abs(price / current_price - 1) <= 0.08\nwhere kind = 'basic'")
    assert app.selectbox(key="rule_comparison").value == "within"
    assert app.text_input(key="rule_much").value == "8 %"
    assert app.selectbox(key="rule_of").value == "current_price"
    assert app.selectbox(key="rule_scope").value == "kind = 'basic'"
    app.text_area(key="rule_raw").set_value("price % 5 = 0 or price = current_price").run()
    assert app.selectbox(key="rule_comparison").value == "as written"


def test_a_typo_is_one_sentence_in_place_and_the_form_keeps_everything(shop):
    app = typed(shop.page("record", shop.bo), "price >= cots * 1.1")
    assert "did you mean" in problems(app)[0] and "cost" in problems(app)[0]
    app.button(key="record").click().run()
    assert app.text_area(key="rule_raw").value == "price >= cots * 1.1"
    assert app.text_input(key="rule_called").value == "New cap"
    assert len(shop.store.initiative(shop.id).constraints) == 2


def test_a_rule_without_a_name_is_asked_for_one(shop):
    app = shop.page("record", shop.bo)
    app.text_area(key="rule_raw").set_value("price <= 90").run()
    app.button(key="record").click().run()
    assert any("The rule has no name" in p for p in problems(app))
    assert app.text_area(key="rule_raw").value == "price <= 90"


def test_what_was_typed_is_a_draft_that_a_new_session_brings_back(shop):
    typed(shop.page("record", shop.bo), "price <= 90", "Half done")
    again = shop.page("record", shop.bo)
    assert again.text_area(key="rule_raw").value == "price <= 90"
    assert again.text_input(key="rule_called").value == "Half done"
    assert not shop.page("record", shop.ana).text_area(key="rule_raw").value


def test_the_list_shows_counts_and_conflicts_and_filters_by_team(shop):
    app = shop.page("record", shop.ana)
    table = app.dataframe[0].value
    assert list(table["Name"]) == ["Floor", "Ceiling"]
    assert list(table["Conflicts"]) == [1, 1]
    assert list(table["Unknown"]) == [1, 0]
    app.get("button_group")[-2].set_value(["brand"]).run()
    assert list(app.dataframe[0].value["Name"]) == ["Ceiling"]


def picked(app, row: int):
    app.session_state["records"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return app.run()


def test_a_picked_rule_is_changed_in_the_form(shop):
    app = picked(shop.page("record", shop.bo), 1)
    app.button(key="edit").click().run()
    assert app.text_area(key="rule_raw").value == "price <= 12\nwhere kind = 'basic'"
    app.text_area(key="rule_raw").set_value("price <= 15\nwhere kind = 'basic'").run()
    assert "Before you save: it ends one conflict" in texts(app)
    app.button(key="record").click().run()
    assert shop.store.initiative(shop.id).constraint("ceiling").rule == "price <= 15"


def test_a_change_that_somebody_else_was_quicker_with_shows_both(shop):
    app = picked(shop.page("record", shop.bo), 1)
    app.button(key="edit").click().run()
    app.text_area(key="rule_raw").set_value("price <= 15").run()
    rule = shop.store.initiative(shop.id).constraint("ceiling").model_copy(update={"rule": "price <= 13"})
    entry = shop.store.entry(shop.id, "constraints", "ceiling")
    shop.store.edit(shop.id, "constraints", "ceiling", rule, entry.version, shop.ana.actor)
    app.button(key="record").click().run()
    assert [c.value for c in app.code] == ["price <= 13\nwhere kind = 'basic'", "price <= 15"]
    assert app.text_area(key="rule_raw").value == "price <= 15"
    app.button(key="stale_mine").click().run()
    assert shop.store.initiative(shop.id).constraint("ceiling").rule == "price <= 15"


@pytest.mark.parametrize(("button", "status"), [("status_retired", "retired"), ("status_agreed", "agreed")])
def test_a_team_agrees_to_its_rule_or_retires_it(shop, button, status):
    app = picked(shop.page("record", shop.bo), 1)
    app.button(key=button).click().run()
    assert shop.store.initiative(shop.id).constraint("ceiling").status == status


def test_a_rule_of_another_team_can_be_commented_and_not_changed(shop):
    app = picked(shop.page("record", shop.bo), 0)
    assert app.button(key="edit").disabled
    app.text_area(key="say_floor").set_value("Too high for basics").run()
    app.button(key="say_it").click().run()
    assert shop.store.comments(shop.id)[0].text == "Too high for basics"


def test_a_visitor_can_try_a_rule_and_not_record_it(shop):
    app = typed(shop.page("record"), CLASH)
    assert "Before you save: it clashes with one rule" in texts(app)
    assert app.button(key="record").disabled


def test_a_backstop_says_on_how_many_items_it_would_stop_now(shop):
    app = shop.page("record", shop.ana)
    app.get("button_group")[1].set_value("Backstop").run()
    app.text_area(key="backstop_when").set_value("cost > 15").run()
    assert app.metric[0].value == "2"
    app.text_area(key="backstop_when").set_value("cots > 15").run()
    assert "did you mean" in problems(app)[0]
    app.text_area(key="backstop_when").set_value("cost > 15").run()
    app.text_input(key="backstop_called").set_value("Costly").run()
    app.button(key="backstop_record").click().run()
    assert shop.store.initiative(shop.id).backstops[-1].id == "costly"


def test_a_goal_is_recorded(shop):
    app = shop.page("record", shop.ana)
    app.get("button_group")[1].set_value("Goal").run()
    app.selectbox(key="goal_metric").set_value("image").run()
    app.text_input(key="goal_called").set_value("Keep image").run()
    app.button(key="goal_record").click().run()
    assert shop.store.initiative(shop.id).goals[-1].metric == "image"


def test_a_record_of_another_session_is_on_the_list_at_the_next_run(shop):
    app = shop.page("record", shop.ana)
    typed_here = app.text_area(key="rule_raw").set_value("price <= 90").run()
    shop.store.add(shop.id, "constraints", Constraint(id="cap", team="brand", rule="price <= 80"), shop.bo.actor)
    app.run()
    assert "Cap" in list(app.dataframe[0].value["Name"])
    assert typed_here.text_area(key="rule_raw").value == "price <= 90"


def test_a_rule_over_an_average_is_tried_on_the_whole_catalogue(shop):
    app = typed(shop.page("record", shop.bo), "avg(price) <= 10")
    assert app.button(key="record").label == "Record with 1 new conflict"
    assert "Before you save: it clashes with one rule" in texts(app)
    assert {m.label: m.value for m in app.metric}["In scope"] == "6"


def test_a_clash_with_an_average_in_force_is_seen_before_saving(shop):
    average = Constraint(id="cheap-on-average", team="operations", rule="avg(price) <= 40")
    shop.store.add(shop.id, "constraints", average, shop.ana.actor)
    app = typed(shop.page("record", shop.bo), "price >= 50")
    assert "Cheap on average" in texts(app)
    new = int(app.button(key="record").label.split()[2])
    before = len(analysis.bare_report(analysis.ground(shop.id)).conflicts)
    app.button(key="record").click().run()
    assert len(analysis.bare_report(analysis.ground(shop.id)).conflicts) == before + new


def old_sentence(app):
    """The sentence as a browser has it that was not told yet what the text says."""
    app.selectbox(key="rule_scope").set_value(ALL)
    app.text_input(key="rule_much").set_value("")
    app.selectbox(key="rule_of").set_value(AMOUNT)
    return app.run()


def test_a_browser_that_sends_what_it_had_before_it_was_told_changes_nothing(shop):
    text = "price >= cost * 1.1\nwhere kind = 'basic'"
    app = shop.page("record", shop.bo)
    app.text_area(key="rule_raw").set_value(text).run()
    app = old_sentence(app)
    assert app.text_area(key="rule_raw").value == text
    assert app.selectbox(key="rule_scope").value == "kind = 'basic'"
    assert app.text_input(key="rule_much").value == "110 %"


def test_the_same_sentence_chosen_later_is_a_choice(shop, monkeypatch):
    monkeypatch.setattr(form, "IN_FLIGHT", 0.0)
    app = shop.page("record", shop.bo)
    app.text_area(key="rule_raw").set_value("price >= cost * 1.1\nwhere kind = 'basic'").run()
    assert app.text_area(key="rule_raw").value != old_sentence(app).text_area(key="rule_raw").value


def test_the_headline_says_so_where_no_rule_is_agreed_yet(home):
    app = opened(INITIATIVE.replace(", status: agreed", ""), SHIRTS).page("record")
    assert app.title[0].value == "Two rules recorded, none agreed yet"


def test_what_was_done_is_still_said_when_somebody_elses_change_draws_the_page_again(shop, monkeypatch):
    app = typed(shop.page("record", shop.bo), "price >= 1")
    app.button(key="record").click().run()
    assert "New cap is recorded." in texts(app.run())
    monkeypatch.setattr("ui.opening.SAID_FOR", 0.0)
    assert "New cap is recorded." not in texts(app.run())
