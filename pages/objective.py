"""Objective: what the model optimises, and whether it maps to what the teams want."""

from dataclasses import asdict

import streamlit as st

from alignment.errors import AccordError
from ui.figures.coverage import matrix
from ui.figures.flow import flow
from ui.joining import join_bar
from ui.mapping import behaviour, form, tables
from ui.mapping.code import reproduce
from ui.mapping.judged import judged
from ui.mapping.sentences import counts_of, findings_title, objective_title
from ui.mapping.subjects import goals_of
from ui.mapping.upload import stands, upload
from ui.opening import catch_up, opened
from ui.session import Here
from ui.shell import page_file
from ui.theme import look
from ui.widgets.figure import figure, heading
from ui.widgets.findings import findings
from ui.widgets.notes import empty, problem
from ui.widgets.tables import table_and_csv
from ui.words import capital, md


def draw(here: Here) -> None:
    initiative = here.initiative
    if not initiative.metrics and initiative.objective is None:
        return empty(
            "No objective yet", "It is written over metrics, and none is recorded: what is measured, in which unit.",
            "frame", "Record metrics under Frame",
        )  # fmt: skip
    if initiative.objective is None:
        empty("No objective yet", "Write what the model optimises, and see whether it maps to what the teams want.")
        return form.edit(here, opened=True)
    if not initiative.goals:
        empty(
            "No goal yet to map the objective to",
            "A goal is what a team wants of a metric, and how much it counts.",
            "frame",
            "Record goals under Frame",
        )
        form.statement(here)
        form.undo(here)
        return form.edit(here)
    try:
        with st.spinner("Mapping the objective to the goals …", show_time=True):
            found = judged(here.ground)
    except AccordError as error:
        st.title("The objective cannot be read", anchor=False)
        problem(str(error))
        form.statement(here)
        form.undo(here)
        return form.edit(here)
    catch_up(here)
    mapped(here, found.report, found.problem)


def mapped(here: Here, report, trouble: str | None) -> None:
    initiative, looks = here.initiative, look(here.initiative.teams)
    goals = goals_of(initiative, report.weights)
    coverage, terms = [asdict(c) for c in report.coverage], [asdict(t) for t in report.terms]
    st.title(md(objective_title(report, goals, coverage)), anchor=False)
    st.markdown(md(f"{capital(report.verdict)} · {counts_of(report, len(goals))}"), width=900)
    join_bar(here, "write the objective")
    for sentence in (trouble or "").splitlines():
        problem(sentence)
    left, right = st.columns([7, 5], gap=32)
    with left:
        form.statement(here)
        form.undo(here)
        form.edit(here)
        figure(flow(goals, coverage, terms, looks), "flow", tables.flow_table(report, goals))
        st.space(8)
        ahead = initiative.objective.horizon_days
        figure(matrix(goals, coverage, terms, ahead, looks), "matrix", tables.matrix_table(report, goals, ahead))
        st.space(8)
        choices(here, report, looks)
    with right:
        sub = "Most severe first, with the weight, the ratio or the count that each is about"
        heading(findings_title(report), sub)
        st.html(findings([asdict(f) for f in report.findings], looks.teams))
        table_and_csv(tables.findings_table(report), "findings")
    reproduce(here.ground, report)


def choices(here: Here, report, looks) -> None:
    """What the model would choose: the captured share in short, or what is needed to measure it."""
    file = here.ground.decisions
    if report.behaviour is not None:
        behaviour.captured(report, looks, table=False)
        st.page_link(
            page_file("behaviour"), label="Who pays, and what would repair it", icon=":material/arrow_forward:"
        )
    elif file is None:
        sub = "A decision table shows what the model would choose on each item, and what the goals would choose."
        heading("What the model would choose is not measured yet", sub)
    name = "Use another decision table" if file else "Add a decision table"
    with st.expander(name, type="compact", expanded=file is None, key="decisions"):
        if file is not None and here.initiative.decisions is not None:
            st.caption(md(stands(here.initiative, file)))
        upload(here)


draw(opened())
