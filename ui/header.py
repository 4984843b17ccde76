"""The header of every page but Home: which initiative, how far it is, who is here, the verdicts, what changed last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from ui.teams import Team, roster
from ui.widgets.chips import Chip, chips, dot
from ui.words import count, html

STEPS = ("Frame", "Record", "Resolve", "Sign")
SEATS = 8


@dataclass(frozen=True)
class Head:
    """What the header says. `people` are (name, team id), those of one team side by side; `stage` is one of STEPS."""

    name: str
    stage: str
    people: Sequence[tuple[str, str]] = ()
    chips: Sequence[Chip] = ()
    last_change: str = ""
    teams: Sequence[str] = field(default_factory=tuple)


def header(head: Head) -> None:
    """Draw the header, 67 px high at 1440: name, steps and people on one line, chips and the last change below."""
    teams = roster([*head.teams, *(team for _, team in head.people)])
    with st.container(key="head", gap=6):
        st.html(
            f'<div class="ac-head"><span class="ac-name">{html(head.name)}</span>'
            f"{steps_html(head.stage)}{people_html(head.people, teams)}</div>"
        )
        with st.container(horizontal=True, gap=8, vertical_alignment="center"):
            chips(head.chips)
            if head.last_change:
                st.space("stretch")
                st.html(f'<span class="ac-last">{html(head.last_change)}</span>', width="content")


def steps_html(stage: str) -> str:
    """The four steps of the workshop, those behind ticked, the present one marked for eye and screen reader."""
    now = STEPS.index(stage)
    items = (
        f'<span role="listitem"{" aria-current=step" if k == now else ""}>{"✓ " if k < now else ""}{step}</span>'
        for k, step in enumerate(STEPS)
    )
    return f'<div class="ac-steps" role="list" aria-label="Stage">{"".join(items)}</div>'


def people_html(people: Sequence[tuple[str, str]], teams: Mapping[str, Team]) -> str:
    """Initials of who is here in their team's colour; beyond eight, a number."""
    if not people:
        return ""
    shown = people if len(people) <= SEATS else people[: SEATS - 1]
    more = f'<span class="ac-dot ac-more">+{len(people) - len(shown)}</span>' if len(people) > len(shown) else ""
    dots = "".join(dot(name, teams[team]) for name, team in shown)
    return f'<div class="ac-who"><span class="ac-soft">{count(len(people))} here</span>{dots}{more}</div>'
