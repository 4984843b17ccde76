"""The objective as it stands, and the form in which it is written, pasted and recorded."""

from typing import TYPE_CHECKING

import streamlit as st

from alignment.errors import AccordError
from alignment.initiative.models import Objective
from alignment.store import Add, Edit, Entry, Stale
from ui.mapping import writing
from ui.opening import clock, say_next
from ui.session import Here
from ui.widgets.notes import problem
from ui.words import html, md, spoken
from ui.workshop import workshop

if TYPE_CHECKING:
    import pandas as pd

FORMS = ("Formula", "Terms", "Score", "Paste")
HINTS = {
    "Formula": "Metrics, numbers and + − * / ( ), such as revenue - 0.5 * returns.",
    "Terms": "A coefficient for each metric, in the units of the data.",
    "Score": "A column of the decision table that holds the model’s own score.",
    "Paste": "The objective of an initiative file, in YAML or JSON, or a formula after maximise or minimise.",
}


def statement(here: Here) -> None:
    """The objective as it stands: what, how far ahead, whose, since when."""
    objective = here.initiative.objective
    if objective is None:
        return
    about = [spoken(objective.owner)] if objective.owner else []
    about.append(
        f"looks {objective.horizon_days} {'day' if objective.horizon_days == 1 else 'days'} ahead"
        if objective.horizon_days is not None
        else "no horizon recorded"
    )
    entry = workshop().entry(here.id, "objective", "objective")
    about.append(f"recorded {clock(entry.at)} by {entry.by}")
    st.html(
        f'<div class="ac-objective"><p>{objective.sense} <b>{html(writing.said(objective))}</b></p>'
        f"<p>{html(', '.join(about))}</p></div>"
    )


def edit(here: Here, opened: bool = False) -> None:
    """The form, folded unless `opened`; who may not write sees why instead."""
    with st.expander(
        "Write the objective" if opened else "Edit or paste the objective",
        expanded=opened,
        type="compact",
        key="edit_objective",
    ):
        if here.member is None or here.member.role == "reviewer":
            st.caption("Members of a team write the objective.")
            return
        _form(here, _entry(here))


def _entry(here: Here) -> Entry | None:
    found = workshop().entries(here.id, "objective")
    return found[0] if found else None


def _form(here: Here, entry: Entry | None) -> None:
    """Widgets are keyed by the version that they started from, so that another's change empties nothing."""
    version = entry.version if entry else 0
    started = st.session_state.setdefault(f"objective_from_{here.id}", (version, here.initiative.objective))
    seen, first = started
    how = st.segmented_control("Written as", FORMS, default=_form_of(first), key=f"objective_how_{seen}", required=True)
    st.caption(HINTS[how])
    draft = _fields(here, first, how, seen)
    if version != seen and _untouched(draft, first):
        _forget(here)
        st.rerun()
    if version != seen and _changed_meanwhile(here, entry):
        return
    if st.button("Record the objective", type="primary", key="record_objective"):
        _record(here, draft, version, started)


def _form_of(objective: Objective | None) -> str:
    if objective is None or objective.expression is not None:
        return "Formula"
    return "Terms" if objective.terms is not None else "Score"


def _fields(here: Here, first: Objective | None, how: str, seen: int):
    """The fields of one form; returns what makes the objective out of them, which may raise UsageError."""
    if how == "Paste":
        text = st.text_area("Pasted text", key=f"objective_paste_{seen}", height=160)
        return lambda: writing.of_pasted(text)
    make = {"Formula": _formula, "Terms": _terms, "Score": _score}[how](here, first, seen)
    row = st.columns(3, gap=16)
    sense = row[0].selectbox(
        "Sense", writing.SENSES, index=writing.SENSES.index(first.sense) if first else 0, key=f"objective_sense_{seen}"
    )
    horizon = row[1].number_input(
        "Looks ahead, days", min_value=0, step=1, value=first.horizon_days if first else None,
        key=f"objective_horizon_{seen}", placeholder="not said",
    )  # fmt: skip
    owner = row[2].text_input("Owner", value=(first.owner or "") if first else "", key=f"objective_owner_{seen}")
    return lambda: make(sense, horizon, owner)


def _formula(here: Here, first: Objective | None, seen: int):
    text = st.text_area(
        "Formula", value=(first.expression or "") if first else "", key=f"objective_formula_{seen}", height=90
    )
    return lambda *more: writing.of_formula(text, *more)


