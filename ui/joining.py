"""Joining: a name and a team, asked where a person wants to record something, and on Home."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from alignment.errors import AccordError, UsageError
from ui.opening import say_next
from ui.session import Here, join, last_name
from ui.teams import roster
from ui.widgets.chips import pick_team
from ui.widgets.notes import problem
from ui.words import md
from ui.workshop import workshop


def ask_who(teams: Sequence[str], key: str, name_in: DeltaGenerator | None = None) -> tuple[str, str | None]:
    """Fields for name and team, filled with what this browser joined with last; returns what stands in them.

    name_in: where the name is asked; by default above the team.
    """
    name, team = last_name()
    typed = (name_in or st).text_input(
        "Your name", value=name, placeholder="as others should see it", max_chars=200, key=f"{key}_name"
    )
    chosen = pick_team(
        "Your team", roster(teams), f"{key}_team", default=team if team in teams else None, required=False
    )
    return (typed or "").strip(), chosen


def checked_who(name: str, team: str | None) -> tuple[str, str]:
    """Name and team; UsageError, with one sentence, where one of them is missing."""
    if not name:
        raise UsageError("Your name is missing; enter it as others should see it")
    if team is None:
        raise UsageError("Your team is missing; pick the one that you speak for")
    return name, team


def join_box(initiative_id: str, teams: Sequence[str], key: str, name_in: DeltaGenerator | None = None) -> bool:
    """Name, team and Join; true in the run in which the person has joined."""
    name, team = ask_who(teams, key, name_in)
    if not st.button("Join", key=f"{key}_join"):
        return False
    try:
        member = join(initiative_id, *checked_who(name, team))
    except AccordError as error:
        problem(str(error))
        return False
    lead = ". You lead this workshop" if member.role == "facilitator" else ""
    say_next(f"{member.name}, you record for {roster(teams)[member.team].name}{lead}.")
    return True


def join_bar(here: Here, doing: str) -> None:
    """Where the person is a visitor: one line that says so, with the form to join folded into it."""
    place = st.container(key="join_bar", horizontal=True, gap=12, vertical_alignment="center")
    if here.member is not None:
        return
    with place:
        st.markdown(f"You are reading. Join to {md(doing)}.", width="content")
        with st.popover("Join", icon=":material/person_add:", key="join_here"), st.container(width=360):
            if join_box(here.id, here.initiative.teams, "bar"):
                st.rerun()


def leader(initiative_id: str) -> str:
    """The name of a facilitator, empty where nobody has joined."""
    return next((m.name for m in workshop().members(initiative_id) if m.role == "facilitator"), "")
