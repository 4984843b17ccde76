"""A table of records to edit in place: what was opened stays until Save, and nobody's change is overwritten."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from alignment.errors import AccordError
from alignment.initiative.models import Record
from alignment.store import Add, Edit, Remove, Stale
from alignment.store.values import Entry, Write
from ui.framing.kinds import Table, changed, defaults, made, row_of
from ui.opening import say_next
from ui.session import Here
from ui.widgets.notes import problem
from ui.words import counted, md
from ui.workshop import workshop


@dataclass
class Opened:
    """The entries as they were when editing began; `round` makes the editor's key new after each Save."""

    entries: tuple[Entry, ...]
    round: int
    stale: Stale | None = None
    stale_id: str = ""


def editor(table: Table, here: Here) -> None:
    """The table with its Save button; unsaved edits survive what others write meanwhile."""
    opened = _opened(table, here)
    key = f"edit_{table.kind}_{opened.round}"
    delta = st.session_state.get(key)
    now = workshop().entries(here.id, table.kind)
    if now != opened.entries and not _touched(delta):
        opened.entries, opened.round = now, opened.round + 1
        key = f"edit_{table.kind}_{opened.round}"
    with st.container():
        if now != opened.entries:
            st.caption(f"Somebody changed a {table.one} meanwhile. What you typed is kept; Save compares the two.")
        elif not opened.entries:
            st.caption(table.empty)
    may = here.member is not None
    st.data_editor(
        _frame(opened, table), key=key, num_rows="dynamic" if may else "fixed", disabled=not may, hide_index=True,
        column_config=dict(table.columns), placeholder="", width="stretch", height=_height(len(opened.entries) + may),
    )  # fmt: skip
    delta = st.session_state.get(key)
    if not _touched(delta):
        return
    with st.container(horizontal=True, gap=8, vertical_alignment="center"):
        if st.button(f"Save {_said(delta)}", type="primary", key=f"save_{table.kind}"):
            _save(delta, opened, table, here)
        if st.button("Discard", type="tertiary", key=f"discard_{table.kind}"):
            _start_over(table, here)
            st.rerun()
    _both(opened, table, here, delta)


def _height(rows: int) -> int:
    """Room for all rows; beyond fifteen the table scrolls."""
    return 36 * (min(rows, 15) + 1) + 2


def _opened(table: Table, here: Here) -> Opened:
    place = f"frame_{here.id}_{table.kind}"
    if place not in st.session_state:
        st.session_state[place] = Opened(workshop().entries(here.id, table.kind), 0)
    return st.session_state[place]


def _start_over(table: Table, here: Here) -> None:
    opened = _opened(table, here)
    opened.entries, opened.round, opened.stale = workshop().entries(here.id, table.kind), opened.round + 1, None


def _frame(opened: Opened, table: Table):
    import pandas as pd

    rows = [row_of(entry.record, table) for entry in opened.entries if entry.record is not None]
    frame = pd.DataFrame(rows, columns=list(table.columns))
    numbers = [n for n, c in table.columns.items() if (c.get("type_config") or {}).get("type") == "number"]
    kinds = {name: "float64" if name in numbers else "object" for name in frame.columns}
    return frame.astype(kinds).where(frame.notna(), None).astype(kinds)


def _touched(delta: Any) -> bool:
    return bool(delta) and any(delta.get(part) for part in ("edited_rows", "added_rows", "deleted_rows"))


def _said(delta: Mapping[str, Any]) -> str:
    return counted(sum(len(delta.get(part) or ()) for part in ("edited_rows", "added_rows", "deleted_rows")), "change")


def writes(delta: Mapping[str, Any], opened: Opened, table: Table) -> list[Write]:
    """The delta of the editor as writes against the versions that were opened. Raises UsageError."""
    found: list[Write] = []
    for row, cells in delta.get("edited_rows", {}).items():
        entry = opened.entries[int(row)]
        assert entry.record is not None
        found.append(Edit(table.kind, entry.id, changed(entry.record, cells, table.kind), entry.version))
    for row in delta.get("deleted_rows", ()):
        entry = opened.entries[int(row)]
        found.append(Remove(table.kind, entry.id, entry.version))
    added = [cells for cells in delta.get("added_rows", ()) if any(v not in (None, "") for v in cells.values())]
    return found + [Add(table.kind, made(cells, table.kind)) for cells in added]


def _save(delta: Mapping[str, Any], opened: Opened, table: Table, here: Here) -> None:
    try:
        workshop().apply(here.id, writes(delta, opened, table), here.actor)
    except Stale as error:
        opened.stale, opened.stale_id = error, _stale_id(opened, table, here)
        return
    except AccordError as error:
        for sentence in str(error).splitlines():
            problem(sentence)
        return
    said = _said(delta)
    _start_over(table, here)
    say_next(f"Saved {said} to the {table.one}s.")
    st.rerun()


def _stale_id(opened: Opened, table: Table, here: Here) -> str:
    now = workshop().versions(here.id, table.kind)
    return next((e.id for e in opened.entries if now.get(e.id) != e.version), "")


def _both(opened: Opened, table: Table, here: Here, delta: Mapping[str, Any]) -> None:
    """Where somebody else was quicker: their row and yours, and whose stands."""
    if opened.stale is None:
        return
    problem(str(opened.stale))
    place = next((k for k, e in enumerate(opened.entries) if e.id == opened.stale_id), None)
    mine = (delta.get("edited_rows") or {}).get(place, (delta.get("edited_rows") or {}).get(str(place), {}))
    rows = _compared(opened.stale.current, opened.entries[place] if place is not None else None, mine)
    if rows:
        import pandas as pd

        st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)
    with st.container(horizontal=True, gap=8):
        if st.button("Save mine over it", key=f"mine_{table.kind}"):
            opened.entries, opened.stale = _newer(opened, here, table), None
            _save(delta, opened, table, here)
        if st.button("Keep what is recorded", key=f"theirs_{table.kind}"):
            _start_over(table, here)
            st.rerun()


def _newer(opened: Opened, here: Here, table: Table) -> tuple[Entry, ...]:
    """The same rows in the same order, at the versions that stand now, so that Save writes over them."""
    now = {e.id: e for e in workshop().entries(here.id, table.kind)}
    return tuple(now.get(e.id, e) for e in opened.entries)


def _compared(theirs: Record | None, entry: Entry | None, mine: Mapping[str, Any]) -> list[dict[str, str]]:
    if theirs is None or entry is None or entry.record is None:
        return []
    before, now = defaults(entry.record), defaults(theirs)
    names = [n for n in now if now[n] != before.get(n) or n in mine]
    return [
        {
            "Field": n, "When you opened it": md(_text(before.get(n))), "Now recorded": md(_text(now[n])),
            "Yours": md(_text(mine.get(n, before.get(n)))),
        }
        for n in names
    ]  # fmt: skip


def _text(value: Any) -> str:
    return "–" if value in (None, "", ()) else str(value)
