"""The right side of a card: the ways out with their consequence, and taking, proposing, waiving or commenting."""

from datetime import date, timedelta

import streamlit as st

from alignment.conflicts.report import Conflict, Repair
from alignment.errors import AccordError
from ui.clashes import repairs
from ui.clashes.decided import remember_undo
from ui.figures.drawing import Look
from ui.opening import say_next, told_comment
from ui.rules.naming import named
from ui.session import Here
from ui.widgets.notes import problem
from ui.words import in_words, listed, md
from ui.workshop import workshop

FIRST, MOST_SAID = 4, 3


def ways_out(conflict: Conflict, number: int, here: Here, looks: Look) -> None:
    """The ways out of a conflict and what can be done about it here."""
    chosen = _choice(conflict, here, looks)
    with st.container(horizontal=True, gap=8):
        if chosen is not None:
            _take_or_propose(chosen, conflict, here, looks)
        _waive(conflict, here)
        _comment(conflict, here)
    _said(conflict, here)


def chosen_repair(conflict: Conflict) -> Repair | None:
    """The way out that is picked on the card, the first one until somebody picks; None where none is known."""
    options = {repair.option: repair for repair in conflict.repairs}
    picked = st.session_state.get(_key(conflict))
    return options.get(picked) or next(iter(options.values()), None)


def _key(conflict: Conflict) -> str:
    return f"way_{conflict.id}"


def _choice(conflict: Conflict, here: Here, looks: Look) -> Repair | None:
    options = _shown(conflict)
    if not options:
        st.markdown("**Ways out**")
        st.caption(
            "No single change of one rule's own number was found. Edit one of the rules under Record, or waive it."
        )
        return None
    option = st.radio(
        "**Ways out**, smallest first",
        list(options),
        format_func=lambda k: md(repairs.label(options[k])),
        captions=[md(repairs.caption(r, looks.teams)) for r in options.values()],
        key=_key(conflict),
    )
    _more(conflict)
    repair = options.get(option) or next(iter(options.values()))
    st.progress(
        min(1.0, repair.items_fixed / conflict.items) if conflict.items else 1.0, repairs.effect(repair, conflict)
    )
    return repair


def _shown(conflict: Conflict) -> dict[int, Repair]:
    """The first ways out, and all of them when asked for."""
    rest = len(conflict.repairs) - FIRST
    opened = rest <= 1 or st.session_state.get(f"more_{conflict.id}")
    return {repair.option: repair for repair in (conflict.repairs if opened else conflict.repairs[:FIRST])}


def _more(conflict: Conflict) -> None:
    rest = len(conflict.repairs) - FIRST
    if rest > 1:
        st.toggle(f"Show {in_words(rest, 'more way', 'more ways')}", key=f"more_{conflict.id}")


def _take_or_propose(repair: Repair, conflict: Conflict, here: Here, looks: Look) -> None:
    teams = repairs.owners(repair, here.initiative)
    names = listed(looks.teams[team].name for team in teams)
    rules = listed(dict.fromkeys(named(edit.constraint) for edit in repair.changes))
    mine = all(here.may_edit(team) for team in teams)
    label = f"Change {rules}" if mine else f"Propose to {names}"
    with (
        st.popover(md(label), type="primary", key=f"take_{conflict.id}", disabled=here.member is None),
        st.container(width=380),
    ):
        for edit in repair.changes:
            st.markdown(f"**{md(named(edit.constraint))}** {edit.field} becomes")
            st.code(edit.to or "all items", language=None, wrap_lines=True)
        reason = st.text_input("Reason", key=f"reason_{conflict.id}", placeholder="what was agreed, and why")
        if st.button("Change it" if mine else "Propose it", key=f"do_{conflict.id}"):
            _taken(repair, conflict, here, (reason or "").strip(), mine)


def _taken(repair: Repair, conflict: Conflict, here: Here, reason: str, mine: bool) -> None:
    try:
        if mine:
            entries = repairs.take(repair, conflict, here, reason)
            remember_undo(here.id, entries, repairs.label(repair))
            say_next(f"Changed. {repairs.label(repair)}.")
        else:
            text = repairs.proposal(repair, conflict, reason)
            for id in dict.fromkeys(edit.constraint for edit in repair.changes):
                workshop().comment(here.id, "constraints", id, text, here.actor)
            say_next("Proposed. The owners see it on this card and with the rule.")
    except AccordError as error:
        return problem(str(error))
    st.rerun()


def _waive(conflict: Conflict, here: Here) -> None:
    if conflict.waived_until is not None:
        return
    folded = st.popover("Waive with a reason", key=f"waive_{conflict.id}", disabled=here.member is None)
    with folded, st.container(width=360):
        today = here.initiative.as_of or date.today()
        reason = st.text_input("Reason", key=f"waive_reason_{conflict.id}", placeholder="why this is accepted for now")
        until = st.date_input("Until", today + timedelta(days=90), min_value=today, key=f"waive_until_{conflict.id}")
        if not st.button("Waive it", key=f"waive_do_{conflict.id}"):
            return
        if not (reason or "").strip():
            return problem("A waiver has a reason; write why the contradiction is accepted for now")
        try:
            entries = repairs.waive(conflict, here, reason.strip(), until)
        except AccordError as error:
            return problem(str(error))
        remember_undo(here.id, entries, f"Waived until {until:%-d %B %Y}")
        say_next(f"Waived until {until:%-d %B %Y}. After that day it counts again.")
        st.rerun()


def _comment(conflict: Conflict, here: Here) -> None:
    folded = st.popover("Comment", type="tertiary", key=f"comment_{conflict.id}", disabled=here.member is None)
    with folded, st.container(width=360):
        on = st.radio("On", conflict.constraints, format_func=lambda id: md(named(id)), key=f"comment_on_{conflict.id}")
        text = st.text_area("Comment", key=f"comment_text_{conflict.id}", height=80)
        if st.button("Say it", key=f"comment_do_{conflict.id}"):
            try:
                workshop().comment(here.id, "constraints", on, text or "", here.actor)
            except AccordError as error:
                return problem(str(error))
            say_next("Said.")
            st.rerun()


def _said(conflict: Conflict, here: Here) -> None:
    """The latest comments on the rules of the conflict."""
    said = [c for c in workshop().comments(here.id, "constraints") if c.entity in conflict.constraints]
    seen = {(c.by, c.text): c for c in said}
    for comment in list(seen.values())[-MOST_SAID:]:
        st.caption(md(told_comment(comment)))
