"""The items of a conflict as a table: today's value, what each rule allows, how far apart they are, and the inputs."""

from typing import TYPE_CHECKING, Any

from alignment.conflicts.report import Conflict
from ui import analysis
from ui.rules.naming import named
from ui.session import Here, situation

if TYPE_CHECKING:
    import pandas as pd

MOST_BOUNDS = 500
_tables = analysis.Kept(32)


def items_table(conflict: Conflict, here: Here) -> "pd.DataFrame":
    """All items, widest gap first; bounds are worked out for the first 500. Made once per content."""
    return _tables.get((here.ground.key, conflict.id), lambda: _made(conflict, here))


def _made(conflict: Conflict, here: Here) -> "pd.DataFrame":
    import numpy as np
    import pandas as pd

    from alignment.conflicts.members import exact_row, plain, rows_of, shown_value
    from alignment.rules.ruleset import columns_needed

    case = situation(here)
    clash = next((c for c in case.answers.clashes if c.ids == conflict.constraints), None)
    members = [case.rules.of(id) for id in conflict.constraints]
    trees = [t for m in members for t in (m.rule.tree, m.rule.scope) if t is not None]
    context = [c for c in columns_needed(trees) if c in case.catalogue.kinds]
    lever = case.rules.levers.get(conflict.lever or "")
    current = lever.current if lever is not None else None
    keys, gaps = (clash.keys, clash.gaps) if clash is not None else (np.array(conflict.sample, dtype=object), None)
    order = np.argsort(-np.nan_to_num(gaps), kind="stable") if gaps is not None else range(len(keys))
    ranked = [plain(keys[i]) for i in order]
    rows = rows_of(case.catalogue, ranked, list(dict.fromkeys([*([current] if current else []), *context])))
    table: dict[str, list[Any]] = {case.catalogue.key: [shown_value(key) for key in ranked]}
    if current:
        table["today"] = [shown_value(row[current]) for row in rows]
    if lever is not None and lever.values is None:
        exact = [exact_row(row) for row in rows[:MOST_BOUNDS]]
        for member in members:
            for name, values in _bounds(member, lever, exact).items():
                table[f"{named(member.id)}: {name}"] = values + [None] * (len(rows) - len(exact))
        if gaps is not None:
            table["gap"] = [None if np.isnan(gaps[i]) else float(f"{gaps[i]:.10g}") for i in order]
    for column in context:
        if column != current:
            table[column] = [shown_value(row[column]) for row in rows]
    return pd.DataFrame(table)


def _bounds(member: Any, lever: Any, rows: list[dict[str, Any]]) -> dict[str, list[float | None]]:
    from alignment.conflicts.parts import allowed_parts

    free = lever.model_copy(update={"step": None})
    parts = [allowed_parts([member], free, row, bounded=False) for row in rows]
    if any(len(p) > 1 for p in parts):
        return {
            "lowest": [p[0].lower if p else None for p in parts],
            "highest": [p[-1].upper if p else None for p in parts],
        }
    found = {
        "at least": [p[0].lower if p else None for p in parts],
        "at most": [p[0].upper if p else None for p in parts],
    }
    return {name: values for name, values in found.items() if any(v is not None for v in values)}
