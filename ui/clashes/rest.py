"""What else the check found: rules that nearly clash, rules that do nothing, findings, and one item's trail."""

import streamlit as st

from alignment.conflicts.report import ConflictReport, as_json
from ui.figures.drawing import Look
from ui.rules.naming import named, tagged_all
from ui.session import Here
from ui.widgets.findings import findings
from ui.words import amount, count, listed, md


def near(report: ConflictReport, here: Here, looks: Look) -> None:
    """Opposing rules that hold together today, tightest first."""
    if not report.near:
        return
    import pandas as pd

    st.space(8)
    st.header("Close to a conflict", anchor=False)
    st.markdown(
        "These rules leave room on every item, and little on some. A change of an input can make them clash.", width=900
    )
    key = here.initiative.catalogue.key if here.initiative.catalogue else ""
    rows = [
        {
            "Rules": tagged_all(n.constraints, here.initiative, looks.teams),
            "Least room": amount(n.slack.min, n.slack.unit),
            "At item": md(n.worst.get(key, "")),
            "Items within 5\u00a0%": count(n.items_within_5_percent),
        }
        for n in report.near[:8]
    ]
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)


def idle(report: ConflictReport, here: Here, looks: Look) -> None:
    """Rules that never decide anything, with the rule that makes them needless, and those that are out of force."""
    idle_rules = [s for s in report.constraints if s.status in ("never_binds", "never_applies")]
    if not idle_rules:
        return
    import pandas as pd

    st.space(8)
    st.header("Rules that decide nothing today", anchor=False)
    rows = [{"Rule": tagged_all([s.id], here.initiative, looks.teams), "Why": md(_why(s))} for s in idle_rules]
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)


def _why(status) -> str:
    if status.status == "never_applies":
        return "No item is in its scope."
    if status.implied_by:
        return f"On every item in scope {listed(named(id) for id in status.implied_by)} allows less."
    return "On every item in scope something else allows less."


def further_findings(report: ConflictReport, looks: Look) -> None:
    """Findings that change no verdict: missing values, overdue reviews, rules without an owner."""
    found = [f for f in report.findings if f.code not in ("never_binds", "never_applies", "not_checked_yet")]
    if not found:
        return
    st.space(8)
    st.header("Worth knowing", anchor=False)
    st.html(findings([as_json(f) for f in found], looks.teams))
