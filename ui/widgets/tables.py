"""Tables: long ones on a canvas with a download of all rows, and the one that waits under a figure."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.words import counted

if TYPE_CHECKING:
    import pandas as pd

SEVEN_ROWS = 267
MOST_ROWS = 500


def table_and_csv(table: "pd.DataFrame", key: str, label: str = "Table and CSV", **columns: Any) -> None:
    """The table behind a figure or a sentence, folded away. columns: Streamlit column settings by column name."""
    with st.expander(label, type="compact", key=f"table_{key}"):
        long_table(table, key, columns)


def long_table(table: "pd.DataFrame", key: str, columns: Mapping[str, Any] | None = None, one: str = "row") -> None:
    """A table of any length: the first 500 rows are shown, seven at a time, all of them are in the CSV.

    columns: Streamlit column settings by column name; numbers without any are grouped. one: what a row is.
    """
    shown = table.head(MOST_ROWS)
    if len(table) == 0:
        st.caption(f"No {one} to show.")
        return
    st.caption(
        f"The first {MOST_ROWS} of {counted(len(table), one)}; the CSV has all."
        if len(table) > MOST_ROWS
        else counted(len(table), one)
    )
    st.dataframe(
        shown,
        hide_index=True,
        height=SEVEN_ROWS if len(shown) > 7 else "content",
        placeholder="–",
        column_config=_numbers(shown) | dict(columns or {}),
        key=f"rows_{key}",
    )
    st.download_button(
        "CSV",
        partial(csv_of, table),  # made when it is asked for
        file_name=f"{key}.csv",
        mime="text/csv",
        icon=":material/download:",
        key=f"csv_{key}",
        on_click="ignore",
    )


def csv_of(table: "pd.DataFrame") -> bytes:
    """The table as CSV that spreadsheets open rightly: UTF-8 with its mark, and no cell that could act as a formula."""
    text = table.copy()
    for name in text.select_dtypes(include=["object", "string"]).columns:
        text[name] = text[name].map(_harmless)
    return text.to_csv(index=False).encode("utf-8-sig")


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _numbers(table: "pd.DataFrame") -> dict[str, Any]:
    return {
        name: st.column_config.NumberColumn(format="localized")
        for name in table.select_dtypes(include="number").columns
    }
