"""Who is here, which initiative is on screen, and what follows from it at the revision that this run has seen.

The initiative is in the address (`?initiative=…`), so that a link leads to it. Who a person is stands in a cookie of
this browser, so that a reload keeps it and a link that is passed on does not.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from alignment.initiative.models import Initiative
from alignment.store.values import Actor, Member
from ui import analysis, presence
from ui.widgets.memory import remember, remembered
from ui.workshop import workshop

if TYPE_CHECKING:
    from alignment.conflicts.check import Situation
    from alignment.conflicts.moves import Breaking
    from alignment.conflicts.report import ConflictReport
    from alignment.conflicts.stress import Stressed
    from alignment.objective.report import MappingReport

INITIATIVE = "initiative"
_MINE = "members"


@dataclass(frozen=True)
class Here:
    """What a run of a page is about. `member` is None for a visitor who has not joined, and reads."""

    id: str
    initiative: Initiative
    revision: int
    member: Member | None
    ground: analysis.Ground

    @property
    def actor(self) -> Actor | None:
        return self.member.actor if self.member else None

    @property
    def leads(self) -> bool:
        """Whether the person is a facilitator, who may do everything."""
        return self.member is not None and self.member.role == "facilitator"

    def may_edit(self, team: str) -> bool:
        """Whether the person may change a record of a team."""
        return self.leads or (self.member is not None and self.member.role != "reviewer" and self.member.team == team)


def here() -> Here | None:
    """What this run is about; None where no initiative has been chosen or the address names one that is not there."""
    chosen = initiative_id()
    if chosen is None:
        return None
    found = at(chosen)
    if found.member is not None:
        presence.saw(chosen, found.member)
    return found


def at(initiative_id: str) -> Here:
    """An initiative as it stands and who this browser is in it."""
    revision, ground = workshop().revision(initiative_id), analysis.ground(initiative_id)
    return Here(initiative_id, ground.initiative, revision, mine(initiative_id), ground)


def initiative_id() -> str | None:
    """The initiative of the address, else the last one on screen, else the only one there is; kept in the address."""
    known = [summary.id for summary in workshop().initiatives()]
    asked = st.query_params.get(INITIATIVE) or st.session_state.get(INITIATIVE)
    if asked is None and len(known) == 1:
        asked = known[0]
    if asked not in known:
        return None
    choose(asked)
    return asked


def choose(initiative_id: str) -> None:
    """Puts an initiative on screen, from this run on."""
    st.session_state[INITIATIVE] = initiative_id
    if st.query_params.get(INITIATIVE) != initiative_id:
        st.query_params[INITIATIVE] = initiative_id


def mine(initiative_id: str) -> Member | None:
    """Who this browser is in an initiative, as the store knows the person now."""
    for token in _tokens():
        found = workshop().member(token)
        if found is not None and found[0] == initiative_id:
            return found[1]
    return None


def last_name() -> tuple[str, str]:
    """Name and team that this browser last joined with, empty where it never did."""
    found = [workshop().member(token) for token in _tokens()]
    last = next((pair[1] for pair in reversed(found) if pair is not None), None)
    return (last.name, last.team) if last else ("", "")


def join(initiative_id: str, name: str, team: str) -> Member:
    """Makes the person at this browser a member and remembers it. Raises UsageError, or NotAllowed."""
    member = workshop().join(initiative_id, name, team)
    took_seat(member)
    return member


def took_seat(member: Member) -> None:
    """Remembers in this browser who the person is."""
    st.session_state[_MINE] = [*(t for t in _tokens() if t != member.token), member.token]


def keep_seats() -> None:
    """Has the browser remember who the person is; call it once in every run."""
    remember(_tokens())


def _tokens() -> list[str]:
    if _MINE not in st.session_state:
        st.session_state[_MINE] = remembered()
    return st.session_state[_MINE]


def situation(here: Here) -> "Situation":
    """The situation of a check of what is on screen. Raises AccordError."""
    return analysis.situation(here.ground)


def bare_report(here: Here) -> "ConflictReport":
    """The same without ways out, at once. Raises AccordError."""
    return analysis.bare_report(here.ground)


def report(here: Here) -> "ConflictReport":
    """The report of conflicts in what is on screen. Raises AccordError."""
    return analysis.report(here.ground)


def moved(here: Here, column: str, percent: int) -> "Stressed":
    """What it does when a column moves by some percent on every item. Raises AccordError."""
    return analysis.moved(here.ground, column, percent)


def breaking(here: Here, column: str) -> "tuple[Breaking, ...]":
    """Pairs of rules that clash when a column moves, the smallest move first. Raises AccordError."""
    return analysis.breaking(here.ground, column)


def mapping(here: Here) -> "MappingReport":
    """The mapping of the objective that is on screen. Raises AccordError."""
    return analysis.mapping(here.ground)
