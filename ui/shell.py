"""The frame round every page: navigation in the order of the workshop, the logo, the style sheet, the theme."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from ui.session import keep_seats
from ui.theme import style
from ui.widgets.theme_watch import watch_theme

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "ui" / "static"


@dataclass(frozen=True)
class Entry:
    """One page of the workshop: `name` is its file in `pages/` and its address."""

    name: str
    title: str
    icon: str


WORKSHOP = (
    Entry("home", "Home", "home"),
    Entry("frame", "Frame", "crop_free"),
    Entry("record", "Record", "edit_note"),
    Entry("conflicts", "Conflicts", "call_split"),
    Entry("objective", "Objective", "target"),
    Entry("behaviour", "Behaviour", "show_chart"),
    Entry("headroom", "Headroom", "expand"),
    Entry("changes", "Changes", "history"),
    Entry("readiness", "Readiness", "fact_check"),
    Entry("sign", "Sign & export", "draw"),
)


def listed_pages() -> list[Entry]:
    """The pages there are, in the order of the workshop."""
    return [entry for entry in WORKSHOP if page_file(entry.name).is_file()]


def page_file(name: str) -> Path:
    """Where a page's script is; what `st.page_link` and `st.switch_page` take."""
    return ROOT / "pages" / f"{name}.py"


def draw() -> None:
    """Draw the frame and, in it, the page that was asked for."""
    pages = [
        st.Page(page_file(e.name), title=e.title, icon=f":material/{e.icon}:", url_path=e.name, default=i == 0)
        for i, e in enumerate(listed_pages())
    ]
    here = st.navigation(pages, position="top")
    st.set_page_config(page_title=f"{here.title} · Accord", page_icon=str(STATIC / "mark.svg"), layout="wide")
    style()
    st.logo(str(STATIC / "accord.svg"), size="large")
    keep_seats()
    here.run()
    watch_theme()


if __name__ == "__main__":
    draw()
