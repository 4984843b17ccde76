"""A figure on a page: its finding as a heading, the drawing, and under it the table behind it with a download."""

from typing import TYPE_CHECKING

import streamlit as st

from ui.figures.drawing import CONFIG
from ui.widgets.tables import table_and_csv
from ui.words import html

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


def figure(fig: "go.Figure", key: str, table: "pd.DataFrame | None" = None, titled: bool = True) -> None:
    """Draw a figure of `ui.figures`.

    table: the values behind it, downloaded as `<key>.csv`. titled: False where a sentence above says the same.
    """
    meta = fig.layout.meta
    with st.container(gap=None, key=f"figure_{key}"):
        if titled:
            heading(meta["title"], meta["sub"])
        if fig.data or fig.layout.annotations:
            st.plotly_chart(
                fig, theme=None, width="stretch", height="content", config=CONFIG, alt=_spoken(meta), key=f"plot_{key}"
            )
        if table is not None:
            table_and_csv(table, key)


def heading(title: str, sub: str = "") -> None:
    """The finding over a figure or a table, and under it the line that says how to read it."""
    line = f"<p>{html(sub)}</p>" if sub else ""
    st.html(f'<div class="ac-figure"><h3>{html(title)}</h3>{line}</div>')


def _spoken(meta: dict) -> str:
    title, alt = meta["title"], meta["alt"]
    return alt if alt.startswith(title) else f"{title}. {alt}"
