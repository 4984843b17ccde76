"""Behaviour: what the objective would choose on the decision table, against what the goals would choose."""

import streamlit as st

from alignment.errors import AccordError
from ui.joining import join_bar
from ui.mapping import behaviour as show
from ui.mapping.agreement import agreement
from ui.mapping.code import reproduce
from ui.mapping.item import worst_items
from ui.mapping.judged import judged, moved
from ui.mapping.repair import repair
from ui.mapping.sentences import behaviour_title, left_out, seen_line
from ui.mapping.subjects import goals_of, rules_of
from ui.mapping.weights import move_weights
from ui.opening import catch_up, opened
from ui.session import Here
from ui.theme import look
from ui.widgets.notes import empty, notice, problem
from ui.words import capital, md


def draw(here: Here) -> None:
    initiative = here.initiative
    if initiative.objective is None:
        return empty(
            "No objective yet",
            "What a model would choose follows from what it optimises.",
            "objective",
            "Record the objective",
        )
    if not initiative.goals:
        return empty(
            "No goal yet",
            "A choice is good or bad for goals: each with its team, metric and weight.",
            "frame",
            "Record goals under Frame",
        )
    try:
        with st.spinner("Choosing on every item …", show_time=True):
            found = judged(here.ground)
    except AccordError as error:
        st.title("The objective cannot be read", anchor=False)
        return problem(str(error))
    if found.report.behaviour is None:
        if found.problem:
            problem(found.problem)
        return empty(
            "No decision table yet",
            "It holds, for each item, the candidates that the model could choose, with the metrics predicted for each.",
            "objective", "Add one under Objective",
        )  # fmt: skip
    catch_up(here)
    behave(here, found.report)


def behave(here: Here, base) -> None:
    """The page where there is something to measure. base: the report under the recorded weights."""
    initiative, looks = here.initiative, look(here.initiative.teams)
    seen = [row.goal for row in base.behaviour.regret]
    top, strip = st.container(), st.container()
    with st.container(horizontal=True, gap=8):
        weights = move_weights(goals_of(initiative), seen, looks)
        report = moved(here.ground, base, weights) if weights else base
        rules = {rule.id: rule for rule in rules_of(initiative)}
        goals = goals_of(initiative, report.weights)
        names = {id: rule.name for id, rule in rules.items()}
        show.rules_applied(report.behaviour, rules, left_out(report.behaviour, goals, names), looks)
        quick = report.behaviour.robustness is None
        if weights and quick and st.button("Work out robustness and a repair for these weights", key="thorough"):
            with st.spinner("Trying weights and coefficients …", show_time=True):
                report = moved(here.ground, base, weights, thorough=True)
    with top:
        heading(here, report, goals, bool(weights))
    with strip:
        show.captured(report, looks)
        show.beside_the_strip(report)
    figures(here, base, report, goals, list(rules.values()), looks)
    below(here, base, report, names, bool(weights))
    if base.agreement is not None:
        agreement(base.agreement, goals, looks)
    reproduce(here.ground, report, weights)


def heading(here: Here, report, goals, is_moved: bool) -> None:
    st.title(md(behaviour_title(report, [lever.name for lever in here.initiative.levers])), anchor=False)
    items = report.behaviour.items + report.behaviour.infeasible_items
    st.markdown(md(f"{capital(report.verdict)} · {seen_line(report.behaviour, goals, items)}"), width=900)
    join_bar(here, "adopt weights")
    if is_moved:
        notice("These figures are under weights that you moved; what is recorded stays as it is.")


def figures(here: Here, base, report, goals, rules, looks) -> None:
    left, right = st.columns(2, gap=32)
    with left:
        show.who_pays(report, goals, looks)
    with right:
        show.two_goals(here.ground, base, report, goals, looks)
    st.space(8)
    texts = {c.id: c.rule + (f" where {c.where}" if c.where else "") for c in here.initiative.constraints}
    show.harder_and_rules_and_weights(report, goals, rules, texts, looks)
    st.space(8)


def below(here: Here, base, report, names, is_moved: bool) -> None:
    left, right = st.columns([5, 7], gap=32)
    units = {lever.name: lever.unit for lever in here.initiative.levers}
    with right:
        key = here.initiative.decisions.item
        worst_items(base, report, key, units, names)
    with left:
        if report.repair is not None:
            repair(here, report, report.repair)
        else:
            show.no_repair(is_moved)


draw(opened())
