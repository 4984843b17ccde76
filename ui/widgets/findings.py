"""The findings of a mapping as a list: number, severity, sentence, what to do."""

import re
from collections.abc import Mapping, Sequence
from math import floor
from typing import Any

from ui.teams import Team
from ui.words import NO_BREAK, counted, html, listed, number, share

SEVERITIES = {"error": "✕ error", "warning": "! warning", "note": "– note"}
ORDER = ("error", "warning", "note")
SHARES = ("captured", "weight", "share", "distance", "revealed")
COUNTS = (("items", "item"), ("units", "unit"), ("teams", "team"), ("constraints", "constraint"), ("goals", "goal"))
OPEN_NOTES, MOST_OPEN = 4, 10


def findings(found: Sequence[Mapping[str, Any]], teams: Mapping[str, Team]) -> str:
    """HTML of the findings, most severe first; more than four notes, and what follows the tenth, wait behind one line.

    found: `findings` of `map` or `check --format json`, in their order within a severity.
    """
    rows = sorted(found, key=lambda f: ORDER.index(f["severity"]))
    notes = [f for f in rows if f["severity"] == "note"]
    unfolded = len(rows) - len(notes) if len(notes) > OPEN_NOTES and len(notes) < len(rows) else len(rows)
    unfolded = min(unfolded, MOST_OPEN) if len(rows) > MOST_OPEN + 1 else unfolded
    shown, folded = rows[:unfolded], rows[unfolded:]
    rest = ""
    if folded:
        kinds = {word: sum(f["severity"] == word for f in folded) for word in ORDER}
        said = listed(counted(n, word) for word, n in kinds.items() if n)
        rest = f"<details><summary>{said}</summary>{''.join(_row(f, teams) for f in folded)}</details>"
    return f'<div class="ac-findings">{"".join(_row(f, teams) for f in shown)}{rest}</div>'


def headline(found: Mapping[str, Any]) -> str:
    """The one number of a finding, out of its evidence: a share, a ratio or a count; nothing where there is none."""
    evidence = found.get("evidence") or {}
    if _numeric(evidence.get("ratio")):
        ratio = evidence["ratio"]
        return f"{number(floor(ratio + 0.5), 0) if ratio >= 2 else number(ratio, 1)}×"
    for key in SHARES:
        if _numeric(evidence.get(key)) and (key == "captured" or abs(evidence[key]) <= 1):
            return share(evidence[key])
    for key, one in COUNTS:
        value = evidence.get(key)
        n = len(value) if isinstance(value, (list, tuple)) else value
        if isinstance(n, int) and not isinstance(n, bool):
            return counted(n, one)
    return ""


def _kept(text: str) -> str:
    """The sentence as HTML, with numbers kept together with their percent sign."""
    return html(re.sub(r"(\d) %", rf"\1{NO_BREAK}%", text))


def _numeric(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _row(found: Mapping[str, Any], teams: Mapping[str, Team]) -> str:
    severity = found["severity"]
    size = headline(found)
    big = f'<span class="ac-number">{html(size)}</span>' if size else ""
    about = "".join(f" {teams[name].chip}" for name in found.get("teams") or () if name in teams)
    who = f'<span class="ac-about">{about}</span>' if about else ""
    do = f'<p class="ac-do">→ {_kept(found["suggestion"])}</p>' if found.get("suggestion") else ""
    return (
        f'<div class="{severity}"><span class="ac-severity">{big}<span>{SEVERITIES[severity]}</span></span>'
        f'<div><p class="ac-message">{_kept(found["message"])}{who}</p>{do}</div></div>'
    )
