"""A conflict in plain sentences: who asks for what, on how many items nothing is left, and the worst of them."""

from __future__ import annotations

from collections.abc import Sequence

from alignment.conflicts.check import Situation
from alignment.conflicts.report import Conflict, MemberAtWorst, Part
from alignment.explain.coupled import coupled_sentence
from alignment.initiative.models import Constraint, Lever
from alignment.rules.normal import Linked
from alignment.words import NO_BREAK, amount, capital, counted, listed, spoken, whose


def explanation(conflict: Conflict, case: Situation) -> str:
    """The sentences of a conflict; the items are counted, the worst is named with both ends and today's value.

    conflict: as the report has it. case: where its constraints, units and catalogue stand.
    """
    members = [case.constraint(i) for i in conflict.constraints]
    if conflict.family != "item" or any(isinstance(case.rules.of(m.id).form, Linked) for m in members):
        return coupled_sentence(conflict, _named(members), members, case)
    lever = case.rules.levers.get(conflict.lever or "")
    if lever is None:
        return _about_data(conflict, members[0], case)
    first = f"{_named(members)} {_leave(members)} no {spoken(lever.name).lower()} for {_items(conflict, case)}"
    if lever.values is not None:
        return f"{first}; for example {_key(conflict, case)}."
    return f"{first}{_worst(conflict, members, lever, case)}."


def _items(conflict: Conflict, case: Situation) -> str:
    if conflict.items == 1:
        return f"1 of {counted(case.catalogue.rows, 'item')}"
    return f"{conflict.items:,} of {counted(case.catalogue.rows, 'item')}"


def _leave(members: Sequence[Constraint]) -> str:
    if len(members) == 1:
        return "leaves"
    return "together leave" if len(members) > 2 else "leave"


def _named(members: Sequence[Constraint]) -> str:
    """Brand's floor-over-cost and Operations' max-change; of several rules of one team the team is said once."""
    teams = list(dict.fromkeys(m.team for m in members))
    said = [f"{whose(capital(team))} {listed([m.id for m in members if m.team == team])}" for team in teams]
    return listed(said)


def _key(conflict: Conflict, case: Situation) -> str:
    return f"{spoken(case.catalogue.key).lower()}{NO_BREAK}{conflict.worst[case.catalogue.key]}"


def _worst(conflict: Conflict, members: Sequence[Constraint], lever: Lever, case: Situation) -> str:
    """The worst item: what each member asks for there, and today's value."""
    place = "worst at" if conflict.items > 1 else "at"
    parts = {at.constraint: at for at in conflict.at_worst}
    said = [_asks(parts.get(m.id), m, lever, len(members) > 1) for m in members]
    asked = [s for s in said if s]
    if len(members) == 1:
        asked = _against_domain(parts.get(members[0].id), lever) or asked
    tail = f": {', '.join(asked)}" if asked else ""
    today = conflict.today_at_worst
    now = f"; today {amount(today, lever.unit)}" if today is not None else ""
    return f", {place} {_key(conflict, case)}{tail}{now}"


def _asks(at: MemberAtWorst | None, member: Constraint, lever: Lever, by_team: bool) -> str:
    if at is None or not at.parts:
        return ""
    who = f"{member.id} " if by_team else ""
    if len(at.parts) > 1:
        return f"{who}allows only certain values" if _many(at.parts) else f"{who}allows {_either(at.parts, lever)}"
    return f"{who}asks for {_range(at.parts[0], lever)}"


def _many(parts: Sequence[Part]) -> bool:
    return len(parts) > 3


def _either(parts: Sequence[Part], lever: Lever) -> str:
    *first, last = [_range(p, lever) for p in parts]
    return f"{', '.join(first)} or {last}"


def _range(part: Part, lever: Lever) -> str:
    low, high = part.lower, part.upper
    if low is not None and high is not None and low == high:
        return f"exactly {amount(low, lever.unit)}"
    if low is not None and _is_domain(low, lever.minimum) and high is not None:
        low = None
    if high is not None and _is_domain(high, lever.maximum) and low is not None:
        high = None
    if low is not None and high is not None:
        return f"{amount(low, lever.unit)} to {amount(high, lever.unit)}"
    if low is not None:
        return f"{'at least' if part.lower_closed else 'more than'} {amount(low, lever.unit)}"
    if high is not None:
        return f"{'at most' if part.upper_closed else 'less than'} {amount(high, lever.unit)}"
    return "anything"


def _is_domain(value: float, bound: object) -> bool:
    return bound is not None and value == float(bound)  # type: ignore[arg-type]


def _against_domain(at: MemberAtWorst | None, lever: Lever) -> list[str]:
    if at is None or not at.parts:
        return []
    asked = f"it asks for {_range(at.parts[0], lever)}"
    low, high = lever.minimum, lever.maximum
    if low is None and high is None:
        return [asked]
    if low is not None and high is not None:
        span = f"{amount(float(low), lever.unit)} to {amount(float(high), lever.unit)}"
        return [asked, f"and the {lever.name} ranges from {span}"]
    bound = (
        f"at least {amount(float(low), lever.unit)}"
        if low is not None
        else f"at most {amount(float(high or 0), lever.unit)}"
    )
    return [asked, f"and the {lever.name} is {bound}"]


def _about_data(conflict: Conflict, member: Constraint, case: Situation) -> str:
    items = _items(conflict, case)
    is_ = "is" if conflict.items == 1 else "are"
    return (
        f"{whose(capital(member.team))} {member.id} speaks about the data alone, and {items} {is_} against it "
        f"whatever is decided; "
        f"for example {_key(conflict, case)}."
    )
