"""Decisions on conflicts: the last one with its undo, and the log."""

from collections.abc import Sequence

import streamlit as st

from alignment.errors import AccordError
from alignment.initiative.models import Decision
from alignment.store.values import Entry
from ui.opening import say_next
from ui.rules.naming import named
from ui.session import Here
from ui.widgets.notes import problem
from ui.words import listed, md
from ui.workshop import workshop

_UNDO = "undoable"


def remember_undo(initiative_id: str, entries: Sequence[Entry], what: str) -> None:
    """Keeps what was just written, so that it can be taken back on this page."""
    st.session_state[_UNDO] = (initiative_id, tuple(entry.event for entry in entries), what)


def undo_last(here: Here) -> None:
    """One line to take back what was just decided, until something else is."""
    place = st.container(horizontal=True, gap=8, vertical_alignment="center", key="undo_line")
    if st.session_state.get(_UNDO, ("",))[0] != here.id:
        return
    _, events, what = st.session_state[_UNDO]
    with place:
        st.markdown(f":small[{md(what)}]", width="content")
        if st.button("Undo", icon=":material/undo:", type="tertiary", key="undo"):
            try:
                for event in reversed(events):
                    workshop().undo(event, here.actor)
            except AccordError as error:
                return problem(str(error))
            del st.session_state[_UNDO]
            say_next("Taken back; the history keeps both steps.")
            st.rerun()


def decisions(here: Here) -> None:
    """The log of decisions, the latest first."""
    entries = workshop().entries(here.id, "decisions_log")
    if not entries:
        return
    import pandas as pd

    st.space(8)
    st.header("Decided so far", anchor=False)
    rows = [_row(entry.record) for entry in reversed(entries) if isinstance(entry.record, Decision)]
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)


def _row(decision: Decision) -> dict[str, str]:
    return {
        "Date": f"{decision.date:%Y-%m-%d}",
        "About": md(listed(named(id) for id in decision.about)),
        "Outcome": md(decision.outcome),
        "By": md(listed(decision.by)),
        "Because": md(decision.because or "–"),
    }
