"""Sign & export: what still blocks, who has signed over what, and everything to take away."""

import streamlit as st

from alignment.errors import AccordError
from ui.joining import join_bar
from ui.opening import opened, signed_teams
from ui.session import Here, report
from ui.signing.checklist import checklist, headline, points
from ui.signing.downloads import downloads, draft_reason
from ui.signing.signatures import sign_box, signatures
from ui.theme import look
from ui.widgets.notes import problem
from ui.words import md


def draw(here: Here) -> None:
    """The page; rules that cannot be checked are said and block the signature."""
    found, said = None, ""
    try:
        with st.spinner("Checking every rule on every item …", show_time=True):
            found = report(here)
    except AccordError as error:
        said = str(error)
    looks = look(here.initiative.teams)
    listed = points(here, found)
    st.title(md(headline(listed, len(signed_teams(here)), len(here.initiative.teams))), anchor=False)
    for sentence in said.splitlines():
        problem(sentence)
    join_bar(here, "sign for your team")
    left, right = st.columns([7, 5], gap=32)
    with left:
        checklist(listed, here)
        st.space(8)
        signatures(here, looks)
        sign_box(here, any(p.state == "blocks" for p in listed), looks)
    with right:
        downloads(here, found, draft_reason(found))


draw(opened())
