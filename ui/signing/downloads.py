"""What can be taken away: the constraint sheet, the whole file, the decisions; each made when it is asked for."""

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from alignment.exports import export
from alignment.exports.cells import csv_text
from alignment.initiative.models import Initiative
from alignment.initiative.writing import to_json, to_yaml
from ui import analysis
from ui.session import Here
from ui.words import in_words

if TYPE_CHECKING:
    from alignment.conflicts.report import ConflictReport

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Offer(NamedTuple):
    """One download: what it is, what for, the label of its button, its ending and kind, and what makes it."""

    name: str
    use: str
    label: str
    ending: str
    mime: str
    make: Callable[[], bytes]


def offers(here: Here, report: "ConflictReport | None") -> list[Offer]:
    """The downloads, each of which makes its bytes when it is asked to."""
    initiative, mapping = here.initiative, analysis.known_mapping(here.ground)

    def sheet(to: str) -> Callable[[], bytes]:
        return lambda: export(initiative, report, mapping, to)

    return [
        Offer("Constraint sheet", "for the meeting, one row per rule", "XLSX", ".xlsx", XLSX, sheet("xlsx")),
        Offer("Constraints", "for a spreadsheet or a script", "CSV", ".csv", "text/csv", sheet("csv")),
        Offer(
            "Rules and results",
            "for programs that enforce them",
            "JSON",
            "-sheet.json",
            "application/json",
            sheet("json"),
        ),
        Offer(
            "Initiative",
            "the whole file, for git",
            "YAML",
            ".yaml",
            "application/yaml",
            lambda: to_yaml(initiative).encode(),
        ),
        Offer(
            "Initiative",
            "the same for programs",
            "JSON",
            ".json",
            "application/json",
            lambda: to_json(initiative).encode(),
        ),
        Offer("Summary", "for a page or a ticket", "Markdown", ".md", "text/markdown", sheet("markdown")),
        Offer(
            "Decision log",
            "who gave way, when and why",
            "CSV",
            "-decisions.csv",
            "text/csv",
            lambda: decisions(initiative),
        ),
    ]


def decisions(initiative: Initiative) -> bytes:
    """The decision log as CSV that spreadsheets open rightly, with no cell that could act as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("date", "about", "outcome", "by", "because"))
    for d in initiative.decisions_log:
        cells = (f"{d.date:%Y-%m-%d}", ", ".join(d.about), d.outcome, ", ".join(d.by), d.because or "")
        writer.writerow([csv_text(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def downloads(here: Here, report: "ConflictReport | None", draft: str) -> None:
    """The list of downloads. draft: why they are marked as a draft, empty where they are not."""
    st.header("Take it with you", anchor=False)
    mark = "-draft" if draft else ""
    with st.container(gap=8):
        for number, offer in enumerate(offers(here, report)):
            with st.container(horizontal=True, vertical_alignment="center", gap=8, key=f"dl_{number}"):
                with st.container(gap=0, width="stretch"):
                    st.markdown(f"**{offer.name}**")
                    st.caption(offer.use)
                st.download_button(
                    offer.label, offer.make, f"{here.initiative.slug}{mark}{offer.ending}", offer.mime,
                    key=f"download_{number}", icon=":material/download:", width=128, on_click="ignore",
                )  # fmt: skip
    if draft:
        st.caption(f"Files made now are marked *draft* in their name, because {draft}; the sheet lists what is open.")


def draft_reason(report: "ConflictReport | None") -> str:
    """Why what is exported now is a draft; empty where it is not."""
    if report is None:
        return "the rules have not been checked"
    still = [c for c in report.conflicts if c.waived_until is None and c.strength == "hard"]
    return f"{in_words(len(still), 'conflict')} {'is' if len(still) == 1 else 'are'} open" if still else ""
