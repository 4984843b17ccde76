"""Sign & export: what blocks, signatures that lapse, and files with the real content."""

import io
import json

from openpyxl import load_workbook

from alignment.initiative.reading import read_text
from tests.pages.conftest import INITIATIVE, SHIRTS, opened, texts
from ui import analysis
from ui.session import Here
from ui.signing.downloads import decisions, draft_reason, offers

AGREE = INITIATIVE.replace("price <= 12", "price <= 99")


def here(shop) -> Here:
    ground = analysis.ground(shop.id)
    return Here(shop.id, ground.initiative, shop.store.revision(shop.id), shop.ana, ground)


def test_open_conflicts_block_and_are_named_in_the_headline(shop):
    app = shop.page("sign", shop.ana)
    assert app.title[0].value == "Not ready to sign\\: one conflict is open"
    assert app.button(key="sign").disabled
    assert "because one conflict is open" in texts(app)
    assert "[Conflicts](conflicts?initiative=shirt-prices)" in list(app.table[0].value.iloc[:, 3])


def test_a_team_signs_what_stands_and_the_signature_lapses_when_it_changes(home):
    shop = opened(AGREE, SHIRTS)
    app = shop.page("sign", shop.ana)
    assert app.title[0].value == "Ready to sign\\: nothing blocks"
    app.checkbox[0].check().run()
    app.button(key="sign").click().run()
    signature = shop.store.initiative(shop.id).signatures[0]
    assert signature.content_hash == analysis.ground(shop.id).content_hash
    assert app.title[0].value == "Ready to sign; one team has not signed yet"
    rule = shop.store.entry(shop.id, "constraints", "ceiling")
    dearer = rule.record.model_copy(update={"rule": "price <= 98"})
    shop.store.edit(shop.id, "constraints", "ceiling", dearer, rule.version, shop.bo.actor)
    app.run()
    stands = app.table[1].value.iloc[0]
    assert stands["Signature"].startswith("lapsed, Ana")
    assert "Bo \\(Brand\\) edited rule ceiling" in stands["Since then"]


def test_a_mended_reason_lapses_no_signature(home):
    shop = opened(AGREE, SHIRTS)
    before = analysis.ground(shop.id).content_hash
    rule = shop.store.entry(shop.id, "constraints", "ceiling")
    said = rule.record.model_copy(update={"because": "Basics stay cheap, always"})
    shop.store.edit(shop.id, "constraints", "ceiling", said, rule.version, shop.bo.actor)
    assert analysis.ground(shop.id).content_hash == before


def test_a_visitor_does_not_sign(shop):
    app = shop.page("sign")
    assert "Join first." in texts(app)
    assert not any(b.key == "sign" for b in app.button)


def test_every_file_holds_what_was_recorded(shop):
    now = here(shop)
    made = {(o.name, o.label): o.make() for o in offers(now, analysis.report(now.ground))}
    book = load_workbook(io.BytesIO(made["Constraint sheet", "XLSX"]))
    assert {"Summary", "Constraints", "Conflicts"} <= set(book.sheetnames)
    assert b"price >= cost * 1.2" in made["Constraints", "CSV"]
    assert json.loads(made["Rules and results", "JSON"])["check"]["verdict"] == "conflict"
    assert read_text(made["Initiative", "YAML"].decode()) == now.initiative
    assert read_text(made["Initiative", "JSON"].decode()) == now.initiative
    assert b"floor" in made["Summary", "Markdown"]


def test_files_are_drafts_while_a_must_conflict_is_open(home, shop):
    assert draft_reason(analysis.report(here(shop).ground)) == "one conflict is open"
    assert draft_reason(None) == "the rules have not been checked"


def test_a_decision_that_begins_like_a_formula_stays_text(home):
    text = AGREE + "decisions_log: [{date: 2026-03-01, about: [floor], outcome: '=1+1', by: [Ana]}]\n"
    assert b"'=1+1" in decisions(read_text(text))
