"""The history of one constraint: who did what when, and what was said about it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from alignment.initiative.models import Constraint
from alignment.store.values import Event
from ui.opening import clock, told
from ui.session import Here
from ui.words import counted, md, spoken
from ui.workshop import workshop

MOST = 50


def history(constraint: Constraint, here: Here) -> None:
    """The steps of a constraint, the latest first, folded away."""
    events = workshop().events(here.id, limit=MOST, kind="constraints", entity_id=constraint.id)
    if not events:
        return
    with st.expander(f"History: {counted(len(events), 'step')}", type="compact"):
        for event in events:
            st.caption(md(line(event)))


def line(event: Event) -> str:
    """One step in a line: what changed from what to what, or what was said."""
    if event.action == "commented":
        text = (event.after or {}).get("text", "")
        return f"{clock(event.at)} {event.by}, {spoken(event.team)}: “{text}”"
    changes = changed_fields(event.before or {}, event.after or {}) if event.before and event.after else []
    return f"{told(event)}{': ' if changes else ''}{'; '.join(changes)}"


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Fields whose values differ, each with both: rule price >= 5 → price >= 6."""
    names = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    return [f"{name} {_shown(before.get(name))} → {_shown(after.get(name))}" for name in names]


def _shown(value: Any) -> str:
    return "nothing" if value in (None, "", [], ()) else str(value)
