"""A small workshop of its own for every test: six shirts, two teams, two rules that clash on two of them."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from alignment.initiative.reading import read_text
from alignment.store import Actor, Workshop
from alignment.store.values import Member
from ui.workshop import take_in, workshop

ROOT = Path(__file__).resolve().parents[2]

INITIATIVE = """
accord: 1
name: Shirt prices
currency: USD
as_of: 2026-03-01
teams: [operations, brand]
levers: [{name: price, unit: USD, minimum: 0, maximum: 100, current: current_price}]
catalogue: {source: shirts.csv, key: sku}
metrics: [{name: margin, unit: USD}, {name: image, unit: points}]
links: [{from: margin, to: image, sign: negative}]
goals: [{id: more-margin, team: operations, metric: margin, weight: 0.6}]
constraints:
- {id: floor, team: operations, rule: price >= cost * 1.2, because: Freight is paid from it, status: agreed}
- {id: ceiling, team: brand, rule: price <= 12, where: "kind = 'basic'", because: Basics stay cheap}
backstops: [{id: stop, team: operations, when: cost is null, action: block}]
"""
SHIRTS = """sku,kind,cost,current_price
A,basic,5,9
B,basic,11,12
C,basic,12,12
D,fine,20,40
E,fine,25,30
F,fine,,50
"""


@dataclass(frozen=True)
class Shop:
    """A workshop with one initiative in it and its two members."""

    id: str
    ana: Member
    bo: Member

    @property
    def store(self) -> Workshop:
        return workshop()

    def page(self, name: str, by: Member | None = None) -> AppTest:
        """A page as a member sees it; as a visitor without one."""
        app = AppTest.from_file(str(ROOT / "ui" / "shell.py"), default_timeout=90)
        app.query_params["initiative"] = self.id
        app.session_state["members"] = [by.token] if by else []
        app.run()
        if name != "home":
            app.switch_page(str(ROOT / "pages" / f"{name}.py")).run()
        assert not app.exception, app.exception
        return app


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty folder for a workshop."""
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def shop(home) -> Shop:
    return opened(INITIATIVE, SHIRTS)


def opened(text: str, table: str | None) -> Shop:
    """A workshop with the initiative of a text and its catalogue; Ana of its first team leads, Bo is of the last."""
    initiative = read_text(text)
    ana = Actor("Ana", initiative.teams[0])
    id = workshop().create(initiative, ana)
    if table is not None:
        take_in(id, "catalogue", table.encode(), "shirts.csv", ana)
    bo = workshop().join(id, "Bo", initiative.teams[-1])
    return Shop(id, workshop().members(id)[0], bo)


def texts(app: AppTest) -> str:
    """All words on a page."""
    elements = [*app.title, *app.header, *app.subheader, *app.markdown, *app.caption]
    return "\n".join([str(e.value) for e in elements] + [e.proto.body for e in app.get("html")]).replace("\\", "")


def problems(app: AppTest) -> list[str]:
    """The sentences that say what went wrong."""
    return [e.proto.body for e in app.get("html") if 'class="ac-problem"' in e.proto.body]
