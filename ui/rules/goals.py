"""Goals: what a team wants of a metric and how much it counts; the form and the list."""

from typing import Any

import streamlit as st

from alignment.errors import AccordError, UsageError
from alignment.initiative.models import Goal, slugify
from ui.figures.drawing import Look
from ui.opening import say_next
from ui.rules.backstops import remove
from ui.session import Here
from ui.widgets.notes import problem
from ui.words import days, md, share, spoken
from ui.workshop import workshop

EMPTY = {"called": "", "weight": 1.0, "swing": None, "horizon": None, "target": "", "because": ""}


def _key(field: str) -> str:
    return f"goal_{field}"


def goal_form(here: Here, team: str) -> None:
    """The fields of a goal; metrics come from Frame."""
    if st.session_state.pop("goal_done", False):
        st.session_state.update({_key(field): value for field, value in EMPTY.items()})
    if not here.initiative.metrics:
        st.caption("A goal is about a metric, and there is none yet. Metrics are recorded under Frame.")
        return
    keep: dict[str, Any] = {"persist_state": "session"}
    with st.container(width=760):
        a, b = st.columns(2, gap=12)
        metrics = {m.name: m for m in here.initiative.metrics}
        a.selectbox("We want", list(metrics), format_func=spoken, key=_key("metric"), **keep)
        b.segmented_control("to be", ["higher", "lower"], key=_key("want"), default="higher", required=True, **keep)
        a.number_input("Weight against other goals", 0.0, None, 1.0, 0.05, key=_key("weight"), **keep)
        b.number_input("A change that the weight speaks about", 0.0, None, None, key=_key("swing"), **keep)
        a.number_input("Seen after days", 0, None, None, key=_key("horizon"), **keep)
        b.text_input("Target", key=_key("target"), placeholder=">= 70", **keep)
        st.text_input("because", key=_key("because"), placeholder="what it is good for", **keep)
        st.text_input("called", key=_key("called"), placeholder="a short name", **keep)
        if st.button("Record the goal", type="primary", key="goal_record", disabled=here.member is None):
            _record(here, team)


def _record(here: Here, team: str) -> None:
    state = st.session_state
    try:
        called = (state.get(_key("called")) or "").strip()
        if not called:
            raise UsageError("The goal has no name; call it something short")
        values = {
            "id": slugify(called), "team": team, "metric": state[_key("metric")], "want": state.get(_key("want")),
            "weight": str(state.get(_key("weight")) or 0), "horizon_days": state.get(_key("horizon")),
            "swing": str(state[_key("swing")]) if state.get(_key("swing")) else None,
            "target": (state.get(_key("target")) or "").strip() or None,
            "because": (state.get(_key("because")) or "").strip() or None,
        }  # fmt: skip
        goal = Goal.model_validate({k: v for k, v in values.items() if v is not None})
        workshop().add(here.id, "goals", goal, here.actor)
    except AccordError as error:
        return problem(str(error))
    state["goal_done"] = True
    say_next(f"{spoken(goal.id)} is recorded.")
    st.rerun()


def goal_list(here: Here, looks: Look) -> None:
    """The goals as a table, with the share of the weight that each has."""
    import pandas as pd

    st.header("Goals so far", anchor=False)
    if not here.initiative.goals:
        st.caption("None yet. A goal says what a team wants of a metric.")
        return
    total = sum(goal.weight for goal in here.initiative.goals) or 1
    rows = [
        {
            "Team": looks.teams[g.team].tag,
            "Name": md(spoken(g.id)),
            "Wants": md(f"{g.want or 'better'} {spoken(g.metric).lower()}"),
            "Weight": share(float(g.weight / total)),
            "Target": md(g.target or "–"),
            "Within": days(g.horizon_days),
            "Because": md(g.because or "–"),
        }
        for g in here.initiative.goals
    ]
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)
    remove(here, "goals", [g.id for g in here.initiative.goals if here.may_edit(g.team)])
