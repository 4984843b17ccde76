"""The constraint sheet as Markdown, for a wiki or a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from alignment.conflicts.report import Conflict, ConflictReport, as_json
from alignment.exports.sheet import Cell, Row, backstop_rows, constraint_rows, open_points
from alignment.exports.wording import headline, value
from alignment.initiative.models import Initiative
from alignment.words import UNKNOWN, counted, share

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>#|~])")
_TABLE = (
    "id",
    "rule",
    "where",
    "strength",
    "priority",
    "status",
    "in_scope",
    "violated_today",
    "conflicts",
    "owner",
    "because",
)


def to_markdown(initiative: Initiative, report: ConflictReport | None = None, mapping: Any = None) -> bytes:
    """Verdict and open points first, then each team's constraints, conflicts, backstops and the mapping's findings."""
    rows = constraint_rows(initiative, report)
    blocks = [
        f"# {_text(initiative.title)}",
        *_verdicts(report, mapping),
        *_list("What is open", open_points(initiative, report)),
    ]
    for team in dict.fromkeys([*initiative.teams, *(str(row["team"]) for row in rows)]):
        own = [row for row in rows if row["team"] == team]
        blocks += [f"## Constraints of {_text(team)}", _table(_TABLE, own)] if own else []
    if report and report.conflicts:
        blocks += ["## Conflicts", *(_conflict(c) for c in report.conflicts)]
    backstops = backstop_rows(initiative)
    blocks += ["## Backstops", _table(tuple(backstops[0]), backstops)] if backstops else []
    findings = as_json(mapping)["findings"] if mapping else []
    blocks += _list("Findings of the objective mapping", [f"{f['severity']}: {f['message']}" for f in findings])
    return ("\n\n".join(blocks) + "\n").encode("utf-8", "replace")


def _verdicts(report: ConflictReport | None, mapping: Any) -> list[str]:
    said = []
    if report:
        found = counted(len(report.conflicts), "conflict")
        said.append(f"Constraints: **{report.verdict}**, {found} on {counted(report.items, 'item')}.")
    if mapping:
        said.append(f"Objective: **{as_json(mapping)['verdict']}**.")
    hashed = as_json(report or mapping)
    return [*said, f"Content hash `{hashed['content_hash']}`."] if hashed else said


def _conflict(conflict: Conflict) -> str:
    facts = f"{conflict.strength}, {counted(conflict.items, 'item')}, {share(conflict.share)}"
    return f"**{_text(headline(conflict))}** ({facts}). {_text(conflict.explanation)}"


def _list(heading: str, lines: Sequence[str]) -> list[str]:
    return [f"## {heading}", "\n".join(f"- {_text(line)}" for line in lines)] if lines else []


def _table(columns: Sequence[str], rows: Iterable[Row]) -> str:
    lines = ["| " + " | ".join(name.replace("_", " ") for name in columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(_cell(name, row[name]) for name in columns) + " |" for row in rows]
    return "\n".join(lines)


def _cell(name: str, of: Cell) -> str:
    if of is None or of == "":
        return UNKNOWN
    return _text(of) if isinstance(of, str) else value(of)


def _text(text: str) -> str:
    return _ACTIVE.sub(r"\\\1", " ".join(str(text).split()))
