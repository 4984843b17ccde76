"""Points: each person spreads 100 over the goals; a facilitator may take the mean as the goals' weights."""

from decimal import Decimal

import streamlit as st

from alignment.errors import AccordError
from alignment.initiative.models import Points
from alignment.store import Edit
from ui.figures.drawing import Look
from ui.opening import say_next
from ui.session import Here
from ui.widgets.notes import problem
from ui.words import counted, md, number, spoken
from ui.workshop import workshop

ALL = 100


def points(here: Here, looks: Look) -> None:
    """One's own points, and what all have given so far."""
    goals = here.initiative.goals
    if len(goals) < 2:
        return
    given = here.initiative.points
    people = {(p.participant, p.team) for p in given}
    st.header("What counts most", anchor=False)
    who = counted(len(people), "person has", "people have") if people else "Nobody has"
    st.markdown(f"{who} spread {ALL} points over the goals so far.", width=900)
    _all_given(here, looks)
    if here.member is None:
        return
    with st.expander("Spread your points", type="compact", key="spread"):
        _own(here)
    if here.leads and people and st.button("Take the mean as weights", key="take_mean"):
        _take_mean(here)


def _own(here: Here) -> None:
    mine = {
        p.goal: p.points for p in here.initiative.points
        if (p.participant, p.team) == (here.member.name, here.member.team)
    }  # fmt: skip
    columns = st.columns(3, gap=12)
    chosen = {}
    for k, goal in enumerate(here.initiative.goals):
        label = f"{spoken(goal.id)} ({spoken(goal.team)})"
        chosen[goal.id] = columns[k % 3].number_input(
            md(label), 0, ALL, int(mine.get(goal.id, 0)), 5, key=f"points_{goal.id}", persist_state="session"
        )
    left = ALL - sum(chosen.values())
    st.caption(
        "All points are given." if left == 0 else f"{abs(left)} points {'left to give' if left > 0 else 'too many'}."
    )
    if st.button("Give these points", key="points_give", disabled=left != 0):
        try:
            for goal, value in chosen.items():
                said = Points(participant=here.member.name, team=here.member.team, goal=goal, points=Decimal(value))
                workshop().put(here.id, "points", said, here.actor)
        except AccordError as error:
            return problem(str(error))
        say_next("Your points are recorded.")
        st.rerun()


def means(here: Here) -> dict[str, float]:
    """Mean points of each goal over the people who gave any."""
    people = {(p.participant, p.team) for p in here.initiative.points}
    sums = {goal.id: 0.0 for goal in here.initiative.goals}
    for given in here.initiative.points:
        sums[given.goal] += float(given.points)
    return {goal: total / len(people) for goal, total in sums.items()} if people else {}


def _all_given(here: Here, looks: Look) -> None:
    mean = means(here)
    if not mean:
        return
    import pandas as pd

    rows = [
        {"Goal": f"{looks.teams[g.team].symbol_md}\u00a0{md(spoken(g.id))}", "Mean points": number(mean[g.id], 1)}
        for g in sorted(here.initiative.goals, key=lambda g: -mean[g.id])
    ]
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, width=520)


def _take_mean(here: Here) -> None:
    mean = means(here)
    total = sum(mean.values()) or 1.0
    entries = [e for e in workshop().entries(here.id, "goals") if e.record is not None]
    changes = [
        Edit("goals", e.id, e.record.model_copy(update={"weight": round(Decimal(mean[e.id] / total), 4)}), e.version)
        for e in entries
    ]
    try:
        workshop().apply(here.id, changes, here.actor)
    except AccordError as error:
        return problem(str(error))
    say_next("The weights of the goals are the mean of the points.")
    st.rerun()
