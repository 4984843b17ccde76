"""The parts of Record: its headline, for which team the record is, and the form of a constraint beside its trial."""

import streamlit as st

from alignment.errors import AccordError
from alignment.initiative.models import Constraint
from ui.figures.drawing import Look
from ui.rules import form
from ui.rules.naming import named
from ui.rules.recording import keep_draft, record, restore_draft, stale_choice
from ui.rules.trial import Trial, save_label, sentence_of, trial_card, try_or_say
from ui.session import Here
from ui.widgets.chips import pick_team
from ui.widgets.notes import problem
from ui.words import capital, in_words, md, noun


def headline(here: Here) -> str:
    """What has been recorded, as a sentence."""
    live = [c for c in here.initiative.constraints if c.status != "retired"]
    if not live:
        return "No rule has been recorded yet"
    silent = [t for t in here.initiative.teams if t not in {c.team for c in live}]
    said = capital(in_words(len(live), "rule"))
    if silent:
        return f"{said} recorded, {in_words(len(silent), 'team')} {noun(len(silent), 'has', 'have')} said nothing yet"
    open_ = sum(c.status == "proposed" for c in live)
    if open_ == len(live):
        return f"{said} recorded, {'not' if open_ == 1 else 'none'} agreed yet"
    return (
        f"{said} recorded, {in_words(open_, 'of them', 'of them')} not agreed yet" if open_ else f"{said}, all agreed"
    )


def for_team(here: Here, looks: Look) -> str:
    """The team that the record is for: one's own, or any for a facilitator; as a heading."""
    editing = form.edited()
    if editing is not None and any(c.id == editing for c in here.initiative.constraints):
        team = here.initiative.constraint(editing).team
        st.header(f"Changing {md(named(editing))} of {looks.teams[team].tag}", anchor=False, width="content")
        return team
    own = here.member.team if here.member and here.member.team in looks.teams else here.initiative.teams[0]
    if here.leads:
        st.header("New record for", anchor=False, width="content")
        picked = pick_team("Team", looks.teams, "for_team", default=own, label_visibility="collapsed", required=True)
        return picked or own
    who = looks.teams[own].tag if here.member else "your team"
    st.header(f"New record for {who}", anchor=False, width="content")
    return own


def constraint_form(here: Here, team: str, looks: Look) -> None:
    """The form of a constraint beside its trial."""
    if st.session_state.pop("rule_done", False):
        form.clear()
    restore_draft(here)
    left, right = st.columns([7, 5], gap=32)
    with left:
        form.rule_fields(here)
        said_here = st.container()
        form.name_fields()
        form.more_fields(here)
        buttons = st.container()
    with right:
        constraint, said = _said(here, team)
        trial = None
        if constraint is not None:
            trial, said = try_or_say(form.for_trial(constraint, here), here)
        typed = bool((st.session_state.get(form.key("raw")) or "").strip())
        trial_card(trial, "It can be tried once it can be read." if typed else said, here, looks)
    if said and typed and trial is None:
        with said_here:
            problem(said)
    with buttons:
        _buttons(constraint, trial, said, here)
        if constraint is not None:
            stale_choice(here, constraint)
    keep_draft(here)


def _said(here: Here, team: str) -> tuple[Constraint | None, str | None]:
    try:
        return form.constraint_in_form(here, team), None
    except AccordError as error:
        return None, sentence_of(error)


def _buttons(constraint: Constraint | None, trial: Trial | None, said: str | None, here: Here) -> None:
    changing = form.edited() is not None
    with st.container(horizontal=True, gap=8):
        pressed = st.button(save_label(trial, changing), type="primary", key="record", disabled=here.member is None)
        st.button("Stop changing it" if changing else "Clear", type="tertiary", key="clear", on_click=form.clear)
    if here.member is not None and any(form.typed().get(f) for f in ("raw", "because", "called")):
        st.caption("What you type is kept as your draft until you record or clear it.")
    if not pressed:
        return
    if constraint is None or (trial is None and here.ground.catalogue is not None):
        return problem(said or "There is no rule yet; choose how much, or write it as a rule")
    if not changing and not (st.session_state.get(form.key("called")) or "").strip():
        return problem("The rule has no name; call it something short, so that others can speak about it")
    record(constraint, here, trial)
