"""How far the teams rank the goals alike, where their people have spread points."""

from typing import TYPE_CHECKING

import streamlit as st

from ui.figures.drawing import Look
from ui.figures.points import inside
from ui.figures.subjects import Goal
from ui.mapping.sentences import agreement_title
from ui.mapping.tables import pairs_table, ranks_table
from ui.widgets.figure import heading
from ui.widgets.tables import table_and_csv
from ui.words import listed, md, number

if TYPE_CHECKING:
    from alignment.objective.report import Agreement


def agreement(found: "Agreement", goals: list[Goal], look: Look) -> None:
    """The finding, the ranks by team, and each pair of teams behind it."""
    sub = (
        f"Rank of each goal, 1 the most important; Kendall’s W {number(found.w, 2)}, p {_p(found.p)} ({_method(found)})"
    )
    heading(agreement_title(found.w, found.p, len(found.teams)), sub)
    names = {goal.id: goal.name for goal in goals}
    ranks = ranks_table(found)
    shown = ranks.assign(goal=[md(names.get(goal, goal)) for goal in ranks["goal"]])
    for team in found.teams:
        shown[team] = [number(rank) for rank in shown[team]]
    shown = shown.rename(columns={team: look.team(team).tag for team in found.teams} | {"goal": "Goal"})
    st.table(shown, border="horizontal", hide_index=True)
    divided = [row for row in found.goals if _spread(row.ranks) >= len(found.goals) / 2]
    if divided:
        st.markdown(md(f"What divides them most: {listed(inside(names.get(r.goal, r.goal)) for r in divided)}."))
    table_and_csv(ranks, "agreement_ranks", label="Ranks and CSV")
    table_and_csv(pairs_table(found), "agreement_pairs", label="Pairs of teams and CSV")


def _spread(ranks) -> float:
    return max(ranks.values()) - min(ranks.values())


def _p(p: float | None) -> str:
    return "not known" if p is None else "below 0.001" if p < 0.001 else number(p, 3 if p < 0.1 else 2)


def _method(found: "Agreement") -> str:
    return "exact" if found.method == "exact" else "20,000 random permutations"
