"""The catalogue of an initiative: what is in use, and a new file read, held against the rules, and taken."""

import tempfile
from pathlib import Path

import streamlit as st

from alignment.errors import AccordError
from alignment.initiative.models import CatalogueSource, Initiative
from alignment.store import Add, Edit
from alignment.store.files import base_name
from ui import analysis
from ui.opening import say_next
from ui.session import Here
from ui.widgets.notes import problem
from ui.words import counted, md
from ui.workshop import opened_table, take_in, workshop

ENDINGS = ["csv", "parquet", "xlsx", "json"]
MOST_SAID = 5
_TAKEN = "items_taken"


def catalogue(here: Here) -> None:
    """The catalogue in use, and the way to bring another."""
    st.space(8)
    st.header("Items", anchor=False)
    file, declared = here.ground.catalogue, here.initiative.catalogue
    if file is not None and declared is not None:
        value = f", {declared.value} says what is at stake" if declared.value else ""
        size = f"{counted(file.rows, 'item')} of {counted(len(file.columns), 'column')} in {file.name}"
        st.markdown(md(f"{size}; each is named by {declared.key}{value}."), width=900)
        _columns(here)
    else:
        st.markdown(
            "No catalogue yet. Rules are checked on its items: one row each, with a column that names it.", width=900
        )
    if not here.leads:
        if here.member is not None:
            st.caption("A facilitator can bring a catalogue.")
        return
    name, times = "Bring a catalogue" if file is None else "Bring another catalogue", st.session_state.get(_TAKEN, 0)
    with st.expander(name, type="compact", key=f"bring_items_{times}"):  # folded and empty again once one was taken
        _bring(here, times)


def _columns(here: Here) -> None:
    import pandas as pd

    with st.expander("Its columns", type="compact"):
        try:
            table = analysis.catalogue(here.ground)
        except AccordError as error:
            return problem(str(error))
        first = table.connection.execute(f'select * from "{table.table}" limit 1').fetchone()
        rows = [
            {"Column": md(name), "Kind": kind, "For example": md("–" if value is None else value)}
            for (name, kind), value in zip(table.kinds.items(), first, strict=True)
        ]
        st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)


def _bring(here: Here, times: int) -> None:
    upload = st.file_uploader("A table as CSV, Parquet, XLSX or JSON", ENDINGS, key=f"items_file_{times}")
    if upload is None:
        return
    try:
        with st.spinner("Reading the table …", show_time=True):
            columns, keys = _read(upload.name, upload.getvalue(), upload.file_id)
    except AccordError as error:
        return problem(str(error))
    declared = here.initiative.catalogue
    a, b, c = st.columns(3, gap=12)
    names = list(columns)
    first = declared.key if declared and declared.key in names else keys[0] if keys else names[0]
    key = a.selectbox("Named by", names, names.index(first), key="items_key", help="A different value in every row")
    amounts = [name for name, kind in columns.items() if kind == "number"]
    at = amounts.index(declared.value) if declared and declared.value in amounts else None
    value = b.selectbox("At stake", amounts, at, key="items_value", placeholder="nothing", help="An amount per item")
    unit = c.text_input(
        "in", (declared.value_unit if declared else None) or here.initiative.currency or "", key="items_unit"
    )
    if st.button("Use this catalogue", type="primary", key="items_use"):
        source = CatalogueSource(
            source=base_name(upload.name), key=key, value=value, value_unit=(unit or None) if value else None
        )
        _use(source, upload.name, upload.getvalue(), here)


@st.cache_data(max_entries=4, show_spinner=False)
def _read(name: str, _body: bytes, file_id: str) -> tuple[dict[str, str], list[str]]:
    """Columns with their kinds, and those that could name an item."""
    from alignment.catalogue.reading import open_table, quoted
    from alignment.store.files import suffix_of

    suffix_of(base_name(name))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / base_name(name)
        path.write_bytes(_body)
        table = open_table(path, "catalogue")
        tests = ", ".join(f"count(distinct {quoted(c)}) = count(*)" for c in table.kinds)
        unique = table.connection.execute(f'select {tests} from "{table.table}"').fetchone()
        kinds = dict(table.kinds)
        table.connection.close()
    return kinds, [name for name, alone in zip(kinds, unique, strict=True) if alone]


def _use(source: CatalogueSource, name: str, body: bytes, here: Here) -> None:
    sentences = _faults(source, name, body, here.initiative)
    if sentences:
        for sentence in sentences[:MOST_SAID]:
            problem(sentence)
        return
    try:
        entries = workshop().entries(here.id, "catalogue")
        change = Edit("catalogue", "catalogue", source, entries[0].version) if entries else Add("catalogue", source)
        workshop().apply(here.id, [change], here.actor)
        file = take_in(here.id, "catalogue", body, name, here.actor)
    except AccordError as error:
        return problem(str(error))
    st.session_state[_TAKEN] = st.session_state.get(_TAKEN, 0) + 1
    say_next(f"{file.name} is in use, with {counted(file.rows, 'item')}.")
    st.rerun()


def _faults(source: CatalogueSource, name: str, body: bytes, initiative: Initiative) -> list[str]:
    """What speaks against the table: a key that is not unique, or rules that name what it lacks."""
    from alignment.rules.ruleset import read_rules

    wished = initiative.model_copy(update={"catalogue": source})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / base_name(name)
        path.write_bytes(body)
        try:
            table = opened_table(wished, "catalogue", path)
            read_rules(wished, table)
            table.connection.close()
        except AccordError as error:
            return [_with_rule(p, initiative) for p in getattr(error, "problems", ())] or [str(error)]
    return []


def _with_rule(found, initiative: Initiative) -> str:
    """A problem of a rule with the rule's name in place of its number in the file."""
    place = found.path.partition("[")[2].partition("]")[0]
    name = initiative.constraints[int(place)].id if place.isdigit() else found.path
    return f"{name}: {found.found}; {found.expected}" if found.expected else f"{name}: {found.found}"
