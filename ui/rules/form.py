"""The form of a constraint: a sentence of choices beside the rule as text, each following the other."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from time import monotonic
from typing import Any

import streamlit as st

from alignment.errors import AccordError, RuleError, UsageError
from alignment.initiative.models import Constraint, Initiative, Pairs, slugify
from ui import analysis
from ui.rules import sentence as words
from ui.rules.naming import named
from ui.rules.scopes import numeric_columns, scopes_of
from ui.session import Here
from ui.words import md, spoken

EMPTY: Mapping[str, Any] = {
    "scope": words.ALL, "lever": None, "comparison": words.AT_LEAST, "much": "", "of": words.AMOUNT, "raw": "",
    "because": "", "called": "", "strength": "must", "priority": 5, "relax_to": "", "owner": "", "from": None,
    "until": None, "review_by": None, "guards": [], "within": [], "order": None, "per": [],
}  # fmt: skip
FIELDS = tuple(EMPTY)
STATE = "rule_"
_EDITED, _SEEN = "rule_edited", "rule_seen"
SENTENCE = ("scope", "lever", "comparison", "much", "of")
_AGREED, _ECHOES, IN_FLIGHT = "rule_agreed", "rule_echoes", 1.5
MUST, SHOULD = "must", "should"
_KINDS = {
    words.AT_LEAST: "floor", words.AT_MOST: "ceiling", words.BETWEEN: "range", words.WITHIN: "change",
    words.IS: "exclusion", words.IS_NOT: "exclusion",
}  # fmt: skip


def key(field: str) -> str:
    """The name of a field in session state."""
    return f"{STATE}{field}"


def edited() -> str | None:
    """The id of the constraint that is being changed, None for a new one."""
    return st.session_state.get(_EDITED)


def seen() -> int | None:
    """The version of the constraint that its author looked at."""
    return st.session_state.get(_SEEN)


def clear() -> None:
    """Empties the form; values are set, not dropped, because a browser keeps what it was not told to change."""
    for field, value in EMPTY.items():
        if field == "lever":
            st.session_state.pop(key(field), None)
        else:
            st.session_state[key(field)] = list(value) if isinstance(value, list) else value
    st.session_state[_EDITED] = st.session_state[_SEEN] = None
    st.session_state[_AGREED], st.session_state[_ECHOES] = (), []


def fill(constraint: Constraint, initiative: Initiative, columns: list[str], version: int | None) -> None:
    """Puts a constraint into the form: to be changed where `version` is given, else as a draft of a new one."""
    clear()
    state = st.session_state
    if version is not None:
        state[_EDITED], state[_SEEN] = constraint.id, version
    state[key("raw")] = words.raw_of(constraint.rule, constraint.where)
    state[key("called")] = named(constraint.id) if version is not None else f"{named(constraint.id)} 2"
    state[key("because")] = constraint.because or ""
    state[key("strength")] = MUST if constraint.strength == "hard" else SHOULD
    state[key("priority")] = constraint.priority
    state[key("relax_to")] = "" if constraint.relax_to is None else format(constraint.relax_to, "f")
    state[key("owner")] = constraint.owner or ""
    for name in ("until", "review_by"):
        state[key(name)] = getattr(constraint, name)
    state[key("from")] = constraint.from_
    state[key("guards")] = list(constraint.guards)
    state[key("per")] = list(constraint.per)
    state[key("within")] = list(constraint.pairs.within) if constraint.pairs else []
    state[key("order")] = constraint.pairs.order if constraint.pairs else None
    follow_text(initiative, columns)


def fill_draft(draft: Mapping[str, Any]) -> None:
    """Puts back what was typed and not recorded."""
    for field in FIELDS:
        if draft.get(field) is not None:
            value = draft[field]
            dated = field in ("from", "until", "review_by") and isinstance(value, str)
            st.session_state[key(field)] = date.fromisoformat(value) if dated else value
    st.session_state[_EDITED], st.session_state[_SEEN] = draft.get("edited"), draft.get("seen")


def typed() -> dict[str, Any]:
    """What stands in the form, for a draft."""
    values = {field: st.session_state.get(key(field)) for field in FIELDS}
    return {**values, "edited": edited(), "seen": seen()}


def follow_text(initiative: Initiative, columns: list[str]) -> None:
    """Sets the sentence from the text."""
    state, was = st.session_state, _said()
    if _is_echo(_text()):
        return _put_back()
    rule, scope = words.split_raw(_text())
    found = words.read(rule, scope, [lever.name for lever in initiative.levers], columns)
    if found is None:
        state[key("comparison")], state[key("scope")] = words.WRITTEN, scope or words.ALL
    else:
        for field in SENTENCE:
            state[key(field)] = getattr(found, field)
    _agree(was)


def follow_sentence() -> None:
    """Sets the text from the sentence; where it is not complete yet, the text stays."""
    was = _text()
    if _is_echo(_said()):
        return _put_back()
    said = words.Sentence(**{field: value or "" for field, value in zip(SENTENCE, _said(), strict=True)})
    old_rule, _ = words.split_raw(was)
    scope = None if said.scope in ("", words.ALL) else said.scope
    try:
        rule = old_rule if said.comparison == words.WRITTEN else words.rule_of(said)
    except RuleError:
        rule = old_rule
    st.session_state[key("raw")] = words.raw_of(rule, scope)
    _agree(was)


def _text() -> str:
    return st.session_state.get(key("raw")) or ""


def _said() -> tuple[Any, ...]:
    return tuple(st.session_state.get(key(field)) for field in SENTENCE)


def _agree(was: Any) -> None:
    """Text and sentence say the same now; `was` is what a browser that has not been told yet may still send."""
    state = st.session_state
    state[_AGREED] = (_text(), _said())
    state[_ECHOES] = [*state.get(_ECHOES, ()), (was, None)]


def _is_echo(value: Any) -> bool:
    """Whether a text or a sentence is no choice of the reader, but what the browser had before it was told."""
    state, now = st.session_state, monotonic()
    if value in state.get(_AGREED, ()):
        return True
    return any(was == value and (drawn is None or now < drawn + IN_FLIGHT) for was, drawn in state.get(_ECHOES, ()))


def _put_back() -> None:
    state = st.session_state
    state[key("raw")], said = state[_AGREED]
    for field, value in zip(SENTENCE, said, strict=True):
        state[key(field)] = value


def _drawn() -> None:
    """The fields are on their way to the browser; soon it has nothing old to send."""
    state, now = st.session_state, monotonic()
    fresh = ((was, drawn or now) for was, drawn in state.get(_ECHOES, ()))
    state[_ECHOES] = [(was, drawn) for was, drawn in fresh if now < drawn + IN_FLIGHT]


def rule_fields(here: Here) -> None:
    """The sentence, the reason, the text and the name."""
    initiative, state = here.initiative, st.session_state
    columns = numeric_columns(here)
    state.setdefault(key("lever"), initiative.levers[0].name if initiative.levers else "")
    lever = next((lv for lv in initiative.levers if lv.name == state[key("lever")]), None)
    keep = {"persist_state": "session"}
    left, right = st.columns([5, 6], gap=12)
    scopes = _with(scopes_of(here), state.get(key("scope")))
    left.selectbox(
        "For", scopes, key=key("scope"), accept_new_options=True, on_change=follow_sentence, **keep,
        help="Pick a part of the catalogue, or write a condition over its columns.",
    )  # fmt: skip
    with right:
        the, must = st.columns(2, gap=12, wrap=False)
        names = [lv.name for lv in initiative.levers]
        the.selectbox("the", names, format_func=spoken, key=key("lever"), on_change=follow_sentence, **keep)
        choices = words.NUMBERS if lever is None or lever.values is None else words.CHOICES
        must.selectbox("must be", choices, key=key("comparison"), on_change=follow_sentence, **keep)
    with st.container():  # keeps its place where it is empty, so that the fields below keep their focus
        if state.get(key("comparison")) != words.WRITTEN:
            _how_much(lever, columns, here)
    st.text_input("because", key=key("because"), placeholder="what goes wrong otherwise", **keep)
    st.text_area(
        "The same as a rule; edit either, the other follows", key=key("raw"), height=80, on_change=follow_text,
        args=(initiative, columns), placeholder="price >= cost * 1.08\nwhere category <> 'clearance'", **keep,
    )  # fmt: skip
    _drawn()


def _how_much(lever: Any, columns: list[str], here: Here) -> None:
    keep = {"persist_state": "session"}
    comparison = st.session_state.get(key("comparison"))
    if lever is not None and lever.values is not None:
        st.text_input(
            "these values", key=key("much"), on_change=follow_sentence,
            placeholder=", ".join(str(v) for v in lever.values[:3]), **keep,
        )  # fmt: skip
        return
    much, of = st.columns([4, 7], gap=12, wrap=False)
    hint = {words.BETWEEN: "85 % to 115 %", words.WITHIN: "10 %"}.get(comparison, "130 %")
    much.text_input("this much", key=key("much"), placeholder=hint, on_change=follow_sentence, **keep)
    unit = f" {lever.unit}" if lever is not None and lever.unit else ""
    currents = {lv.current: f"today's {spoken(lv.name).lower()}" for lv in here.initiative.levers if lv.current}
    shown = {words.AMOUNT: f"an amount in{unit}" if unit else "a number"}
    options = [words.AMOUNT, *sorted(columns, key=lambda c: c not in currents)]
    of.selectbox(
        "of", options, key=key("of"), on_change=follow_sentence, **keep,
        format_func=lambda c: shown.get(c) or (f"{c}, {currents[c]}" if c in currents else c),
    )  # fmt: skip


def name_fields() -> None:
    """What the rule is called and whether it is a must."""
    keep = {"persist_state": "session"}
    called, strength = st.columns([8, 3], gap=12)
    called.text_input(
        "called", key=key("called"), placeholder="a short name", max_chars=200, disabled=edited() is not None, **keep
    )
    st.session_state.setdefault(key("strength"), MUST)
    strength.segmented_control("as a", [MUST, SHOULD], key=key("strength"), required=True, width="stretch", **keep)


def more_fields(here: Here) -> None:
    """What few rules need, folded away: owner, dates, priority, limits, pairs and groups."""
    initiative, keep = here.initiative, {"persist_state": "session"}
    st.session_state.setdefault(key("priority"), 5)
    with st.expander("Owner, dates, priority, pairs and groups", type="compact"):
        a, b, c = st.columns(3, gap=12)
        a.text_input("Owner", key=key("owner"), **keep)
        b.number_input("Priority, 9 gives way last", 1, 9, key=key("priority"), **keep)
        c.text_input("Its number may go as far as", key=key("relax_to"), placeholder="1.02", **keep)
        a.date_input("In force from", None, key=key("from"), **keep)
        b.date_input("until", None, key=key("until"), **keep)
        c.date_input("Review by", None, key=key("review_by"), **keep)
        st.multiselect("Protects", [m.name for m in initiative.metrics], key=key("guards"), **keep)
        st.caption("A rule over neighbours says lower.… and upper.…; a rule over sums is judged per group.")
        columns = all_columns(here)
        a, b, c = st.columns(3, gap=12)
        a.multiselect("Neighbours within", columns, key=key("within"), **keep)
        b.selectbox("in the order of", columns, None, key=key("order"), **keep)
        c.multiselect("Sums per", columns, key=key("per"), **keep)


def all_columns(here: Here) -> list[str]:
    """The columns of the catalogue, none where there is no catalogue."""
    try:
        return list(analysis.catalogue(here.ground).kinds)
    except AccordError:
        return []


def _with(options: list[str], chosen: str | None) -> list[str]:
    return options if not chosen or chosen in options else [*options, chosen]


def constraint_in_form(here: Here, team: str) -> Constraint:
    """The constraint that stands in the form. Raises UsageError or RuleError where something is missing."""
    state = st.session_state
    rule, where = words.split_raw(state.get(key("raw")) or "")
    if not rule:
        raise RuleError(*_missing())
    order = state.get(key("order"))
    old = here.initiative.constraint(edited()) if _exists(here, edited()) else None
    values: dict[str, Any] = {
        "id": old.id if old else new_id(here, state.get(key("called")) or ""),
        "team": team,
        "kind": old.kind if old else _kind(rule, bool(order)),
        "rule": rule,
        "where": where,
        "pairs": Pairs(within=tuple(state.get(key("within")) or ()), order=order) if order else None,
        "per": tuple(state.get(key("per")) or ()),
        "strength": "hard" if state.get(key("strength")) != SHOULD else "soft",
        "priority": state.get(key("priority")) or 5,
        "relax_to": _decimal(state.get(key("relax_to"))),
        "guards": tuple(state.get(key("guards")) or ()),
        "owner": (state.get(key("owner")) or "").strip() or None,
        "because": (state.get(key("because")) or "").strip() or None,
        "from_": state.get(key("from")),
        "until": state.get(key("until")),
        "review_by": state.get(key("review_by")),
    }
    if values["from_"] and values["until"] and values["from_"] > values["until"]:
        raise UsageError("It is in force from a day after its last; swap the two dates")
    if old:
        return old.model_copy(update=values)
    empty = (None, (), "")
    given = {k: v for k, v in values.items() if v not in empty and (k, v) not in (("priority", 5), ("kind", "other"))}
    return Constraint.model_validate(given)


def _missing() -> tuple[str, str]:
    said = words.Sentence(
        **{f: st.session_state.get(key(f)) or "" for f in ("scope", "lever", "comparison", "much", "of")}
    )
    if said.comparison != words.WRITTEN and said.lever:
        try:
            words.rule_of(said)
        except RuleError as error:
            return error.found, error.expected
    return "there is no rule yet", "choose how much, or write it as a rule"


def _exists(here: Here, id: str | None) -> bool:
    return id is not None and any(c.id == id for c in here.initiative.constraints)


def new_id(here: Here, called: str) -> str:
    """An id from the name, free among the constraints; of an empty name `new-rule`."""
    taken = {c.id for c in here.initiative.constraints}
    base = slugify(called) if called.strip() else "new-rule"
    return next(id for id in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if id not in taken)


def for_trial(constraint: Constraint, here: Here) -> Constraint:
    """The constraint as it is tried: a new one keeps one id, so that naming it checks nothing anew."""
    return constraint if edited() else constraint.model_copy(update={"id": new_id(here, "")})


def _kind(rule: str, paired: bool) -> str:
    if paired:
        return "ladder"
    if any(f"{name}(" in rule.lower() for name in ("sum", "avg", "count")):
        return "budget" if "count(" in rule.lower() else "average"
    return _KINDS.get(st.session_state.get(key("comparison")) or "", "other")


def _decimal(text: str | None) -> Decimal | None:
    if not (text or "").strip():
        return None
    try:
        return Decimal(str(text).strip().replace(",", ""))
    except InvalidOperation:
        raise UsageError(f"'{md(text)}' is not a number; write the furthest value of the rule's own number") from None
