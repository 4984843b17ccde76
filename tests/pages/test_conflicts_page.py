"""Conflicts on a small workshop: what it states, what can be decided, and who may."""

import json

from tests.pages.conftest import INITIATIVE, SHIRTS, opened, problems, texts


def test_the_title_states_the_finding_and_the_card_names_both_rules_and_reasons(shop):
    app = shop.page("conflicts")
    assert app.title[0].value == "One conflict leaves no price for 2 of 6 items"
    said = texts(app)
    assert "Floor" in said and "Ceiling" in said
    assert "Worst at **C**: Floor asks for at least $14.40, Ceiling allows at most $12.00" in said
    assert "Operations: “Freight is paid from it”." in said
    assert "Brand: “Basics stay cheap”." in said


def test_a_visitor_reads_and_is_offered_to_join(shop):
    app = shop.page("conflicts")
    assert "You are reading. Join to decide on conflicts." in texts(app)


def test_no_rule_leads_to_record(home):
    text = INITIATIVE[: INITIATIVE.index("constraints:")]
    app = opened(text, SHIRTS).page("conflicts")
    assert app.title[0].value == "No rule to check yet"


def test_rules_that_agree_are_stated_as_proved(home):
    text = INITIATIVE.replace("price <= 12", "price <= 99")
    app = opened(text, SHIRTS).page("conflicts")
    assert app.title[0].value == "No rules contradict each other on 6 items"


def test_what_is_clear_leads_on_to_signing_and_asks_nobody_to_give_way(home):
    app = opened(INITIATIVE.replace("price <= 12", "price <= 99"), SHIRTS).page("conflicts")
    assert [link.proto.label for link in app.get("page_link")] == ["See what is left before you sign"]
    assert "Who is asked to give way" not in texts(app)


LISTED = """
accord: 1
name: Offers
as_of: 2026-03-01
teams: [operations, brand]
levers: [{name: offer, values: [none, ten, twenty, thirty]}]
catalogue: {source: shirts.csv, key: sku, value: cost}
constraints:
- {id: deep, team: brand, rule: "offer in ('twenty', 'thirty')", because: They leave}
- {id: shallow, team: operations, rule: "offer <> 'twenty' and offer <> 'thirty'", where: cost < 12, because: It costs}
"""


def test_values_of_a_list_stand_side_by_side_with_what_each_rule_leaves_of_them(home):
    said = texts(opened(LISTED, SHIRTS).page("conflicts"))
    assert "For example at **A**: Deep allows twenty or thirty and Shallow allows none or ten." in said
    assert "no offer is left" in said
    assert said.count('<td class="yes">') == 4
    assert "At stake: 16 of cost." in said


UNIONS = """
accord: 1
name: Hours
as_of: 2026-03-01
teams: [operations, brand]
levers: [{name: hour, unit: h, minimum: 0, maximum: 23, step: 1}]
catalogue: {source: shirts.csv, key: sku}
constraints:
- {id: office, team: brand, rule: "hour between 8 and 11 or hour between 15 and 18", because: Consent}
- {id: noon, team: operations, rule: hour between 12 and 14, because: The batch}
"""


def test_a_union_that_opens_between_its_ends_is_not_said_to_give_up_nothing(home):
    app = opened(UNIONS, SHIRTS).page("conflicts")
    ways = app.radio(key="way_noon+office").proto
    captions = dict(zip((option.replace("\\", "") for option in ways.options), ways.captions, strict=True))
    assert captions["Office: 11 → 12"] == "Brand lets in values that its rule forbids now"
    assert not any("gives up 0" in caption for caption in ways.captions)


def test_without_a_catalogue_the_page_offers_to_add_one(home):
    app = opened(INITIATIVE, None).page("conflicts")
    assert app.title[0].value == "No catalogue yet"
    assert app.get("page_link")[0].proto.label == "Add the catalogue under Frame"


def test_a_total_that_cannot_be_reached_is_drawn_with_what_the_other_rules_leave(home):
    text = INITIATIVE.replace("price <= 12, where: \"kind = 'basic'\"", "avg(price / cost) <= 1.1")
    app = opened(text, SHIRTS).page("conflicts")
    assert "comes to at least 1.2 under the other rules" in texts(app)
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    said = " ".join(note["text"] for note in figure["layout"]["annotations"])
    assert "at least <b>1.2</b>" in said and "at most <b>1.1</b>" in said
    assert "0.1" in said and "cannot be bridged" in said


