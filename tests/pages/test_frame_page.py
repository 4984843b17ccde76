"""Frame: what the model decides as a sentence, tables to edit in place, the catalogue, and points."""

from decimal import Decimal

import pytest

from alignment.errors import AccordError
from alignment.initiative.models import CatalogueSource, Metric
from tests.pages.conftest import INITIATIVE, SHIRTS, opened, problems, texts
from ui.framing.catalogue import _faults
from ui.framing.kinds import changed, made


def edit(app, kind: str, round: int = 0, **delta):
    empty = {"edited_rows": {}, "added_rows": [], "deleted_rows": []}
    app.session_state[f"edit_{kind}_{round}"] = {**empty, **delta}
    return app.run()


def test_the_headline_says_what_is_decided_on_what_for_whom(shop):
    app = shop.page("frame")
    assert app.title[0].value == "The model decides the price on 6 items, for one goal of one team"
    assert "Brand has no goal." in texts(app)


def test_an_edit_waits_for_save_and_keeps_what_was_not_touched(shop):
    app = edit(shop.page("frame", shop.ana), "levers", edited_rows={0: {"maximum": 80}})
    assert shop.store.initiative(shop.id).levers[0].maximum == 100
    app.button(key="save_levers").click().run()
    lever = shop.store.initiative(shop.id).levers[0]
    assert (lever.maximum, lever.minimum, lever.current) == (Decimal(80), Decimal(0), "current_price")
    assert "Saved 1 change to the levers." in texts(app)


def test_rows_are_added_and_removed(shop):
    row = {"name": "returns", "unit": "USD", "better": "lower"}
    app = edit(shop.page("frame", shop.ana), "metrics", added_rows=[row])
    app.button(key="save_metrics").click().run()
    assert shop.store.initiative(shop.id).metrics[-1] == Metric(name="returns", unit="USD", better="lower")
    app = edit(app, "metrics", 1, deleted_rows=[2])
    app.button(key="save_metrics").click().run()
    assert [m.name for m in shop.store.initiative(shop.id).metrics] == ["margin", "image"]


def test_what_does_not_fit_is_one_sentence_and_the_edit_stays(shop):
    app = edit(shop.page("frame", shop.ana), "levers", edited_rows={0: {"minimum": 500}})
    app.button(key="save_levers").click().run()
    assert "minimum 500 is above maximum 100; swap them" in problems(app)[0]
    assert app.session_state["edit_levers_0"]["edited_rows"] == {0: {"minimum": 500}}


def test_a_metric_in_use_is_not_removed(shop):
    app = edit(shop.page("frame", shop.ana), "metrics", deleted_rows=[0])
    app.button(key="save_metrics").click().run()
    assert "&#x27;margin&#x27;" in problems(app)[0]
    assert len(shop.store.initiative(shop.id).metrics) == 2


def test_only_a_facilitator_changes_levers(shop):
    app = edit(shop.page("frame", shop.bo), "levers", edited_rows={0: {"maximum": 80}})
    app.button(key="save_levers").click().run()
    assert "Only a facilitator may change" in problems(app)[0]


def test_an_edit_that_somebody_was_quicker_with_shows_both_and_asks(shop):
    app = edit(shop.page("frame", shop.ana), "metrics", edited_rows={0: {"unit": "EUR"}})
    entry = shop.store.entry(shop.id, "metrics", "margin")
    other = entry.record.model_copy(update={"unit": "GBP"})
    shop.store.edit(shop.id, "metrics", "margin", other, entry.version, shop.bo.actor)
    app.run()
    assert "What you typed is kept" in texts(app)
    app.button(key="save_metrics").click().run()
    assert "was changed by Bo of brand" in problems(app)[0]
    assert list(app.table[-1].value.iloc[0]) == ["unit", "USD", "GBP", "EUR"]
    app.button(key="mine_metrics").click().run()
    assert shop.store.initiative(shop.id).metrics[0].unit == "EUR"


def test_what_others_change_shows_at_once_where_nothing_is_being_edited(shop):
    app = shop.page("frame", shop.ana)
    shop.store.add(shop.id, "metrics", Metric(name="returns"), shop.bo.actor)
    app.run()
    assert "returns" in list(app.dataframe[1].value["name"])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"unit": "USD"}, "The new metric has no name; fill it in"),
        ({"name": "x", "horizon_days": -1.0}, "horizon_days"),
    ],
)
def test_a_row_that_is_not_complete_says_what_it_lacks(cells, said):
    with pytest.raises(AccordError) as error:
        made(cells, "metrics")
    assert said in str(error.value)


def test_a_decimal_is_kept_digit_for_digit_when_another_cell_changes():
    metric = made({"name": "x", "unit": "USD"}, "metrics")
    assert changed(metric, {"unit": "EUR"}, "metrics").unit == "EUR"
    lever = made({"name": "p", "step": 0.1, "values": None}, "levers")
    assert lever.step == Decimal("0.1")
    assert made({"name": "a", "values": "yes, no"}, "levers").values == ("yes", "no")


def test_a_catalogue_is_held_against_the_rules_before_it_is_taken(shop):
    initiative = shop.store.initiative(shop.id)
    source = CatalogueSource(source="new.csv", key="sku")
    assert _faults(source, "new.csv", SHIRTS.encode(), initiative) == []
    without = SHIRTS.replace("cost", "price_paid").encode()
    assert _faults(source, "new.csv", without, initiative)[0].startswith("floor: 'cost'")
    assert "is not unique" in _faults(source, "new.csv", SHIRTS.replace("B,", "A,").encode(), initiative)[0]


def test_people_spread_points_and_the_facilitator_takes_the_mean(home):
    text = INITIATIVE.replace("weight: 0.6}]", "weight: 0.6}, {id: look, team: brand, metric: image}]")
    shop = opened(text, SHIRTS)
    app = shop.page("frame", shop.ana)
    app.number_input(key="points_more-margin").set_value(30).run()
    assert app.button(key="points_give").disabled
    app.number_input(key="points_look").set_value(70).run()
    app.button(key="points_give").click().run()
    assert {p.goal: p.points for p in shop.store.initiative(shop.id).points} == {"more-margin": 30, "look": 70}
    app.button(key="take_mean").click().run()
    assert [g.weight for g in shop.store.initiative(shop.id).goals] == [Decimal("0.3"), Decimal("0.7")]


def test_the_facilitator_moves_the_stage(shop):
    app = shop.page("frame", shop.ana)
    stage = next(g for g in app.get("button_group") if g.label == "The workshop is at")
    stage.set_value("Sign").run()
    assert shop.store.stage(shop.id).stage == "sign"


def test_a_catalogue_that_was_taken_leaves_its_form_folded_and_empty(shop):
    app = shop.page("frame", shop.ana)
    app.file_uploader[0].set_value(("more.csv", SHIRTS.encode(), "text/csv"))
    app.run()
    app.button(key="items_use").click().run()
    assert "more.csv is in use, with 6 items." in texts(app)
    assert not app.file_uploader[0].value
    assert not [button for button in app.button if button.key == "items_use"]
