"""The stage of the workshop, for the facilitator to move."""

import streamlit as st

from alignment.errors import AccordError
from alignment.store import Stage
from ui.opening import STAGES, say_next, stage_of
from ui.session import Here
from ui.widgets.notes import problem
from ui.workshop import workshop


def stage_control(here: Here) -> None:
    """Four steps; moving to another is one click."""
    if not here.leads:
        return
    names = {name: key for key, name in STAGES.items()}
    now = stage_of(here)
    chosen = st.segmented_control(
        "The workshop is at", list(names), default=now, key=f"stage_{now}", required=True, width="content"
    )
    if chosen and chosen != now:
        try:
            workshop().set_stage(here.id, Stage(stage=names[chosen]), here.actor)
        except AccordError as error:
            return problem(str(error))
        say_next(f"The workshop is at {chosen} now.")
        st.rerun()
