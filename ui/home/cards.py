"""Cards of initiatives: how far each is, its verdict, who has signed, what happened last."""

import streamlit as st

from alignment.store.values import Summary
from ui.header import steps_html
from ui.opening import conflict_chip, signed_teams, stage_of, told
from ui.session import Here, at, choose
from ui.shell import page_file
from ui.teams import roster
from ui.widgets.chips import chips
from ui.words import counted, html, md

NEXT = {"Frame": "frame", "Record": "record", "Resolve": "conflicts", "Sign": "sign"}


def cards(summaries: list[Summary]) -> None:
    """A grid of cards, the initiative that changed last first."""
    grid = st.grid(3, min_column_width=320, border=True, gap=16)
    for summary in summaries:
        with grid.cell():
            _card(at(summary.id), summary)


def _card(here: Here, summary: Summary) -> None:
    with st.container(gap=8, key=f"initiative_{here.id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap=8):
            st.markdown(f"**{md(here.initiative.title)}**", width="content")
            st.space("stretch")
            chips(conflict_chip(here))
        stage = stage_of(here)
        st.html(f'<div class="ac-head">{steps_html(stage)}</div>')
        size = counted(here.ground.catalogue.rows, "item") if here.ground.catalogue else "no catalogue yet"
        line = html(f"{size} · {told(summary.last)}")
        st.html(f'<p class="ac-card-line" title="{line}">{line}</p>')
        with st.container(horizontal=True, vertical_alignment="center", gap=8):
            st.markdown(f":small[{_signed(here)}]", width="content")
            st.space("stretch")
            if st.button(
                "Open", icon=":material/arrow_forward:", icon_position="right", type="tertiary", key=f"open_{here.id}"
            ):
                choose(here.id)
                st.switch_page(page_file(NEXT[stage]), query_params={"initiative": here.id})


def _signed(here: Here) -> str:
    signed, teams = signed_teams(here), roster(here.initiative.teams)
    if not signed:
        return "Nobody has signed"
    marks = " ".join(teams[team].symbol_md for team in signed)
    return f"{len(signed)} of {len(teams)} signed&ensp;{marks}"
