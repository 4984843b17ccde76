"""Moving the weights of the goals: sliders that leave what is recorded alone."""

import hashlib
from collections.abc import Mapping, Sequence

import streamlit as st

from ui.figures.drawing import Look
from ui.figures.subjects import Goal
from ui.words import md, share


def slider_points(goals: Sequence[Goal]) -> dict[str, int]:
    """Recorded weights as whole points of 100, by goal."""
    return {goal.id: round(100 * goal.weight) for goal in goals}


def moved_weights(goals: Sequence[Goal], seen: Sequence[str], points: Mapping[str, int]) -> dict[str, float] | None:
    """Weights to map under, by goal: what the sliders say, the rest as recorded; None where no slider is moved.

    goals: with their recorded share of the weight. seen: goals that have a slider. points: where each slider stands.
    """
    recorded = slider_points(goals)
    moved = {name for name in seen if points.get(name, recorded[name]) != recorded[name]}
    if not moved:
        return None
    return {g.id: float(points[g.id]) if g.id in moved else round(100 * g.weight, 6) for g in goals}


def move_weights(goals: Sequence[Goal], seen: Sequence[str], look: Look) -> dict[str, float] | None:
    """The button with the sliders; what it returns is as `moved_weights`."""
    recorded = slider_points(goals)
    keys = {goal.id: _key(goal, recorded) for goal in goals if goal.id in seen}
    for goal in keys:
        st.session_state.setdefault(keys[goal], recorded[goal])
    with st.popover("Move the weights", icon=":material/tune:", key="move_weights"):
        st.caption("What each goal is worth to you; only their proportion counts. Nothing recorded changes.")
        for goal in goals:
            if goal.id in keys:
                name = f"{look.team(goal.team).symbol_md} {md(goal.name)}"
                st.slider(name, 0, 100, key=keys[goal.id], help=f"Recorded: {share(goal.weight)} of the weight")
        points = {goal: st.session_state[key] for goal, key in keys.items()}
        st.button("Back to the recorded weights", on_click=_reset, args=(keys, recorded), key="weights_back")
    if sum(points.values()) == 0:
        return None
    return moved_weights(goals, list(keys), points)


def _reset(keys: Mapping[str, str], recorded: Mapping[str, int]) -> None:
    for goal, key in keys.items():
        st.session_state[key] = recorded[goal]


def _key(goal: Goal, recorded: Mapping[str, int]) -> str:
    """A slider belongs to the recorded weights that it started from: when these change, it starts anew."""
    start = hashlib.sha256(repr(sorted(recorded.items())).encode()).hexdigest()[:8]
    return f"weight_{start}_{goal.id}"
