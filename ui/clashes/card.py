"""One conflict on a card: who and how many, the worst item on a number line, the reasons, the items, the ways out."""

import streamlit as st

from alignment.conflicts.report import Conflict
from ui.clashes.items import items_table
from ui.clashes.line import leaves_of, lever_of, line_of, line_shown_by, reason_of, said
from ui.clashes.verdict import at_stake, lever_word
from ui.clashes.ways_out import ways_out
from ui.figures.drawing import Look
from ui.rules.naming import reasons, tagged_all
from ui.session import Here
from ui.widgets.choices import choices
from ui.widgets.figure import figure
from ui.widgets.tables import long_table
from ui.words import capital, count, counted, listed, md


def card(conflict: Conflict, number: int, here: Here, looks: Look) -> None:
    """Draw the card; `number` is its place on the page and in the matrix."""
    with st.container(border=True, key=f"card_{number}", gap="small"):
        st.subheader(f":gray[{number}]&ensp;{heading(conflict, here, looks)}", anchor=f"conflict-{number}")
        left, right = st.columns([7, 5], gap=32)
        with left:
            _finding(conflict, number, here, looks)
        with right:
            ways_out(conflict, number, here, looks)


def heading(conflict: Conflict, here: Here, looks: Look) -> str:
    """The conflict as a sentence: ◆ Floor and ● Max change leave no price for 179 of 2,217 items."""
    who = tagged_all(conflict.constraints, here.initiative, looks.teams)
    if conflict.family != "item" or conflict.lever is None:
        return f"{who} cannot hold{'' if len(conflict.constraints) == 1 else ' together'}"
    verb = "leaves" if len(conflict.constraints) == 1 else "leave"
    of = conflict.in_scope_of_all
    rows = here.ground.catalogue.rows if here.ground.catalogue else conflict.items
    items = (
        f"{count(conflict.items)} of {counted(rows, 'item')}"
        if of is None
        else (f"{count(conflict.items)} of the {counted(of, 'item')} in scope")
    )
    return f"{who} {verb} no {md(lever_word(here.initiative, conflict.lever))} for {items}"


def _finding(conflict: Conflict, number: int, here: Here, looks: Look) -> None:
    _shown(conflict, number, here, looks)
    said_why = md(reasons(conflict.constraints, here.initiative, looks.teams))
    st.caption(" ".join(filter(None, (said_why, _notes(conflict, here)))))
    with st.expander(
        f"{counted(conflict.items, 'item')} in a table", type="compact", key=f"items_{conflict.id}", on_change="rerun"
    ) as folded:
        if folded.open:
            with st.spinner("Working out the bounds of each item …"):
                table = items_table(conflict, here)
            long_table(table, f"items-{conflict.id}", one="item")


def _shown(conflict: Conflict, number: int, here: Here, looks: Look) -> None:
    """What stands against what, at one item: in a sentence, then on a number line or as values side by side."""
    fig = line_of(conflict, here.initiative, looks)
    key = next(iter(conflict.worst.values()), None)
    if fig is not None:
        place = "Worst at" if conflict.items > 1 else "At"
        st.markdown(f"{place} **{md(key)}**: {md(fig.layout.meta['title'])}.")
        return figure(fig, f"conflict_{number}", titled=False)
    rows = leaves_of(conflict, here.initiative, looks)
    if rows:
        lever = lever_of(here.initiative, conflict.lever)
        place = "For example at" if conflict.items > 1 else "At"
        st.markdown(f"{place} **{md(key)}**: {md(listed(said(row) for row in rows))}.")
        return st.html(choices(rows, [str(v) for v in lever.values], lever_word(here.initiative, lever.name)))
    st.markdown(md(reason_of(conflict.explanation)))
    fig = line_shown_by(conflict, here.initiative, looks)
    if fig is not None:
        figure(fig, f"conflict_{number}", titled=False)


def _notes(conflict: Conflict, here: Here) -> str:
    said = []
    if conflict.stake is not None and conflict.stake.amount:
        said.append(f"At stake: {at_stake(conflict.stake, here.initiative)}.")
    if conflict.strength == "soft":
        said.append("One of them is a should, so it yields.")
    if conflict.waived_until is not None:
        said.append(f"Waived until {conflict.waived_until:%-d %B %Y}.")
    return md(capital(" ".join(said)))
