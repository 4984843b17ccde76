"""Which theme a person sees, and the inks and teams that figures are drawn with for it."""

from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from ui.colours import DARK, LIGHT, Ink
from ui.figures.drawing import Look
from ui.teams import roster

STYLE = Path(__file__).parent / "style.css"


def ink() -> Ink:
    """The inks of the theme on screen; light until the browser has said."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def look(teams: Iterable[str]) -> Look:
    """What every figure is handed: the inks on screen and how this initiative's teams look."""
    return Look(ink(), roster(teams))


def style() -> None:
    """Put the style sheet on the page; call it once per run."""
    st.html(STYLE)
