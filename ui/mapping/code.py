"""The cell of a notebook that gives the same numbers as the page, with the files that it reads."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from alignment.initiative.models import Initiative
from alignment.initiative.writing import to_yaml
from ui.analysis import Ground
from ui.words import listed

if TYPE_CHECKING:
    from alignment.objective.report import MappingReport


def cell(
    initiative: str, catalogue: str | None, decisions: str | None, weights: Mapping[str, float] | None = None
) -> str:
    """Python that maps the objective from files: names of the initiative file and of its tables, and moved weights."""
    given = [f'"{initiative}"']
    given += [f'{name}="{file}"' for name, file in (("decisions", decisions), ("catalogue", catalogue)) if file]
    given += [f"weights={ {goal: round(weight, 6) for goal, weight in weights.items()} }"] if weights else []
    call = "report = alignment.map_objective(" + "".join(f"\n    {part}," for part in given) + "\n)"
    lines = ["import alignment", "", call, "print(report.verdict)", "for found in report.findings:"]
    lines += ["    print(found.severity, found.message)"]
    if decisions:
        lines += ["", "captured = report.behaviour.captured", "print(captured.model, captured.low, captured.high)"]
        lines += ["for row in report.behaviour.regret:", "    print(row.goal, row.team, row.share, row.amount)"]
    return "\n".join(lines) + "\n"


def reproduce(ground: Ground, report: "MappingReport", weights: Mapping[str, float] | None = None) -> None:
    """The cell on the page, folded away, and a download of each file that it reads."""
    initiative = ground.initiative
    tables = [file for file in (ground.catalogue, ground.decisions) if file is not None]
    catalogue = ground.catalogue.name if ground.catalogue and ground.decisions else None
    decisions = ground.decisions.name if ground.decisions and report.behaviour else None
    name = f"{initiative.slug}.yaml"
    with st.expander("The same numbers in Python", type="compact", key="reproduce"):
        files = listed([name, *(file.name for file in tables if decisions)])
        st.caption(f"Run it in a folder with {files}, where the package is installed or checked out.")
        st.code(cell(name, catalogue, decisions, weights), language="python")
        with st.container(horizontal=True, gap=8):
            _download(file_text(initiative, decisions is not None), name, "application/yaml")
            for file in tables if decisions else ():
                _download(file.path.read_bytes, file.name, "application/octet-stream")
        st.caption(f"Content hash {report.content_hash}")


def file_text(initiative: Initiative, with_table: bool) -> bytes:
    """The initiative file; without its decision table where the report stands on none."""
    read = initiative if with_table else initiative.model_copy(update={"decisions": None})
    return to_yaml(read).encode()


def _download(data, name: str, kind: str) -> None:
    st.download_button(
        name, data, file_name=name, mime=kind, icon=":material/download:", key=f"file_{name}", on_click="ignore"
    )
