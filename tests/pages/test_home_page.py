"""Home: ways in, cards, joining; and the sample that the app puts in by itself."""

import pytest
from streamlit.testing.v1 import AppTest

from alignment.errors import AccordError
from alignment.initiative.reading import read_text
from tests.pages.conftest import INITIATIVE, ROOT, SHIRTS, problems, texts
from ui import bringing
from ui.workshop import SAMPLE_ID, put_sample, workshop


def home_page() -> AppTest:
    app = AppTest.from_file(str(ROOT / "ui" / "shell.py"), default_timeout=30).run()
    assert not app.exception
    return app


def test_the_sample_is_put_in_once_with_its_tables(home):
    put_sample()
    events = workshop().revision()
    put_sample()
    assert workshop().revision() == events
    assert workshop().data_file(SAMPLE_ID, "catalogue").rows == 2217
    assert workshop().data_file(SAMPLE_ID, "decisions").rows == 24387
    assert workshop().members(SAMPLE_ID) == ()


def test_an_empty_workshop_says_what_to_start_with(home):
    assert "None yet. Start with a new one, or bring one from a file." in texts(home_page())


def test_a_card_tells_verdict_size_signatures_and_the_last_change(shop):
    said = texts(shop.page("home"))
    assert "**Shirt prices**" in said and "1 conflict" in said
    assert "6 items" in said and "Bo (Brand) joined" in said
    assert "Nobody has signed" in said


def test_a_new_initiative_is_led_by_who_creates_it_and_opens_frame(home):
    app = home_page()
    app.text_input(key="new_title").set_value("Delivery slots").run()
    app.text_input(key="new_name").set_value("Ana").run()
    app.button(key="new_create").click().run()
    assert "Your team is missing" in problems(app)[0]
    app.get("button_group")[0].set_value("tech").run()
    app.button(key="new_create").click().run()
    assert app.title[0].value == "Say first what the model decides"
    member = workshop().members("delivery-slots")[0]
    assert (member.name, member.team, member.role) == ("Ana", "tech", "facilitator")


def test_the_first_to_join_the_sample_leads_it(home):
    put_sample()
    app = home_page()
    app.text_input(key=f"join_{SAMPLE_ID}_name").set_value("Ana").run()
    app.get("button_group")[-1].set_value("brand").run()
    app.button(key=f"join_{SAMPLE_ID}_join").click().run()
    assert workshop().members(SAMPLE_ID)[0].role == "facilitator"
    assert "Ana, you record for Brand. You lead this workshop." in texts(app)


def files(text: str = INITIATIVE, table: str = SHIRTS) -> list[tuple[str, bytes]]:
    return [("shirts.yaml", text.encode()), ("shirts.csv", table.encode())]


def test_a_file_with_its_catalogue_comes_in_whole(home):
    brought = bringing.read_files(files())
    id = bringing.bring_in(brought, shop_lead())
    assert workshop().initiative(id) == read_text(INITIATIVE)
    assert workshop().data_file(id, "catalogue").rows == 6
    assert brought.missing == ()


def shop_lead():
    from alignment.store import Actor

    return Actor("Ana", "operations")


def test_a_file_may_come_without_its_catalogue_and_says_so(home):
    assert bringing.read_files(files()[:1]).missing == ("shirts.csv",)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([("shirts.csv", SHIRTS.encode())], "There is no initiative file among these"),
        (files(INITIATIVE.replace("price <= 12", "prise <= 12")), "'prise'"),
        (files(table=SHIRTS.replace("B,basic", "A,basic")), "the key 'sku' is not unique; 'A' stands 2 times"),
        (files(table=SHIRTS.replace("sku", "code")), "there is no column 'sku'"),
        (files(table=""), "the file is empty"),
        (files(table=SHIRTS + "G,fine,1,2,3,4\n"), "the line of names has 4"),
        ([*files(), ("other.csv", b"a\n1\n")], "other.csv is not named by shirts.yaml"),
        ([("a.yaml", INITIATIVE.encode()), ("b.yaml", INITIATIVE.encode())], "are both initiative files"),
        ([("a.yaml", "accord: 1\nname: Ä".encode("latin-1"))], "a.yaml is not UTF-8 text"),
        (files(INITIATIVE.replace("team: brand", "team: brnd")), "did you mean 'brand'?"),
    ],
)
def test_what_is_wrong_with_files_is_one_sentence_and_nothing_is_recorded(home, given, said):
    with pytest.raises(AccordError) as error:
        bringing.read_files(given)
    assert said in str(error.value)
    assert workshop().initiatives() == []


def test_a_workshop_that_is_held_elsewhere_is_said_on_every_page(home, monkeypatch):
    monkeypatch.setenv("ACCORD_DATABASE_URL", "postgresql://nowhere")
    app = AppTest.from_file(str(ROOT / "ui" / "shell.py"), default_timeout=30).run()
    assert app.title[0].value == "The workshop cannot be opened"
    assert "ACCORD_DATABASE_URL is set" in problems(app)[0]
