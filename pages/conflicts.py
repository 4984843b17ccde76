"""Conflicts: which rules contradict each other, on which items, why, and the ways out."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from alignment.conflicts.report import Conflict, ConflictReport, as_json
from alignment.errors import AccordError
from ui.clashes.card import card
from ui.clashes.decided import decisions, undo_last
from ui.clashes.giving import giving_way
from ui.clashes.inputs import if_an_input_moves
from ui.clashes.item import item_trail
from ui.clashes.rest import further_findings, idle, near
from ui.clashes.verdict import headline, not_proved, second_line
from ui.figures.drawing import Look
from ui.figures.subjects import Rule
from ui.joining import join_bar
from ui.opening import opened
from ui.rules.naming import named
from ui.session import Here, bare_report, report
from ui.shell import page_file
from ui.theme import look
from ui.widgets.matrix import MOST, drawn, matrix
from ui.widgets.notes import empty, problem
from ui.words import in_words, md

FIRST = 10


def draw(here: Here) -> None:
    """The page, whatever stands in the way of a check said in a sentence."""
    if not any(c.status != "retired" for c in here.initiative.constraints):
        return empty(
            "No rule to check yet",
            "Each team records what the model must never do; what contradicts what is shown here.",
            "record", "Record the first rule",
        )  # fmt: skip
    if here.ground.catalogue is None:
        return empty(
            "No catalogue yet", "Rules are checked on the items that they decide about: a table with one row for each.",
            "frame", "Add the catalogue under Frame",
        )  # fmt: skip
    try:
        with st.spinner("Checking every rule on every item …", show_time=True):
            found = bare_report(here)
        _checked(found, here)
    except AccordError as error:
        st.title("The rules could not be checked", anchor=False)
        for sentence in str(error).splitlines():
            problem(sentence)


def _checked(found: ConflictReport, here: Here) -> None:
    """What was found at once, then the ways out of it, which take longer. Raises AccordError."""
    looks = look(here.initiative.teams)
    st.title(md(headline(found, here.initiative)), anchor=False)
    st.markdown(md(second_line(found)), width=900)
    if found.verdict == "clear":
        st.page_link(page_file("sign"), label="See what is left before you sign", icon=":material/arrow_forward:")
    join_bar(here, "decide on conflicts")
    undo_last(here)
    beside = _overview(found, here, looks)
    with st.spinner("Working out the ways out of each conflict …", show_time=True):
        found = report(here)
    if found.conflicts:
        with beside:
            giving_way([c for c in found.conflicts if c.waived_until is None], here, looks)
    _cards(found.conflicts, here, looks)
    near(found, here, looks)
    idle(found, here, looks)
    further_findings(found, looks)
    item_trail(here, looks)
    decisions(here)
    if_an_input_moves(here, looks)


def _overview(found: ConflictReport, here: Here, looks: Look) -> DeltaGenerator:
    """Which rules meet; returns the place beside it, or below a wide one, for who is asked to give way."""
    statuses = {s.id: s.status for s in found.constraints}
    in_force = [c for c in here.initiative.constraints if statuses.get(c.id) not in (None, "not_in_force")]
    rules = [Rule(c.id, named(c.id), c.team) for c in in_force]
    if not found.conflicts and len(rules) > MOST:
        return st.container()
    conflicts, open_ids = as_json(found.conflicts), not_proved(found)
    wide = len(drawn(rules, conflicts, open_ids)) > MOST
    left, right = (st.container(), st.container()) if wide else st.columns([7, 5], gap=32)
    with left:
        st.header("Which rules contradict each other", anchor=False)
        anchors = {c.id: f"conflict-{k}" for k, c in enumerate(found.conflicts, start=1)}
        st.html(matrix(rules, conflicts, looks.teams, open_ids, anchors))
    return right


def _cards(conflicts: tuple[Conflict, ...], here: Here, looks: Look) -> None:
    """A card per conflict, the first ten at once and the others when asked for."""
    if not conflicts:
        return
    st.space(8)
    st.header("Each conflict and its ways out", anchor=False)
    rest = len(conflicts) - FIRST
    shown = conflicts if rest <= 2 or st.session_state.get("all_conflicts") else conflicts[:FIRST]
    for number, conflict in enumerate(shown, start=1):
        card(conflict, number, here, looks)
    if len(shown) < len(conflicts):
        st.toggle(f"Show {in_words(rest, 'more conflict')}, on fewer items", key="all_conflicts")


draw(opened())
