"""Record: constraints, backstops and goals, each tried before it is saved, and the list of what has been said."""

import streamlit as st

from ui.joining import join_bar
from ui.opening import opened
from ui.rules.backstops import backstop_form, backstop_list
from ui.rules.goals import goal_form, goal_list
from ui.rules.page import constraint_form, for_team, headline
from ui.rules.records import records
from ui.session import Here
from ui.theme import look
from ui.widgets.notes import empty
from ui.words import md

KINDS = ("Constraint", "Backstop", "Goal")


def draw(here: Here) -> None:
    """The page; a rule needs a lever, which is said under Frame."""
    if not here.initiative.levers:
        return empty(
            "Say first what the model decides",
            "A rule speaks about a lever, such as the price. Levers are recorded under Frame, with the catalogue.",
            "frame", "Go to Frame",
        )  # fmt: skip
    looks = look(here.initiative.teams)
    st.title(md(headline(here)), anchor=False)
    join_bar(here, "record for your team")
    left, _ = st.columns([7, 5], gap=32)
    with left, st.container(horizontal=True, vertical_alignment="center", gap=16):
        team = for_team(here, looks)
        st.space("stretch")
        kind = st.segmented_control(
            "Kind", KINDS, default=KINDS[0], key="kind", label_visibility="collapsed", required=True,
            persist_state="session",
        )  # fmt: skip
    if kind == "Backstop":
        backstop_form(here, team, looks)
        st.space(8)
        return backstop_list(here, looks)
    if kind == "Goal":
        goal_form(here, team)
        st.space(8)
        return goal_list(here, looks)
    constraint_form(here, team, looks)
    st.space(8)
    records(here, looks)


draw(opened())
