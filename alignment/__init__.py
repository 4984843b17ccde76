"""Accord's domain: what teams recorded, which rules contradict each other, and whether the objective maps to the goals.

The public functions are few and load what they need when they are called, so that importing this package is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignment.conflicts.checking import check, why
    from alignment.conflicts.stress import stress
    from alignment.exports import export
    from alignment.initiative.reading import load
    from alignment.objective.mapping import map_objective
    from alignment.validation import validate

_WHERE = {
    "load": "alignment.initiative.reading",
    "check": "alignment.conflicts.checking",
    "why": "alignment.conflicts.checking",
    "stress": "alignment.conflicts.stress",
    "validate": "alignment.validation",
    "map_objective": "alignment.objective.mapping",
    "export": "alignment.exports",
}

__all__ = ["check", "export", "load", "map_objective", "stress", "validate", "why"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'alignment' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)
