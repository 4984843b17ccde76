"""What must be settled before a team signs: each point with its state, how it stands, and the page that settles it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import streamlit as st

from alignment.initiative.models import Initiative
from ui import analysis
from ui.session import Here
from ui.words import count, counted, cut, in_words, listed, md, noun, spoken

if TYPE_CHECKING:
    from alignment.conflicts.report import ConflictReport

State = Literal["blocks", "open", "done"]
MARKS: dict[State, str] = {
    "blocks": ":red[:material/cancel:]\u00a0**blocks**",
    "open": ":gray[:material/radio_button_unchecked:]\u00a0open",
    "done": ":yellow[:material/check_circle:]\u00a0done",
}
ORDER: tuple[State, ...] = ("blocks", "open", "done")
MOST_NAMED = 4


@dataclass(frozen=True)
class Point:
    """One line of the checklist. short: the same for the headline. page: where it is settled."""

    state: State
    what: str
    now: str
    page: str = ""
    short: str = ""


def points(here: Here, report: "ConflictReport | None") -> list[Point]:
    """The checklist, what blocks first."""
    found = [*_conflicts(report), *_rules(here.initiative, report), _objective(here), *_people(here.initiative)]
    return sorted(found, key=lambda p: ORDER.index(p.state))


def _conflicts(report: "ConflictReport | None") -> Iterator[Point]:
    if report is None:
        yield Point("blocks", "Rules checked on the items", "not yet", "conflicts", "the rules are not checked")
        return
    live = [c for c in report.conflicts if c.waived_until is None]
    hard, soft = ([c for c in live if c.strength == s] for s in ("hard", "soft"))
    if hard:
        short = f"{in_words(len(hard), 'conflict')} {noun(len(hard), 'is', 'are')} open"
        left = f"; {counted(report.infeasible_items, 'item has', 'items have')} no value left"
        now = f"{len(hard)} open{left if report.infeasible_items else ''}"
        yield Point("blocks", "Conflicts between must rules", now, "conflicts", short)
    else:
        yield Point("done", "Conflicts between must rules", f"none on {counted(report.items, 'item')}")
    if soft:
        yield Point("open", "Conflicts with a should rule", f"{len(soft)} open; the should rule yields", "conflicts")
    later = [c for c in report.constraints if c.status in ("not_checked_yet", "opaque")]
    if later:
        yield Point("open", "Rules that are not proved", _some([c.id for c in later]), "conflicts")


def _rules(initiative: Initiative, report: "ConflictReport | None") -> Iterator[Point]:
    live = [c for c in initiative.constraints if c.status != "retired"]
    if not live:
        yield Point("blocks", "Rules recorded", "none", "record", "no rule has been recorded")
        return
    for what, ids in (
        ("Rules agreed by their team", [c.id for c in live if c.status == "proposed"]),
        ("Rules with an owner and a reason", [c.id for c in live if not (c.owner and c.because)]),
    ):
        if ids:
            yield Point("open", what, f"{len(ids)} not: {_some(ids)}", "record")
        else:
            yield Point("done", what, f"{count(len(live))} of {counted(len(live), 'rule')}")


def _objective(here: Here) -> Point:
    what = "Objective mapped to goals"
    if here.initiative.objective is None:
        return Point("open", what, "no objective recorded", "objective")
    mapping = analysis.known_mapping(here.ground)
    if mapping is None:
        return Point("open", what, "not looked at since the last change", "objective")
    return Point("done" if mapping.verdict == "aligned" else "open", what, mapping.verdict, "objective")


def _people(initiative: Initiative) -> Iterator[Point]:
    said = {c.team for c in initiative.constraints} | {g.team for g in initiative.goals}
    silent = [team for team in initiative.teams if team not in said]
    spoke = f"{len(initiative.teams) - len(silent)} of {counted(len(initiative.teams), 'team')}"
    yield Point("open" if silent else "done", "Every team has recorded something", spoke, "record" if silent else "")
    owned = [b for b in initiative.backstops if b.owner]
    if not initiative.backstops:
        yield Point("open", "Backstops recorded", "none", "record")
    elif len(owned) < len(initiative.backstops):
        yield Point("open", "Every backstop has an owner", f"{len(owned)} of {len(initiative.backstops)}", "record")
    else:
        yield Point("done", "Every backstop has an owner", f"{len(owned)} of {counted(len(owned), 'backstop')}")


def _some(ids: list[str]) -> str:
    names = [cut(spoken(id), 28) for id in ids[:MOST_NAMED]]
    return listed([*names, f"{in_words(len(ids) - MOST_NAMED, 'more', 'more')}"] if len(ids) > MOST_NAMED else names)


def headline(found: list[Point], signed: int, teams: int) -> str:
    """Whether it can be signed, and what is in the way."""
    blocking = [p for p in found if p.state == "blocks"]
    if blocking:
        return f"Not ready to sign: {listed(p.short for p in blocking)}"
    if signed == teams:
        return "Signed by every team, as it stands"
    if signed:
        return f"Ready to sign; {in_words(teams - signed, 'team')} {noun(teams - signed, 'has', 'have')} not signed yet"
    return "Ready to sign: nothing blocks"


def checklist(found: list[Point], here: Here) -> None:
    """The checklist as a table with a link to where each point is settled."""
    import pandas as pd

    st.header("What must be settled first", anchor=False)
    titles = {"conflicts": "Conflicts", "record": "Record", "objective": "Objective"}
    rows = [
        {
            "State": MARKS[p.state],
            "What": md(p.what),
            "Now": md(p.now),
            "Settle\u00a0it\u00a0in": f"[{titles[p.page]}]({p.page}?initiative={here.id})" if p.page else "",
        }
        for p in found
    ]
    with st.container(key="checklist"):
        st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)
