"""The findings of a mapping as a list: number, severity, sentence, what to do."""

from collections.abc import Mapping, Sequence
from typing import Any

from ui.teams import Team
from ui.words import counted, html, number, share

SEVERITIES = {"error": "✕ error", "warning": "! warning", "note": "– note"}
ORDER = ("error", "warning", "note")
SHARES = ("weight", "share", "distance", "captured")
COUNTS = (("items", "item"), ("units", "unit"), ("teams", "team"), ("constraints", "constraint"), ("goals", "goal"))
OPEN_NOTES = 4


def findings(found: Sequence[Mapping[str, Any]], teams: Mapping[str, Team]) -> str:
    """HTML of the findings, most severe first; of more than four notes all are folded behind one line.

    found: `findings` of `map` or `check --format json`, in their order within a severity.
    """
    rows = sorted(found, key=lambda f: ORDER.index(f["severity"]))
    notes = [f for f in rows if f["severity"] == "note"]
    folded = notes if len(notes) > OPEN_NOTES and len(notes) < len(rows) else []
    shown = rows[: len(rows) - len(folded)]
    rest = (
        f"<details><summary>{counted(len(folded), 'note')}</summary>{''.join(_row(f, teams) for f in folded)}</details>"
        if folded
        else ""
    )
    return f'<div class="ac-findings">{"".join(_row(f, teams) for f in shown)}{rest}</div>'


def headline(found: Mapping[str, Any]) -> str:
    """The one number of a finding, out of its evidence: a share, a ratio or a count; nothing where there is none."""
    evidence = found.get("evidence") or {}
    if _numeric(evidence.get("ratio")):
        return f"{number(evidence['ratio'], 0 if evidence['ratio'] >= 2 else 1)}×"
    for key in SHARES:
        if _numeric(evidence.get(key)) and abs(evidence[key]) <= 1:
            return share(evidence[key])
    for key, one in COUNTS:
        value = evidence.get(key)
        n = len(value) if isinstance(value, (list, tuple)) else value
        if isinstance(n, int) and not isinstance(n, bool):
            return counted(n, one)
    return ""


def _numeric(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _row(found: Mapping[str, Any], teams: Mapping[str, Team]) -> str:
    severity = found["severity"]
    size = headline(found)
    big = f'<span class="ac-number">{html(size)}</span>' if size else ""
    about = " ".join(teams[name].chip for name in found.get("teams") or () if name in teams)
    who = f'<p class="ac-about">{about}</p>' if about else ""
    do = f'<p class="ac-do">→ {html(found["suggestion"])}</p>' if found.get("suggestion") else ""
    return (
        f'<div class="{severity}"><span class="ac-severity">{big}<span>{SEVERITIES[severity]}</span></span>'
        f'<div><p class="ac-message">{html(found["message"])}</p>{who}{do}</div></div>'
    )
