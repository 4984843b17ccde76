"""Small marks: verdicts, teams and people."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import streamlit as st

from ui.teams import Team
from ui.words import html, md

Kind = Literal["conflict", "clear", "open"]
COLOURS: dict[Kind, Literal["red", "yellow", "gray"]] = {"conflict": "red", "clear": "yellow", "open": "gray"}
VERDICTS: dict[str, tuple[Kind, str]] = {
    "conflict": ("conflict", "close"),
    "misaligned": ("conflict", "close"),
    "clear": ("clear", "check"),
    "aligned": ("clear", "check"),
    "partly": ("open", "contrast"),
    "incomplete": ("open", "hourglass_empty"),
    "unknown": ("open", "question_mark"),
    "unsigned": ("open", "draw"),
    "signed": ("clear", "draw"),
}


class Chip(NamedTuple):
    """A verdict and the words that say it; the word comes first, the colour second."""

    verdict: str
    words: str


def chips(row: Sequence[Chip]) -> None:
    """Draw chips one after the other; place them in a horizontal container."""
    for verdict, words in row:
        kind, icon = VERDICTS[verdict]
        st.badge(_for_badge(words), icon=f":material/{icon}:", color=COLOURS[kind])


def _for_badge(words: str) -> str:
    """Markdown for a badge, which escapes brackets itself."""
    return md(words).replace("\\[", "[").replace("\\]", "]")


def initials(name: str) -> str:
    """Two letters of a name: Lena Maier is LM, lena is LE."""
    parts = [part for part in name.replace("-", " ").replace(".", " ").split() if part]
    if not parts:
        return "?"
    letters = parts[0][:2] if len(parts) == 1 else parts[0][0] + parts[-1][0]
    return letters.upper()


def dot(name: str, team: Team) -> str:
    """A person's initials on the team's colour, whole name and team on hover and for screen readers."""
    whole = html(f"{name}, {team.name}")
    return (
        f'<span class="ac-dot" role="img" aria-label="{whole}" title="{whole}" '
        f'style="background:{team.colour};color:{team.text}">{html(initials(name))}</span>'
    )


def pick_team(label: str, teams: Mapping[str, Team], key: str, **options) -> str | None:
    """Pills to pick one team; returns its id, or None."""
    return st.pills(label, list(teams), format_func=lambda name: teams[name].tag, key=key, wrap=True, **options)


def pick_teams(label: str, teams: Mapping[str, Team], key: str, **options) -> list[str]:
    """Pills to pick any number of teams; returns their ids."""
    return st.pills(
        label,
        list(teams),
        format_func=lambda name: teams[name].tag,
        selection_mode="multi",
        key=key,
        wrap=True,
        **options,
    )
