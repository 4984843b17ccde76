"""The ways in: the sample, a new initiative, one from a file, and joining one that there is."""

import streamlit as st

from alignment.errors import AccordError
from alignment.initiative.models import DEFAULT_TEAMS
from alignment.store.values import Actor, Summary
from ui import bringing
from ui.joining import ask_who, checked_who, join_box
from ui.opening import say_next
from ui.session import choose, took_seat
from ui.shell import page_file
from ui.widgets.notes import problem
from ui.words import counted, md
from ui.workshop import SAMPLE_ID, workshop


def go(initiative_id: str, page: str) -> None:
    """Opens an initiative on a page."""
    choose(initiative_id)
    st.switch_page(page_file(page), query_params={"initiative": initiative_id})


def ways_in() -> None:
    """The three buttons under the headline."""
    with st.container(horizontal=True, gap=8):
        if st.button("Open the sample", type="primary", icon=":material/play_arrow:", key="sample"):
            go(SAMPLE_ID, "conflicts")
        with st.popover("New initiative", icon=":material/add:", key="new"), st.container(width=420):
            _new()
        files = st.popover("From a file", icon=":material/upload_file:", type="tertiary", key="file")
        with files, st.container(width=420):
            _from_file()


def _new() -> None:
    name = st.text_input(
        "What will the model decide?", placeholder="Weekly shelf prices", max_chars=200, key="new_title"
    )
    teams = st.multiselect(
        "Teams that have a say", list(DEFAULT_TEAMS), list(DEFAULT_TEAMS), accept_new_options=True, key="new_teams"
    )
    who, team = ask_who(teams or DEFAULT_TEAMS, "new")
    if not st.button("Create it", type="primary", key="new_create"):
        return
    try:
        who, team = checked_who(who, team)
        id = bringing.start_new(name or "", teams, Actor(who, team))
    except AccordError as error:
        return problem(str(error))
    _enter(id, who, team)
    say_next("Created. Say first what the model decides, and on what.")
    go(id, "frame")


def _from_file() -> None:
    endings = sorted({e[1:] for e in (*bringing.FILE_ENDINGS, *bringing.TABLE_ENDINGS)})
    files = st.file_uploader(
        "The initiative file, with its catalogue and decision table", endings, accept_multiple_files=True, key="files"
    )
    if not files:
        st.caption("An initiative file is YAML or JSON. The tables that it names may come with it or later.")
        return
    try:
        with st.spinner("Reading the files …", show_time=True):
            brought = bringing.read_files([(file.name, file.getvalue()) for file in files])
    except AccordError as error:
        for sentence in str(error).splitlines():
            problem(sentence)
        return
    _read(brought)


def _read(brought: bringing.Brought) -> None:
    initiative = brought.initiative
    rules = counted(len(initiative.constraints), "rule")
    st.markdown(f"**{md(initiative.title)}**: {rules}, {counted(len(initiative.goals), 'goal')}.")
    for name in brought.missing:
        st.caption(f"{md(name)} is named and did not come with it; it can be added under Frame.")
    who, team = ask_who(initiative.teams, "bring")
    if not st.button("Bring it in", type="primary", key="bring_in"):
        return
    try:
        who, team = checked_who(who, team)
        id = bringing.bring_in(brought, Actor(who, team))
    except AccordError as error:
        return problem(str(error))
    _enter(id, who, team)
    go(id, "conflicts" if initiative.constraints else "frame")


def _enter(initiative_id: str, who: str, team: str) -> None:
    took_seat(next(m for m in workshop().members(initiative_id) if (m.name, m.team) == (who, team)))


def join_card(summaries: list[Summary]) -> None:
    """The card to join an initiative: which, with what name, for which team."""
    with st.container(border=True, key="join", gap="small"):
        st.header("Join a workshop", anchor=False)
        names = {summary.id: summary.name for summary in summaries}
        asked = st.query_params.get("initiative")
        chosen = asked if asked in names else next(iter(names))
        name_in = None
        if len(names) > 1:
            left, name_in = st.columns(2, gap=12)
            index = list(names).index(chosen)
            chosen = left.selectbox("Initiative", list(names), index=index, format_func=names.get, key="join_which")
        else:
            st.caption(md(names[chosen]))
        if chosen and join_box(chosen, workshop().initiative(chosen).teams, f"join_{chosen}", name_in):
            go(chosen, "record")
