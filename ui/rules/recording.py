"""Recording what stands in the form: a new rule, a change, and a change that somebody else was quicker with."""

import streamlit as st

from alignment.errors import AccordError
from alignment.initiative.models import Constraint
from alignment.store import Stale
from ui.opening import say_next
from ui.rules import form
from ui.rules.naming import named
from ui.rules.sentence import raw_of
from ui.rules.trial import Trial
from ui.session import Here
from ui.widgets.notes import problem
from ui.words import in_words, md
from ui.workshop import workshop

_STALE = "rule_stale"
FORM = "rule"


def record(constraint: Constraint, here: Here, trial: Trial | None) -> None:
    """Writes the rule; on success the form is empty in the next run, else it keeps everything."""
    try:
        if form.edited() is not None:
            workshop().edit(here.id, "constraints", constraint.id, constraint, form.seen() or 0, here.actor)
        else:
            workshop().add(here.id, "constraints", constraint, here.actor)
    except Stale as error:
        st.session_state[_STALE] = (constraint.id, error.version, str(error))
        st.rerun()
    except AccordError as error:
        return problem(str(error))
    done(here, constraint, trial)
    st.rerun()


def done(here: Here, constraint: Constraint, trial: Trial | None) -> None:
    """Says what was recorded and clears form and draft."""
    new = len(trial.new) if trial else 0
    clash = f" Conflicts shows its {in_words(new, 'new conflict', 'new conflicts')}." if new else ""
    say_next(f"{named(constraint.id)} is recorded.{clash}")
    st.session_state.pop(_STALE, None)
    st.session_state["rule_done"] = True
    workshop().save_draft(here.id, FORM, None, here.actor)


def stale_choice(here: Here, mine: Constraint) -> None:
    """Both values side by side where somebody else changed the rule after it was opened here."""
    found = st.session_state.get(_STALE)
    if not found or found[0] != mine.id or form.edited() != mine.id:
        return
    _, version, said = found
    entry = workshop().entry(here.id, "constraints", mine.id)
    problem(said)
    left, right = st.columns(2, gap=12)
    theirs = entry.record
    for column, title, constraint in ((left, "Now recorded", theirs), (right, "Yours", mine)):
        with column, st.container(border=True, gap="small"):
            st.markdown(f"**{title}**")
            if constraint is None:
                st.caption("It was removed.")
                continue
            st.code(raw_of(constraint.rule, constraint.where), language=None, wrap_lines=True)
            st.caption(md(f"{constraint.strength}, {constraint.status}. {constraint.because or 'No reason given.'}"))
    with st.container(horizontal=True, gap=8):
        if st.button("Save mine over it", key="stale_mine"):
            st.session_state["rule_seen"] = version
            st.session_state.pop(_STALE)
            record(mine, here, None)
        st.button("Keep what is recorded", key="stale_theirs", on_click=_drop)


def _drop() -> None:
    st.session_state.pop(_STALE, None)
    form.clear()


def keep_draft(here: Here) -> None:
    """Keeps what is typed, so that a reload of the page brings it back; one write, and only when it changed."""
    if here.member is None:
        return
    values = form.typed()
    plain = {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in values.items()}
    said = any(plain.get(field) for field in ("raw", "because", "called"))
    if st.session_state.get("rule_kept") != plain:
        st.session_state["rule_kept"] = plain
        workshop().save_draft(here.id, FORM, plain if said else None, here.actor)


def restore_draft(here: Here) -> None:
    """Brings back what this person had typed in an earlier session; once per session and initiative."""
    mark = f"rule_restored_{here.id}"
    if here.member is None or st.session_state.get(mark):
        return
    st.session_state[mark] = True
    draft = workshop().draft(here.id, FORM, here.actor)
    if draft and not st.session_state.get(form.key("raw")):
        form.fill_draft(draft)
