"""Signatures: who has signed over which content, what changed since, and the box to sign."""

from datetime import UTC, datetime

import streamlit as st

from alignment.errors import AccordError
from alignment.initiative.models import Signature
from ui.figures.drawing import Look
from ui.opening import clock, say_next, told
from ui.session import Here
from ui.widgets.notes import problem
from ui.words import counted, md
from ui.workshop import workshop

MEANING = (
    "levers", "metrics", "links", "goals", "constraints", "backstops", "waivers", "catalogue", "objective", "decisions",
    "head", "definitions", "points", "evidence",
)  # fmt: skip


def signatures(here: Here, looks: Look) -> None:
    """A table of teams: the latest signature of each, and whether it still holds."""
    import pandas as pd

    st.header("Signatures", anchor=False)
    now = here.ground.content_hash
    rows = [{"Team": looks.teams[team].tag, **_stands(team, here, now)} for team in here.initiative.teams]
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)


def _stands(team: str, here: Here, now: str) -> dict[str, str]:
    entries = [e for e in workshop().entries(here.id, "signatures") if isinstance(e.record, Signature)]
    given = sorted((e for e in entries if e.record.team == team), key=lambda e: _utc(e.record.at))
    holding = [e.record for e in given if e.record.content_hash == now]
    if holding:
        last = holding[-1]
        return {
            "Signature": md(f"{last.name} at {clock(_utc(last.at))}, over {short(now)}"),
            "Since then": "nothing changed",
        }
    if given:
        last = given[-1].record
        return {
            "Signature": md(f"lapsed, {last.name} at {clock(_utc(last.at))}"),
            "Since then": md(_first_change(here, given[-1].event)),
        }
    return {"Signature": "not yet", "Since then": "–"}


def _first_change(here: Here, event: int) -> str:
    """What changed first after an event."""
    since = workshop().events(here.id, since=event, limit=500)
    meant = [e for e in since if e.kind in MEANING and e.action != "commented"]
    return told(meant[-1]) if meant else "the content differs"


def _utc(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def short(content_hash: str) -> str:
    """A content hash as people compare it: two groups of four."""
    digest = content_hash.partition(":")[2]
    return f"{digest[:4]} {digest[4:8]}"


def sign_box(here: Here, blocked: bool, looks: Look) -> None:
    """The box in which a team signs what stands now."""
    initiative, now = here.initiative, here.ground.content_hash
    with st.container(border=True, key="signbox", gap="small"):
        if here.member is None or here.member.role == "reviewer":
            st.caption(
                "A member of a team signs for it. Join first." if here.member is None else "A reviewer does not sign."
            )
            return
        team = here.member.team
        if team not in looks.teams or team not in initiative.teams:
            st.caption("Only somebody of a team signs.")
            return
        name = looks.teams[team].name
        if any(s.team == team and s.content_hash == now for s in initiative.signatures):
            st.markdown(f"{md(name)} has signed content {short(now)}. The signature lapses when the content changes.")
            return
        live = sum(c.status != "retired" for c in initiative.constraints)
        parts = (
            f"{counted(live, 'constraint')}, {counted(len(initiative.backstops), 'backstop')} and "
            f"{counted(len(initiative.goals), 'goal')}"
        )
        agreed = st.checkbox(md(f"{name} agrees to the {parts} of content {short(now)}."), key=f"agree_{now}")
        with st.container(horizontal=True, vertical_alignment="center", gap=12):
            pressed = st.button(
                md(f"Sign for {name}"),
                type="primary",
                icon=":material/draw:",
                key="sign",
                disabled=blocked or not agreed,
            )
            lapse = "A signature lapses when the content changes."
            st.caption(f"Possible once nothing blocks. {lapse}" if blocked else lapse, width="content")
        if pressed:
            _sign(here, now)


def _sign(here: Here, now: str) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    signature = Signature(name=here.member.name, team=here.member.team, at=at, content_hash=now)
    try:
        workshop().put(here.id, "signatures", signature, here.actor)
    except AccordError as error:
        return problem(str(error))
    say_next(f"Signed for {here.member.team}, over content {short(now)}.")
    st.rerun()
