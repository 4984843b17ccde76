"""Bringing a decision table: its columns are read first, and it is kept only once the mapping has run on it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from alignment.errors import AccordError
from alignment.initiative.models import Decisions, Initiative
from alignment.store import Actor, Add, DataFile, Edit
from ui.analysis import Ground
from ui.opening import say_next
from ui.session import Here
from ui.widgets.notes import problem
from ui.words import counted
from ui.workshop import take_in, workshop

KINDS = ("csv", "parquet", "json", "xlsx")
NONE = "none: compare with the mean of what is allowed"
ABOUT = (
    "One row per item and candidate, with a column for each lever and for each metric that is predicted. "
    "CSV, Parquet, JSON or XLSX, up to 200 MB."
)


def upload(here: Here) -> None:
    """The uploader with the two questions that a table leaves open."""
    if here.member is None or here.member.role == "reviewer":
        st.caption("Members of a team add decision tables.")
        return
    given = st.file_uploader("Decision table", type=list(KINDS), key="decisions_file", help=ABOUT)
    st.caption(ABOUT)
    if given is None:
        return
    try:
        columns, rows = _columns(given.file_id, given.name, given.getvalue)
        declared = _questions(here, given.name, list(columns))
        st.caption(f"{counted(rows, 'row')}, {counted(len(columns), 'column')}")
        if declared is not None and st.button("Use this table", type="primary", key="use_decisions"):
            with st.spinner("Reading the table and choosing on every item …", show_time=True):
                file = adopt(here.id, here.ground, declared, given.getvalue(), given.name, here.actor)
            say_next(f"{file.name} is the decision table now: {counted(file.rows, 'row')}.")
            st.rerun()
    except AccordError as error:
        problem(str(error))


def _columns(file_id: str, name: str, read) -> tuple[Mapping[str, str], int]:
    """Types by column and the number of rows, read once per uploaded file. Raises DataError."""
    kept = st.session_state.get("decisions_columns")
    if kept is None or kept[0] != file_id:
        with st.spinner("Reading the table …"), tempfile.TemporaryDirectory() as folder:
            kept = st.session_state["decisions_columns"] = (file_id, *columns_of(_written(folder, name, read())))
    return kept[1], kept[2]


def columns_of(path: Path) -> tuple[dict[str, str], int]:
    """Types by column, and rows, of a table. Raises DataError in one sentence."""
    from alignment.catalogue.reading import open_table

    table = open_table(path, "decisions")
    table.connection.close()
    return dict(table.types), table.rows


def _questions(here: Here, name: str, columns: list[str]) -> Decisions | None:
    """Which column names the item, and which marks today's choice; None until the first is answered."""
    before, catalogue = here.initiative.decisions, here.initiative.catalogue
    guess = next((c for c in (before and before.item, catalogue and catalogue.key) if c in columns), None)
    row = st.columns(2, gap=16)
    item = row[0].selectbox(
        "Names the item", columns, index=columns.index(guess) if guess else None, key=f"decisions_item_{name}"
    )
    options = [NONE, *columns]
    today = before.status_quo if before and before.status_quo in columns else None
    marks = row[1].selectbox(
        "Marks today’s choice", options, index=options.index(today) if today else 0, key=f"decisions_today_{name}"
    )
    if item is None:
        return None
    return Decisions(source=name, item=item, **({} if marks == NONE else {"status_quo": marks}))


def adopt(
    initiative_id: str, ground: Ground, declared: Decisions, data: bytes, name: str, by: Actor | None
) -> DataFile:
    """Maps the objective on the table and keeps it where that works. Raises AccordError; then nothing was recorded."""
    shop = workshop()
    with tempfile.TemporaryDirectory() as folder:
        path = _written(folder, name, data)
        check(ground, declared, path)
        entries = shop.entries(initiative_id, "decisions")
        write = Edit("decisions", "decisions", declared, entries[0].version) if entries else Add("decisions", declared)
        if not entries or entries[0].record != declared:
            shop.apply(initiative_id, [write], by)
        return take_in(initiative_id, "decisions", path, path.name, by)


def check(ground: Ground, declared: Decisions, path: Path) -> None:
    """Raises AccordError, in one sentence, unless rules and objective can be evaluated on the table."""
    from alignment.catalogue.decisions import open_decisions
    from alignment.catalogue.reading import open_catalogue
    from alignment.objective.prepare import prepare

    initiative = ground.initiative.model_copy(update={"decisions": declared})
    if ground.catalogue is None:
        initiative = initiative.model_copy(update={"catalogue": None})
    if initiative.objective is not None and initiative.goals:
        prepare(initiative, path, _path(ground))
        return
    catalogue = open_catalogue(initiative, _path(ground)) if initiative.catalogue else None
    open_decisions(initiative, path, catalogue)


def _path(ground: Ground) -> Path | None:
    return ground.catalogue.path if ground.catalogue else None


def _written(folder: str, name: str, data: bytes) -> Path:
    path = Path(folder) / Path(name.replace("\\", "/")).name
    path.write_bytes(data)
    return path


def stands(initiative: Initiative, file: DataFile) -> str:
    """The table in use in one line."""
    declared: Any = initiative.decisions
    marks = f", today’s choice marked by {declared.status_quo}" if declared and declared.status_quo else ""
    return f"{file.name}: {counted(file.rows, 'row')}, items named by {declared.item}{marks}"
