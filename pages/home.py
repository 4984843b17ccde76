"""Home: open the sample, start or bring an initiative, join one, and see where each stands."""

import streamlit as st

from alignment.errors import AccordError
from ui.home.cards import cards
from ui.home.ways_in import join_card, ways_in
from ui.widgets.notes import problem
from ui.words import counted
from ui.workshop import SAMPLE_ID, workshop


def draw() -> None:
    """The page; where the workshop cannot be opened, one sentence says why."""
    try:
        summaries = workshop().initiatives()
    except AccordError as error:
        st.title("The workshop cannot be opened", anchor=False)
        return problem(str(error))
    left, right = st.columns([7, 5], gap=32)
    with left:
        st.title("Agree on what the model must never do, before it is trained", anchor=False)
        st.markdown(
            "Teams record their rules in their own words. Accord proves, on your own catalogue, which of them "
            "contradict each other, on which items, and what the smallest repair is.",
            width=640,
        )
        ways_in()
        sample = next((s for s in summaries if s.id == SAMPLE_ID), None)
        if sample is not None:
            rules = counted(sample.counts["constraints"], "rule")
            st.caption(f"The sample is about list prices of real cars, 1971 to 1990, with {rules}.", width=640)
    with right:
        if summaries:
            join_card(summaries)
    st.space(8)
    st.header("Initiatives", anchor=False)
    if summaries:
        cards(summaries)
    else:
        st.markdown("None yet. Start with a new one, or bring one from a file.")


draw()
