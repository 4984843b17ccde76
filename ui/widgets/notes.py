"""Sentences that stand by themselves: what is missing, what went wrong."""

import streamlit as st

from ui.shell import page_file
from ui.words import html, md


def empty(title: str, sentence: str, page: str | None = None, label: str = "") -> None:
    """An empty state: what is missing, what belongs there, and the one next step."""
    st.title(md(title), anchor=False)
    st.markdown(md(sentence), width=640)
    if page:
        st.page_link(page_file(page), label=md(label), icon=":material/arrow_forward:")


def problem(sentence: str) -> None:
    """What went wrong, where, and what to do, in one sentence, read out at once by a screen reader."""
    st.html(f'<p class="ac-problem" role="alert"><span aria-hidden="true">✕</span><span>{html(sentence)}</span></p>')


def notice(sentence: str) -> None:
    """What has just been done, quietly, read out when the reader pauses."""
    st.html(f'<p class="ac-notice" role="status"><span aria-hidden="true">✓</span><span>{html(sentence)}</span></p>')
