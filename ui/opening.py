"""The opening of every page but Home: which initiative this is, the header, and others' changes as they come."""

from datetime import UTC, datetime
from time import monotonic

import streamlit as st

from alignment.errors import AccordError
from alignment.store.values import Comment, Event
from ui import analysis, presence
from ui.header import Head, header
from ui.session import Here, here
from ui.widgets.chips import Chip
from ui.widgets.notes import empty, notice
from ui.words import counted, cut, spoken
from ui.workshop import workshop

STAGES = {"frame": "Frame", "record": "Record", "resolve": "Resolve", "sign": "Sign"}
EVERY = 2
SAID_FOR = 5.0
_SAID_ONCE, _SAYING, _KNEW = "said_once", "being_said", "header_knew_mapping"
_WHAT = {
    "levers": "lever", "metrics": "metric", "links": "link", "goals": "goal", "constraints": "rule",
    "backstops": "backstop", "points": "points on", "stances": "stance on", "waivers": "waiver of",
    "decisions_log": "decision on", "signatures": "signature", "head": "the initiative", "catalogue": "the catalogue",
    "objective": "the objective", "decisions": "the decision table", "stage": "the stage",
}  # fmt: skip


def opened() -> Here:
    """What the page is about, with the header drawn; where there is no initiative, the page ends with one next step."""
    found = here()
    if found is None:
        empty(
            "Choose an initiative first",
            "This page shows one initiative, and none is open here. Home lists them all and has a sample.",
            "home",
            "Choose one on Home",
        )
        st.stop()
    st.session_state[_KNEW] = analysis.known_mapping(found.ground) is not None
    people = [(member.name, member.team) for member in presence.present(found.id)]
    last = last_change(found.id)
    chips = chips_of(found)  # before the stage, which asks for what the chips have worked out
    header(Head(found.initiative.title, stage_of(found), people, chips, last, found.initiative.teams))
    with st.container(key="live"):
        _watch(found.id, found.revision, len(people))
    with st.container(key="said"):  # always there, so that what stands below keeps its place and its focus
        said = _being_said()
        if said:
            notice(said)
    return found


def catch_up(here: Here) -> None:
    """Draws the page again where its header could not state the verdict on the objective, which is known by now."""
    if not st.session_state.get(_KNEW) and analysis.known_mapping(here.ground) is not None:
        st.rerun()


def say_next(sentence: str) -> None:
    """Says what has been done at the top of the next run, and of those that others' changes start right after it."""
    st.session_state[_SAID_ONCE] = sentence


def _being_said() -> str | None:
    sentence = st.session_state.pop(_SAID_ONCE, None)
    if sentence:
        st.session_state[_SAYING] = sentence, monotonic()
        return sentence
    said, since = st.session_state.get(_SAYING, (None, 0.0))
    return said if monotonic() - since < SAID_FOR else None


@st.fragment(run_every=EVERY)
def _watch(initiative_id: str, revision: int, people: int) -> None:
    """Runs the page again when somebody wrote; what is being typed stays, because widgets keep their identity."""
    found = here()
    if found is None:
        return
    if found.revision != revision or len(presence.present(initiative_id)) != people:
        st.rerun()


def stage_of(here: Here) -> str:
    """The step of the workshop: as a facilitator set it, else as far as the records have come."""
    entries = workshop().entries(here.id, "stage")
    if entries:
        return STAGES[workshop().stage(here.id).stage]
    if not here.initiative.levers:
        return "Frame"
    if not any(c.status != "retired" for c in here.initiative.constraints):
        return "Record"
    report = analysis.known_report(here.ground)
    if report is None or report.verdict != "clear":
        return "Resolve"
    return "Record" if silent_teams(here) else "Sign"


def silent_teams(here: Here) -> list[str]:
    """Teams that have recorded neither a rule nor a goal, in their order."""
    heard = {c.team for c in here.initiative.constraints if c.status != "retired"}
    heard |= {goal.team for goal in here.initiative.goals}
    return [team for team in here.initiative.teams if team not in heard]


def chips_of(here: Here) -> list[Chip]:
    """The verdicts: conflicts, the objective where it has been mapped, and signatures."""
    return [*conflict_chip(here), *mapping_chip(here), signature_chip(here)]


def conflict_chip(here: Here) -> list[Chip]:
    """The verdict on the rules; *incomplete* where they cannot be checked yet."""
    if not any(c.status != "retired" for c in here.initiative.constraints):
        return [Chip("incomplete", "no rule yet")]
    try:
        with st.spinner("Checking …", show_time=True):
            report = analysis.bare_report(here.ground)
    except AccordError:
        return [Chip("incomplete", "rules not checked")]
    still = [c for c in report.conflicts if c.waived_until is None]
    if still:
        return [Chip("conflict", counted(len(still), "conflict"))]
    if report.verdict == "clear":
        return [Chip("clear", "no conflict")]
    return [Chip("incomplete", f"{counted(len(report.not_checked), 'rule')} not checked")]


def mapping_chip(here: Here) -> list[Chip]:
    """The verdict on the objective, once somebody has looked at it."""
    mapping = analysis.known_mapping(here.ground)
    return [Chip(mapping.verdict, f"objective: {mapping.verdict}")] if mapping is not None else []


def signature_chip(here: Here) -> Chip:
    """How many teams have signed what stands now."""
    teams = here.initiative.teams
    signed = len(signed_teams(here))
    return Chip("signed" if signed == len(teams) else "unsigned", f"{signed} of {counted(len(teams), 'team')} signed")


def signed_teams(here: Here) -> list[str]:
    """Teams whose signature is over the content as it stands."""
    now = here.ground.content_hash if here.initiative.signatures else ""
    signed = {s.team for s in here.initiative.signatures if s.content_hash == now}
    return [team for team in here.initiative.teams if team in signed]


def last_change(initiative_id: str) -> str:
    """One line of what happened last and when."""
    events = workshop().events(initiative_id, limit=1)
    return told(events[0]) if events else ""


def told(event: Event) -> str:
    """An event in a few words: 14:10 Brand changed rule floor-over-cost."""
    who = f"{event.by} ({spoken(event.team)})" if event.team else event.by
    return f"{clock(event.at)} {who} {_did(event)}"


def told_comment(comment: Comment) -> str:
    """A comment with who said it and when."""
    return f"{clock(comment.at)} {comment.by}, {spoken(comment.team)}: “{comment.text}”"


def _did(event: Event) -> str:
    if event.kind == "members":
        return event.action if event.action == "joined" else f"was {event.action}"
    what = _WHAT.get(event.kind, event.kind)
    if event.action == "attached":
        name = (event.after or {}).get("name", "")
        return f"added {what} {name}".strip()
    if event.kind == "signatures":
        return "signed"
    if event.kind == "decisions_log" and event.action in ("created", "added"):
        return f"decided: {cut((event.after or {}).get('outcome', ''), 60)}"
    if event.action in ("created", "added") and event.kind in ("catalogue", "decisions"):
        return f"described {what}"
    verb = {"commented": "commented on", "created": "added", "added": "added"}.get(event.action, event.action)
    name = "" if what.startswith("the ") else f" {event.entity}"
    return f"{verb} {what}{name}"


def clock(at: datetime) -> str:
    """A time of the store, which is UTC, in the reader's own: 14:10 today, else with its date."""
    zone = st.context.timezone
    moment = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    if zone:
        from zoneinfo import ZoneInfo

        moment = moment.astimezone(ZoneInfo(zone))
    same_day = moment.date() == datetime.now(moment.tzinfo).date()
    return f"{moment:%H:%M}" if same_day else f"{moment.day} {moment:%b %H:%M}"