def _terms(here: Here, first: Objective | None, seen: int):
    metrics = [metric.name for metric in here.initiative.metrics]
    edited = st.data_editor(
        _terms_frame(first), num_rows="dynamic", hide_index=True, key=f"objective_terms_{seen}",
        column_config={
            "metric": st.column_config.SelectboxColumn("Metric", options=metrics),
            "coefficient": st.column_config.NumberColumn("Coefficient", format="%.12g"),
            "rate": st.column_config.TextColumn("Exchange rate, in words"),
        },
    )  # fmt: skip
    rows = edited.to_dict("records")
    return lambda *more: writing.of_terms(rows, *more)


def _terms_frame(first: Objective | None) -> "pd.DataFrame":
    import pandas as pd

    rows = [(t.metric, float(t.coefficient), t.rate) for t in (first.terms or () if first else ())]
    frame = pd.DataFrame(rows, columns=["metric", "coefficient", "rate"])
    return frame.astype({"metric": "object", "coefficient": "float64", "rate": "object"})


def _score(here: Here, first: Objective | None, seen: int):
    columns = here.ground.decisions.columns if here.ground.decisions else {}
    numbers = [name for name, type_ in columns.items() if writing.kind_of(type_) == "number"]
    stands = first.score if first else None
    if numbers:
        at = numbers.index(stands) if stands in numbers else None
        name = st.selectbox("Column with the score", numbers, index=at, key=f"objective_score_{seen}")
    else:
        name = st.text_input("Column with the score", value=stands or "", key=f"objective_score_{seen}")
    return lambda *more: writing.of_score(name, *more)


def _untouched(draft, first: Objective | None) -> bool:
    """Whether the form still says what it started from; then another's change may replace it."""
    try:
        return first is not None and draft().model_dump() == first.model_dump()
    except AccordError:
        return first is None


def _changed_meanwhile(here: Here, entry: Entry | None) -> bool:
    """Another person's objective beside one's own draft, and the two ways on; True while neither is taken."""
    key = f"objective_over_{here.id}"
    version = entry.version if entry else 0
    if st.session_state.get(key) == version:
        return False
    who = f"{entry.by} recorded" if entry and entry.record is not None else "Somebody removed"
    theirs = (
        f": {entry.record.sense} {writing.said(entry.record)}"
        if entry and entry.record is not None
        else " the objective"
    )
    problem(f"{who} another objective while you were writing{theirs}. What you wrote is still here.")
    with st.container(horizontal=True, gap=8):
        if st.button("Take theirs", key="objective_take"):
            _forget(here)
            st.rerun()
        if st.button("Keep mine", key="objective_keep"):
            st.session_state[key] = version
            st.rerun()
    return True


def _record(here: Here, draft, version: int, started) -> None:
    try:
        objective = draft()
        writing.check(objective, here.initiative, _columns(here))
        write = Edit("objective", "objective", objective, version) if version else Add("objective", objective)
        workshop().apply(here.id, [write], here.actor)
    except Stale as stale:
        problem(str(stale))
    except AccordError as error:
        problem(str(error))
    else:
        _forget(here)
        say_next(f"Recorded: {objective.sense} {writing.said(objective)}.")
        st.rerun()


def _columns(here: Here) -> dict[str, str]:
    files = (here.ground.catalogue, here.ground.decisions)
    return {name: type_ for file in files if file for name, type_ in file.columns.items()}


def _forget(here: Here) -> None:
    st.session_state.pop(f"objective_from_{here.id}", None)
    st.session_state.pop(f"objective_over_{here.id}", None)


def undo(here: Here) -> None:
    """Takes back the last change of the objective."""
    last = workshop().events(here.id, kind="objective", entity_id="objective", limit=1)
    if not last or last[0].action not in ("edited", "undone") or here.member is None or here.member.role == "reviewer":
        return
    if st.button(
        "Take back the last change",
        type="tertiary",
        icon=":material/undo:",
        key="undo_objective",
        help=md(_before(last[0].before)),
    ):
        try:
            workshop().undo(last[0].id, here.actor)
        except AccordError as error:
            problem(str(error))
            return
        _forget(here)
        say_next("The objective is as it was before its last change.")
        st.rerun()


def _before(value) -> str:
    if not value:
        return "There was no objective before"
    return f"Before: {writing.said(Objective.model_validate(value))}"
