"""A proposed repair put into an initiative."""

from __future__ import annotations

from typing import Any

from alignment.conflicts.report import Repair
from alignment.initiative.models import Initiative


def apply(initiative: Initiative, repair: Repair) -> Initiative:
    """The initiative with the repair's changes made; each `to` is the whole new text of its field."""
    changes: dict[str, dict[str, Any]] = {}
    for edit in repair.changes:
        changes.setdefault(edit.constraint, {})[edit.field] = edit.to
    constraints = tuple(c.model_copy(update=changes[c.id]) if c.id in changes else c for c in initiative.constraints)
    return initiative.model_copy(update={"constraints": constraints})
