"""What has been recorded: a table to filter, and what can be done with the row that is picked."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from alignment.conflicts.report import ConflictReport
from alignment.errors import AccordError
from alignment.initiative.models import Constraint
from ui import analysis
from ui.figures.drawing import Look
from ui.opening import say_next
from ui.rules import form
from ui.rules.history import history
from ui.rules.naming import named
from ui.rules.scopes import numeric_columns
from ui.session import Here
from ui.widgets.chips import pick_teams
from ui.widgets.notes import problem
from ui.words import capital, md
from ui.workshop import workshop

STATES = ("in conflict", "proposed", "agreed", "retired")
_HOT = "background-color: rgba(196,71,59,.16); font-weight: 600"


def records(here: Here, looks: Look) -> None:
    """The list of constraints with its filters; a picked row opens what can be done with it."""
    with st.container(horizontal=True, vertical_alignment="center", gap=8):
        st.header("Recorded so far", anchor=False, width="content")
        st.space("stretch")
        teams = pick_teams("Team", looks.teams, "list_teams", label_visibility="collapsed")
        states = st.pills(
            "Status", STATES, selection_mode="multi", key="list_states", label_visibility="collapsed", wrap=True
        )
    report = _report(here)
    shown = [c for c in here.initiative.constraints if _fits(c, teams, states, report)]
    if not shown:
        none = (
            "No rule fits the filter."
            if here.initiative.constraints
            else "Nothing yet. The first rule starts the list."
        )
        st.caption(none)
        return
    st.caption("Select a row to edit, duplicate, agree, retire or comment on it.")
    picked = _table(shown, report, looks)
    if picked is not None:
        actions(shown[picked], here, looks)


def _report(here: Here) -> ConflictReport | None:
    try:
        return analysis.bare_report(here.ground)
    except AccordError:
        return None


def _fits(constraint: Constraint, teams: Sequence[str], states: Sequence[str], report: ConflictReport | None) -> bool:
    if teams and constraint.team not in teams:
        return False
    if not states:
        return constraint.status != "retired"
    wanted = set(states)
    return constraint.status in wanted or ("in conflict" in wanted and bool(_conflicts(constraint.id, report)))


def _conflicts(id: str, report: ConflictReport | None) -> int | None:
    return sum(id in c.constraints for c in report.conflicts) if report else None


def _table(shown: list[Constraint], report: ConflictReport | None, looks: Look) -> int | None:
    import pandas as pd

    statuses = {s.id: s for s in report.constraints} if report else {}
    rows = [_row(c, statuses.get(c.id), _conflicts(c.id, report), looks) for c in shown]
    frame = pd.DataFrame(rows).astype(dict.fromkeys(("In scope", "Violated", "Unknown", "Conflicts"), "Int64"))
    styled = frame.style.map(lambda n: _HOT if isinstance(n, int) and n > 0 else "", subset=["Conflicts"])
    number = {"format": "localized", "width": 86}
    text = st.column_config.TextColumn
    event = st.dataframe(
        styled, hide_index=True, on_select="rerun", selection_mode="single-row", placeholder="–", key="records",
        height=267 if len(rows) > 7 else "content",
        column_config={
            "Team": text(width=110), "Name": text(width=150), "Rule": text(width=320), "Scope": text(width=140),
            "In scope": st.column_config.NumberColumn(help="items", **number),
            "Violated": st.column_config.NumberColumn(help="items, at today's value", **number),
            "Unknown": st.column_config.NumberColumn(help="items with missing data", **number),
            "Conflicts": st.column_config.NumberColumn(help="with other rules", **number),
            "Status": text(width=90),
        },
    )  # fmt: skip
    picked = event.selection.rows
    return picked[0] if picked and picked[0] < len(shown) else None


def _row(c: Constraint, status: Any, conflicts: int | None, looks: Look) -> dict[str, Any]:
    counted = status is not None and status.status not in ("not_in_force", "not_checked_yet")
    return {
        "Team": looks.teams[c.team].plain,
        "Name": named(c.id),
        "Rule": c.rule,
        "Scope": c.where or "all",
        "In scope": status.in_scope if counted else None,
        "Violated": status.violated_today if counted else None,
        "Unknown": status.unknown if counted else None,
        "Conflicts": conflicts if counted else None,
        "Status": c.status + (", should" if c.strength == "soft" else ""),
    }


def actions(constraint: Constraint, here: Here, looks: Look) -> None:
    """What can be done with one constraint here."""
    entry = workshop().entry(here.id, "constraints", constraint.id)
    mine = here.may_edit(constraint.team)
    with st.container(border=True, key="picked", gap="small"):
        st.subheader(f"{looks.teams[constraint.team].symbol_md} {md(named(constraint.id))}", anchor=False)
        if constraint.because:
            st.markdown(f"“{md(constraint.because)}”")
        with st.container(horizontal=True, gap=8):
            columns = numeric_columns(here)
            edit = (constraint, here.initiative, columns, entry.version)
            st.button("Edit", icon=":material/edit:", key="edit", on_click=form.fill, args=edit, disabled=not mine)
            copy = (constraint, here.initiative, columns, None)
            st.button("Duplicate", key="duplicate", on_click=form.fill, args=copy, disabled=here.member is None)
            for label, status in _steps(constraint):
                if st.button(label, key=f"status_{status}", disabled=not mine):
                    _set_status(constraint, status, entry.version, here)
            _comment(constraint, here)
        if not mine and here.member is not None:
            team = looks.teams[constraint.team].name
            st.caption(f"{md(team)} stands for this rule and can change it; you can comment or duplicate it.")
        history(constraint, here)


def _steps(constraint: Constraint) -> list[tuple[str, str]]:
    if constraint.status == "proposed":
        return [("Agree", "agreed"), ("Retire", "retired")]
    if constraint.status == "agreed":
        return [("Propose again", "proposed"), ("Retire", "retired")]
    return [("Propose again", "proposed")]


def _set_status(constraint: Constraint, status: str, seen: int, here: Here) -> None:
    try:
        changed = constraint.model_copy(update={"status": status})
        workshop().edit(here.id, "constraints", constraint.id, changed, seen, here.actor)
    except AccordError as error:
        return problem(str(error))
    say_next(f"{named(constraint.id)} is {capital(status).lower()}.")
    st.rerun()


def _comment(constraint: Constraint, here: Here) -> None:
    with st.popover("Comment", type="tertiary", key="say", disabled=here.member is None), st.container(width=360):
        text = st.text_area("Comment", key=f"say_{constraint.id}", height=80)
        if st.button("Say it", key="say_it"):
            try:
                workshop().comment(here.id, "constraints", constraint.id, text or "", here.actor)
            except AccordError as error:
                return problem(str(error))
            say_next("Said.")
            st.rerun()
