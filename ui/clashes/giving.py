"""Who is asked to give way, by the ways out that are picked on the cards."""

from collections.abc import Sequence

import streamlit as st

from alignment.conflicts.report import Conflict
from ui.clashes.ways_out import chosen_repair
from ui.figures.drawing import Look
from ui.session import Here
from ui.words import amount, count


def giving_way(conflicts: Sequence[Conflict], here: Here, looks: Look) -> None:
    """A table of teams: in how many open conflicts, and what the picked ways out ask of each."""
    import pandas as pd

    asked: dict[str, dict[str | None, float]] = {team: {} for team in here.initiative.teams}
    changes: dict[str, set[str]] = {team: set() for team in here.initiative.teams}
    for conflict in conflicts:
        repair = chosen_repair(conflict)
        for concession in repair.concessions if repair else ():
            sums = asked.setdefault(concession.team, {})
            sums[concession.unit] = max(sums.get(concession.unit, 0.0), concession.amount)
        for edit in repair.changes if repair else ():
            team = here.initiative.constraint(edit.constraint).team
            changes.setdefault(team, set()).add(edit.constraint)
    rows = [
        {
            "Team": looks.teams[team].tag if team in looks.teams else team,
            "Conflicts": count(sum(team in c.teams for c in conflicts)),
            "Asked to give up": _asked(asked[team], len(changes.get(team, ()))),
        }
        for team in asked
    ]
    st.header("Who is asked to give way", anchor=False)
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)
    said = "By the ways out picked below, the most that one of them asks."
    st.caption(f"{said} Each needs the consent of the team that gives way.")


def _asked(sums: dict[str | None, float], rules: int) -> str:
    if not rules:
        return "nothing"
    most = ", ".join(amount(round(value, 2), unit) for unit, value in sums.items() if value)
    where = f"{rules} rule{'s' if rules > 1 else ''}"
    return f"up to {most}, in {where}" if most else f"a change of {where}"
