"""Frame: what the model decides, on which items, what is measured, what drives what, and what each team wants."""

import streamlit as st

from ui.framing.catalogue import catalogue
from ui.framing.editor import editor
from ui.framing.kinds import tables
from ui.framing.points import points
from ui.framing.stage import stage_control
from ui.framing.summary import headline, second_line
from ui.joining import join_bar
from ui.opening import opened
from ui.session import Here
from ui.theme import look
from ui.words import capital, md


def draw(here: Here) -> None:
    """The page: the frame as a sentence, the items, four tables, and the points."""
    st.title(md(headline(here)), anchor=False)
    line = second_line(here.initiative)
    if line:
        st.markdown(md(line), width=900)
    join_bar(here, "change the frame")
    stage_control(here)
    catalogue(here)
    for table in tables(here.initiative):
        st.space(8)
        st.header(capital(table.kind), anchor=False)
        with st.container():
            editor(table, here)
    st.space(8)
    points(here, look(here.initiative.teams))


draw(opened())
