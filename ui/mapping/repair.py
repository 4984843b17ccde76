"""The repaired weights beside today's, their proof, and adopting them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import streamlit as st

from alignment.errors import AccordError
from alignment.initiative.models import Objective, Term
from alignment.store import Edit
from ui.mapping.sentences import repair_sub, repair_title
from ui.mapping.tables import repair_table
from ui.opening import say_next
from ui.session import Here
from ui.widgets.figure import heading
from ui.widgets.notes import problem
from ui.widgets.tables import table_and_csv
from ui.words import md, number
from ui.workshop import workshop

if TYPE_CHECKING:
    from alignment.objective.report import MappingReport, Repair


def repaired(objective: Objective, weights: Mapping[str, float]) -> Objective:
    """The objective as terms with the repaired coefficients; its horizon and owner stay, rates that still hold too."""
    rates = {term.metric: term.rate for term in objective.terms or ()}
    terms = tuple(
        Term(metric=metric, coefficient=Decimal(repr(value)), **({"rate": rates[metric]} if rates.get(metric) else {}))
        for metric, value in weights.items()
    )
    kept = {name: value for name in ("horizon_days", "owner") if (value := getattr(objective, name)) is not None}
    return Objective(sense="maximise", terms=terms, **kept)


def repair(here: Here, report: "MappingReport", found: "Repair") -> None:
    """The table of coefficients, and the button that makes them the objective."""
    heading(repair_title(found), repair_sub(found, report.behaviour))
    units = {metric.name: metric.unit for metric in here.initiative.metrics}
    table = repair_table(report, found, units)
    shown = table.assign(
        term=[f"{md(m)}{f', {md(u)}' if u else ''}" for m, u in zip(table["term"], table["unit"], strict=True)],
        now=[_coefficient(v) or "–" for v in table["now"]],
        repaired=[f"**{said}**" if (said := _coefficient(v)) else "–" for v in table["repaired"]],
    )[["term", "now", "repaired"]]
    st.table(shown, border="horizontal", hide_index=True)
    st.caption(
        "Coefficients per unit of each metric, larger is what the model wants. They fit this table and these rules: "
        "measure again when either changes."
    )
    may = here.member is not None and here.member.role != "reviewer"
    why = None if may else "Only members of a team may change the objective; join as one"
    key = f"adopt_{here.ground.key[:12]}"  # a button drawn for other content than is on screen now adopts nothing
    if st.button("Adopt the repaired weights", type="primary", key=key, disabled=not may, help=why):
        try:
            adopt(here, found.weights)
        except AccordError as error:
            problem(str(error))
    table_and_csv(table, "repair")


def _coefficient(value: float | None) -> str:
    return "" if value is None or value != value else number(value, sign=True)


def adopt(here: Here, weights: Mapping[str, float]) -> None:
    """Records the repaired objective. Raises Stale where somebody has changed it meanwhile, and NotAllowed."""
    entry = workshop().entry(here.id, "objective", "objective")
    assert here.initiative.objective is not None and here.actor is not None
    new = repaired(here.initiative.objective, weights)
    workshop().apply(here.id, [Edit("objective", "objective", new, entry.version)], here.actor)
    say_next("The repaired weights are the objective now; the page Objective can take that back.")
    st.rerun()