def test_the_items_of_a_conflict_open_as_a_table_with_the_bounds_of_each_rule(shop):
    app = shop.page("conflicts", shop.ana)
    app.session_state["items_ceiling+floor"] = True
    app.run()
    table = app.dataframe[0].value
    assert list(table["sku"]) == ["C", "B"]
    assert list(table["Floor: at least"]) == [14.4, 13.2]
    assert list(table["Ceiling: at most"]) == [12, 12]


def test_an_owner_applies_a_way_out_with_a_reason_and_takes_it_back(shop):
    app = shop.page("conflicts", shop.ana)
    way = app.radio(key="way_ceiling+floor")
    assert way.options, "there are ways out"
    before = shop.store.initiative(shop.id).constraints
    app.text_input(key="reason_ceiling+floor").set_value("Agreed in the room")
    app.button(key="do_ceiling+floor").click().run()
    after = shop.store.initiative(shop.id)
    assert after.constraints != before
    assert after.decisions_log[0].because == "Agreed in the room"
    app.button(key="undo").click().run()
    assert shop.store.initiative(shop.id).constraints == before
    assert shop.store.initiative(shop.id).decisions_log == ()


def test_somebody_else_proposes_and_the_owner_sees_it_on_the_card(shop):
    app = shop.page("conflicts", shop.bo)
    repairs = [o for o in app.radio(key="way_ceiling+floor").options if "Floor" in o]
    app.radio(key="way_ceiling+floor").set_value(_value_of(app, repairs[0])).run()
    before = shop.store.initiative(shop.id)
    app.button(key="do_ceiling+floor").click().run()
    assert shop.store.initiative(shop.id) == before
    assert "Proposed to settle" in texts(shop.page("conflicts", shop.ana))


def _value_of(app, option: str) -> int:
    return app.radio(key="way_ceiling+floor").options.index(option) + 1


def test_a_waiver_needs_a_reason_and_then_settles_the_conflict_until_its_day(shop):
    app = shop.page("conflicts", shop.ana)
    app.button(key="waive_do_ceiling+floor").click().run()
    assert "A waiver has a reason" in problems(app)[0]
    app.text_input(key="waive_reason_ceiling+floor").set_value("Clearance until spring")
    app.button(key="waive_do_ceiling+floor").click().run()
    assert app.title[0].value == "One conflict found, and all waived"
    assert shop.store.initiative(shop.id).waivers[0].because == "Clearance until spring"


def test_any_item_tells_why_it_is_as_it_is(shop):
    app = shop.page("conflicts")
    app.text_input(key="why_typed").set_value("D").run()
    assert "On item D the price may be at least $24 or" not in texts(app)
    assert "On item D the price may be $24 to $100, held up by Floor. Today $40." in texts(app)
    app.text_input(key="why_typed").set_value("nowhere").run()
    assert "No sku holds 'nowhere'" in problems(app)[0].replace("&#x27;", "'")


def test_an_input_can_be_moved_to_see_what_would_break(shop):
    app = shop.page("conflicts")
    assert app.selectbox(key="moved_column").options[0] == "cost"
    assert "With cost 10\u00a0% higher, no item loses its last price." in texts(app)
    app.slider(key="moved_percent").set_value(-30).run()
    assert "With cost 30\u00a0% lower, no item loses its last price." in texts(app)
    app.selectbox(key="moved_column").set_value("cost").run()
    app.slider(key="moved_percent").set_value(30).run()
    assert "loses its last price" in texts(app)


def test_on_many_items_an_input_moves_only_when_asked_for(shop, monkeypatch):
    monkeypatch.setattr("ui.clashes.inputs.AT_ONCE", 5)
    app = shop.page("conflicts")
    assert "If an input moves" in texts(app) and not app.slider
    app.toggle(key="moves_wanted").set_value(True).run()
    assert "no item loses its last price" in texts(app)


def head(app) -> str:
    return next(e.proto.body for e in app.get("html") if "ac-steps" in e.proto.body)


def test_the_step_after_clear_rules_is_to_hear_the_other_teams_before_they_sign(home):
    heard = INITIATIVE.replace("price <= 12", "price <= 99")
    assert '<span role="listitem" aria-current=step>Sign' in head(opened(heard, SHIRTS).page("conflicts"))


def test_a_team_that_has_said_nothing_keeps_the_workshop_at_record(home):
    silent = INITIATIVE.replace("price <= 12", "price <= 99").replace(
        "[operations, brand]", "[operations, brand, tech]"
    )
    assert '<span role="listitem" aria-current=step>Record' in head(opened(silent, SHIRTS).page("conflicts"))
