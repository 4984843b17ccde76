"""Backstops: when to stop the model and what happens then; the form with its check, and the list."""

from typing import Any

import streamlit as st

from alignment.errors import AccordError, RuleError, UsageError
from alignment.initiative.models import Backstop, slugify
from ui import analysis
from ui.figures.drawing import Look
from ui.opening import say_next
from ui.rules.form import all_columns
from ui.rules.trial import sentence_of
from ui.session import Here
from ui.widgets.notes import problem
from ui.words import capital, count, md, spoken
from ui.workshop import workshop

ACTIONS = ("block", "clamp", "approve", "fallback", "alert")
SAID = {
    "block": "block the decision", "clamp": "clamp it to", "approve": "ask a person to approve",
    "fallback": "fall back to", "alert": "alert somebody",
}  # fmt: skip
EMPTY = {"called": "", "when": "", "action": "block", "to": None, "minutes": None, "owner": "", "tested_on": None}


def _key(field: str) -> str:
    return f"backstop_{field}"


def backstop_form(here: Here, team: str, looks: Look) -> None:
    """The fields of a backstop; what is typed stays until it has been recorded."""
    if st.session_state.pop("backstop_done", False):
        st.session_state.update({_key(field): value for field, value in EMPTY.items()})
    keep: dict[str, Any] = {"persist_state": "session"}
    left, right = st.columns([7, 5], gap=32)
    with left:
        st.text_area(
            "Stop when", key=_key("when"), height=68, placeholder="units < 0.7 * units_today",
            help="A condition over metrics and columns of the catalogue.", **keep,
        )  # fmt: skip
        a, b = st.columns(2, gap=12)
        a.selectbox("then", ACTIONS, format_func=SAID.get, key=_key("action"), **keep)
        b.selectbox("to", all_columns(here), None, key=_key("to"), placeholder="a column, where it is needed", **keep)
        a.number_input("Respond within minutes", 0, None, None, key=_key("minutes"), **keep)
        b.text_input("Owner", key=_key("owner"), placeholder="who is called", **keep)
        a.text_input("called", key=_key("called"), placeholder="a short name", **keep)
        b.date_input("Tested on", None, key=_key("tested_on"), **keep)
    with right, st.container(border=True, gap="small"):
        _check(here)
    if st.button("Record the backstop", type="primary", key="backstop_record", disabled=here.member is None):
        _record(here, team)


def _check(here: Here) -> None:
    st.header("Before you save", anchor=False)
    when = (st.session_state.get(_key("when")) or "").strip()
    if not when:
        st.caption("Write a condition, and it is read at once.")
        return
    try:
        items = true_today(when, here)
    except AccordError as error:
        problem(sentence_of(error))
        return
    if items is None:
        st.markdown("It can be read. It speaks about metrics that are known only when the model runs.")
        return
    st.metric("True today", count(items))
    st.caption("Items of the catalogue on which it would stop the model now.")


def true_today(when: str, here: Here) -> int | None:
    """Items on which a condition over columns holds now; None where it names a metric or lever. Raises RuleError."""
    from sqlglot import exp

    from alignment.rules.parse import Schema, parse_condition
    from alignment.rules.render import condition_sql

    table = analysis.catalogue(here.ground)
    others = [m.name for m in here.initiative.metrics] + [lv.name for lv in here.initiative.levers]
    tree = parse_condition(when, Schema({**dict.fromkeys(others, "number"), **table.kinds}))
    if {c.name for c in tree.find_all(exp.Column)} - set(table.kinds):
        return None
    query = f'select count(*) filter (where {condition_sql(tree)}) from "{table.table}"'
    return table.connection.execute(query).fetchone()[0]


def _record(here: Here, team: str) -> None:
    state = st.session_state
    try:
        when = (state.get(_key("when")) or "").strip()
        called = (state.get(_key("called")) or "").strip()
        if not when:
            raise RuleError("It is not said when", "write a condition, such as units < 0.7 * units_today")
        if not called:
            raise UsageError("The backstop has no name; call it something short")
        if here.ground.catalogue is not None:
            true_today(when, here)
        values = {
            "id": slugify(called), "team": team, "when": when, "action": state.get(_key("action")) or "block",
            "to": state.get(_key("to")), "respond_within_minutes": state.get(_key("minutes")),
            "owner": (state.get(_key("owner")) or "").strip() or None, "tested_on": state.get(_key("tested_on")),
        }  # fmt: skip
        backstop = Backstop.model_validate({k: v for k, v in values.items() if v is not None})
        workshop().add(here.id, "backstops", backstop, here.actor)
    except AccordError as error:
        return problem(sentence_of(error))
    state["backstop_done"] = True
    say_next(f"{spoken(backstop.id)} is recorded.")
    st.rerun()


def backstop_list(here: Here, looks: Look) -> None:
    """The backstops as a table, each to be taken out by its team."""
    import pandas as pd

    st.header("Backstops so far", anchor=False)
    if not here.initiative.backstops:
        st.caption("None yet. A backstop says when to stop the model and what happens then.")
        return
    rows = [_row(b, looks) for b in here.initiative.backstops]
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)
    remove(here, "backstops", [b.id for b in here.initiative.backstops if here.may_edit(b.team)])


def _row(b: Backstop, looks: Look) -> dict[str, str]:
    to = f" {b.to}" if b.to else ""
    return {
        "Team": looks.teams[b.team].tag,
        "Name": md(spoken(b.id)),
        "Stop when": f"`{b.when}`",
        "Then": md(f"{SAID[b.action]}{to}"),
        "Within": "–" if b.respond_within_minutes is None else f"{b.respond_within_minutes} minutes",
        "Owner": md(b.owner or "–"),
        "Tested": f"{b.tested_on:%Y-%m-%d}" if b.tested_on else "never",
    }


def remove(here: Here, kind: str, ids: list[str]) -> None:
    """A quiet way to take one's own records of a kind out; the history keeps them."""
    if not ids:
        return
    with st.popover("Take one out", type="tertiary", key=f"remove_{kind}"), st.container(width=320):
        chosen = st.selectbox("Which", ids, format_func=spoken, key=f"remove_which_{kind}")
        if st.button("Take it out", key=f"remove_do_{kind}"):
            try:
                version = workshop().entry(here.id, kind, chosen).version
                workshop().remove(here.id, kind, chosen, version, here.actor)
            except AccordError as error:
                return problem(str(error))
            say_next(f"{capital(spoken(chosen))} is taken out; the history keeps it.")
            st.rerun()
