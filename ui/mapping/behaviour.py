"""The layout of the page Behaviour: the captured share, who pays, and where it turns, each figure with its table."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

from ui.figures.behaviour import goodhart, strip
from ui.figures.drawing import Look
from ui.figures.guardrails import guardrails
from ui.figures.pareto import pareto
from ui.figures.regret import cascade
from ui.figures.subjects import Goal, Rule
from ui.figures.weights import weights
from ui.mapping import judged, tables
from ui.mapping.sentences import dominated_sentence, rank_sentence, robustness_sentence
from ui.widgets.figure import figure, heading
from ui.widgets.tables import table_and_csv
from ui.words import md

if TYPE_CHECKING:
    from alignment.objective.report import Behaviour, MappingReport
    from ui.analysis import Ground


def captured(report: "MappingReport", look: Look, table: bool = True) -> None:
    """The strip of the captured share."""
    behaviour = report.behaviour
    assert behaviour is not None
    figure(strip(asdict(behaviour), look), "captured", tables.captured_table(behaviour) if table else None)


def beside_the_strip(report: "MappingReport") -> None:
    """Robustness, order and dominated choices, in sentences."""
    behaviour = report.behaviour
    assert behaviour is not None
    said = [robustness_sentence(behaviour.robustness, report.verdict), rank_sentence(behaviour)]
    if behaviour.captured.model is not None:
        said.append(dominated_sentence(behaviour))
    st.markdown(md(" ".join(filter(None, said))), width=900)


def rules_applied(behaviour: "Behaviour", rules: Mapping[str, Rule], notes: Sequence[str], look: Look) -> None:
    """The rules that narrow the choices, and what is left out of the figures."""
    applied = [row.constraint for row in behaviour.guardrails]
    with st.popover(f"{len(applied)} rules applied", icon=":material/rule:", key="rules_applied"):
        st.caption("Hard rules in force, item by item. A candidate that breaks one can be chosen by nobody.")
        lines = [f"{look.team(rules[id].team).symbol_md} {md(rules[id].name)}" for id in applied if id in rules]
        st.markdown("  \n".join(lines) or md("No hard rule is in force."))
        for note in notes:
            st.markdown(md(note))


def who_pays(report: "MappingReport", goals: Sequence[Goal], look: Look) -> None:
    """The cascade from the best choice to the model."""
    behaviour = report.behaviour
    assert behaviour is not None
    figure(cascade(asdict(behaviour), goals, look), "regret", tables.regret_table(behaviour))
    table_and_csv(tables.teams_table(behaviour), "regret_by_team", label="By team, and CSV")


def harder_and_rules_and_weights(
    report: "MappingReport", goals: Sequence[Goal], rules: Sequence[Rule], texts: Mapping[str, str], look: Look
) -> None:
    """Three figures in a row: choosing harder, the price of each rule, what the objective acts on."""
    behaviour = report.behaviour
    assert behaviour is not None
    plain = asdict(behaviour)
    row = st.columns(3, gap=32)
    with row[0]:
        figure(goodhart(plain, look), "goodhart", tables.goodhart_table(behaviour))
    with row[1]:
        figure(guardrails(plain, rules, look), "guardrails", tables.guardrails_table(behaviour, texts))
    with row[2]:
        figure(weights(plain, goals, look), "weights", tables.weights_table(behaviour))


@st.fragment
def two_goals(
    ground: "Ground", base: "MappingReport", report: "MappingReport", goals: Sequence[Goal], look: Look
) -> None:
    """The plot of any two goals, picked above it. base: the report that holds what is prepared."""
    behaviour = report.behaviour
    assert behaviour is not None
    changes = {row.goal: row for row in behaviour.regret}
    seen = [goal for goal in goals if goal.id in changes]
    if len(seen) < 2:
        title = "One goal alone has no trade-off" if seen else "No goal can be moved on this table"
        heading(title)
        return
    first, second = sorted(seen, key=lambda g: (-(changes[g.id].share or 0), -g.weight))[:2]
    names = {goal.id: goal.name for goal in seen}
    place = st.container()
    with st.container(horizontal=True, gap=16):
        x = st.selectbox(
            "Across", names, index=list(names).index(first.id), format_func=names.get, key="pareto_x", width=240
        )
        others = [goal for goal in names if goal != x]
        y_at = others.index(second.id) if second.id in others else 0
        y = st.selectbox("Up", others, index=y_at, format_func=names.get, key="pareto_y", width=240)
    by_id = {goal.id: goal for goal in seen}
    frontier = judged.frontier(ground, base, x, y)
    direction = directions(base, (x, y))
    points = {
        "today": (0.0, 0.0),
        "random": frontier.random,
        "model": tuple(d * changes[g].model_change for g, d in zip((x, y), direction, strict=True)),
        "best": tuple(d * changes[g].best_change for g, d in zip((x, y), direction, strict=True)),
    }
    line = [(float(a), float(b)) for a, b in frontier.points]
    with place:
        drawn = pareto(line, points, by_id[x], by_id[y], look)
        figure(drawn, "pareto", tables.pareto_table(frontier, points, by_id[x], by_id[y]))


def directions(report: "MappingReport", goals: Sequence[str]) -> list[int]:
    """+1 for each goal that wants more of its metric, −1 for one that wants less."""
    assert report.prepared is not None and report.prepared.choices is not None
    known = {stake.goal.id: stake.direction for stake in report.prepared.choices.stakes}
    return [known[goal] for goal in goals]


def no_repair(is_moved: bool) -> None:
    """What stands where a repair would: none is offered, or none was worked out for moved weights."""
    if is_moved:
        title = "A repair for these weights has not been worked out"
        sub = "It takes a few seconds; the button above does it."
    else:
        title = "No repair is offered"
        sub = "No coefficients over the metrics that the model can compute gain on items they were not fitted on."
    heading(title, sub)
