"""The trial of a rule before it is recorded: items in scope, violated today, unknown, and whom it would clash with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from alignment.errors import AccordError
from alignment.initiative.models import Constraint, Initiative
from ui import analysis
from ui.clashes.line import line_of, reason_of
from ui.figures.drawing import Look
from ui.rules.naming import named, tagged_all
from ui.session import Here, bare_report, situation
from ui.widgets.figure import figure
from ui.words import capital, count, counted, in_words, listed, md, noun

if TYPE_CHECKING:
    from alignment.conflicts.check import Situation
    from alignment.conflicts.preview import Preview
    from alignment.conflicts.report import Conflict

MOST_SHOWN = 4
COUPLED = ("pair", "aggregate")
_previews = analysis.Kept(64)


@dataclass(frozen=True)
class Trial:
    """What trying a constraint showed: counts of items, the conflicts that would be new, how many would end.

    case: the situation with it in force. complete: whether every new conflict is listed. opaque: why it proves nothing.
    """

    constraint: Constraint
    in_scope: int | None
    violated_today: int | None
    unknown: int | None
    new: tuple["Conflict", ...]
    ended: int
    case: "Situation"
    complete: bool = True
    opaque: str | None = None


def tried(constraint: Constraint, here: Here) -> Trial:
    """The trial of a constraint, kept by content. Raises AccordError where it cannot be read."""
    from alignment.conflicts.preview import preview

    silent = constraint.model_copy(update={"because": None, "owner": None})
    found = _previews.get((here.ground.key, silent), lambda: preview(situation(here), silent))
    now = {c.id for c in bare_report(here).conflicts if constraint.id in c.constraints}
    if not found.counted or _has_coupled(here):
        return _with_coupled(silent, found, now, here)
    new = tuple(c for c in found.conflicts if c.id not in now)
    ended = len(now - {c.id for c in found.conflicts})
    counts = (found.in_scope, found.violated_today, found.unknown)
    return Trial(constraint, *counts, new, ended, found.case, found.case.answers.complete, found.opaque)


def _has_coupled(here: Here) -> bool:
    """Whether rules over sums or neighbours are in force, which only a check of the whole catalogue can judge."""
    return any(s.family in COUPLED and s.status != "not_in_force" for s in bare_report(here).constraints)


def _with_coupled(constraint: Constraint, found: "Preview", now: set[str], here: Here) -> Trial:
    shown = constraint.model_copy(update={"status": "proposed"}) if constraint.status == "retired" else constraint
    case, checked = analysis.tried_report(here.ground, with_rule(here.initiative, shown))
    mine = [c for c in checked.conflicts if constraint.id in c.constraints]
    status = next(s for s in checked.constraints if s.id == constraint.id)
    counts = (status.in_scope, status.violated_today, status.unknown)
    new = tuple(c for c in mine if c.id not in now)
    return Trial(constraint, *counts, new, len(now - {c.id for c in mine}), case, checked.complete, found.opaque)


def trial_card(trial: Trial | None, said: str | None, here: Here, looks: Look) -> None:
    """The card beside the form. said: why there is no trial, in a sentence."""
    with st.container(border=True, key="preview", gap="small"):
        st.header(md(headline(trial)), anchor=False)
        if trial is None:
            st.caption(md(said or "Say how much, and it is tried on every item as you go."))
            return
        _figures(trial)
        if trial.opaque:
            said = f"It is only held against today's values, never used as proof: {trial.opaque}."
            st.caption(md(said))
        for number, conflict in enumerate(trial.new[:MOST_SHOWN]):
            _clash(conflict, number, trial, here, looks)
        if len(trial.new) > MOST_SHOWN:
            rest = listed(_others(c, trial) for c in trial.new[MOST_SHOWN:][:6])
            st.caption(md(f"And {in_words(len(trial.new) - MOST_SHOWN, 'conflict')} more: with {rest}."))
        if not trial.complete:
            st.caption("The search among rules over sums and neighbours ended early, so there may be more.")


def headline(trial: Trial | None) -> str:
    """What would happen, as the heading of the card."""
    if trial is None:
        return "Before you save"
    if trial.new:
        partners = {id for c in trial.new for id in c.constraints if id != trial.constraint.id}
        if not partners:
            return "Before you save: it cannot hold by itself"
        return f"Before you save: it clashes with {in_words(len(partners), 'rule')}"
    if trial.ended:
        return f"Before you save: it ends {in_words(trial.ended, 'conflict')}"
    if trial.in_scope == 0:
        return "Before you save: no item is in its scope"
    return "Before you save: it clashes with nothing new"


def save_label(trial: Trial | None, changing: bool) -> str:
    """What the primary button does: Record with 2 new conflicts."""
    verb = "Save" if changing else "Record"
    if trial is None or not trial.new:
        return verb
    least = "" if trial.complete else "at least "
    return f"{verb} with {least}{len(trial.new)} new {noun(len(trial.new), 'conflict')}"


def _figures(trial: Trial) -> None:
    shown = {
        "In scope": count(trial.in_scope),
        "Violated today": count(trial.violated_today),
        "Unknown": count(trial.unknown),
        "New conflicts": count(len(trial.new)),
    }
    with st.container(horizontal=True, horizontal_alignment="distribute", gap=8):
        for label, value in shown.items():
            st.metric(label, value, width="content")


def _clash(conflict: "Conflict", number: int, trial: Trial, here: Here, looks: Look) -> None:
    initiative = with_rule(here.initiative, trial.constraint)
    others = [id for id in conflict.constraints if id != trial.constraint.id]
    who = tagged_all(others, initiative, looks.teams) if others else "The allowed range"
    items = counted(conflict.items, "item")
    yields = "" if conflict.strength == "hard" else ", and the should rule yields"
    key = next(iter(conflict.worst.values()), "")
    if number:
        st.markdown(f"{who} on **{items}**{yields}.")
        return
    fig = line_of(conflict, initiative, looks)
    if fig is None:
        st.markdown(f"{who} on **{items}**{yields}. {md(told(conflict, trial.case))}")
        return
    st.markdown(f"{who} on **{items}**{yields}. {'Worst at' if conflict.items > 1 else 'At'} **{md(key)}**:")
    figure(fig, "preview_line", titled=False)


def told(conflict: "Conflict", case: "Situation") -> str:
    """The explanation of a conflict without the names, which stand beside it."""
    from alignment.explain.conflicts import explanation

    return reason_of(explanation(conflict, case))


def _others(conflict: "Conflict", trial: Trial) -> str:
    return listed(named(id) for id in conflict.constraints if id != trial.constraint.id)


def with_rule(initiative: Initiative, constraint: Constraint) -> Initiative:
    """The initiative with the constraint in it, in place of the one with its id."""
    rest = tuple(c for c in initiative.constraints if c.id != constraint.id)
    return initiative.model_copy(update={"constraints": (*rest, constraint)})


def try_or_say(constraint: Constraint, here: Here) -> tuple[Trial | None, str | None]:
    """The trial, or the sentence that says why there is none."""
    try:
        with st.spinner("Trying it on every item …", show_time=True):
            return tried(constraint, here), None
    except AccordError as error:
        return None, sentence_of(error)


def sentence_of(error: AccordError) -> str:
    """An error about a rule as one sentence, without the place in a file that a form does not have."""
    problems = getattr(error, "problems", None)
    if not problems:
        return capital(str(error))
    first = problems[0]
    said = f"{first.found}; {first.expected}" if first.expected else first.found
    return capital(said)
