"""A conflict in plain sentences: who asks for what, on how many items nothing is left, and the worst of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from alignment.conflicts.check import Situation
from alignment.conflicts.intervals import common
from alignment.conflicts.report import Conflict, Part
from alignment.explain.coupled import coupled_sentence
from alignment.initiative.models import Constraint, Lever
from alignment.rules.normal import Linked
from alignment.words import NO_BREAK, amount, capital, counted, listed, spoken, whose

MOST = 3


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
    if conflict.items == case.catalogue.rows:
        return "the only item" if conflict.items == 1 else f"all {conflict.items:,} items"
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
    """The worst item: what each member asks for there, what else stands in the way, and today's value."""
    place = "worst at" if conflict.items > 1 else "at"
    parts = {at.constraint: at.parts for at in conflict.at_worst}
    others = {m.id: [parts[o.id] for o in members if o is not m and o.id in parts] for m in members}
    said = [_asks(parts[m.id], m, others[m.id], lever) for m in members if m.id in parts]
    asked = [*said, *_background(list(parts.values()), lever)]
    tail = f": {', '.join(asked)}" if asked else ""
    today = conflict.today_at_worst
    now = f"; today {amount(today, lever.unit)}" if today is not None else ""
    return f", {place} {_key(conflict, case)}{tail}{now}"


def _asks(parts: Sequence[Part], member: Constraint, others: Sequence[Sequence[Part]], lever: Lever) -> str:
    """What a member asks for: at most $12; or allows, where it has gaps."""
    who = member.id if others else "it"
    if not parts:
        return f"{who} allows no value at all"
    if len(parts) == 1:
        return f"{who} asks for {_range(parts[0], lever)}"
    if all(p.lower == p.upper and p.lower is not None for p in parts):
        return f"{who} allows {_values(parts, common(others), lever)}"
    around = parts if len(parts) <= MOST else _around(parts, common(others))
    return f"{who} allows {listed([_range(p, lever) for p in around], 'or')}"


def _values(parts: Sequence[Part], wanted: Sequence[Part], lever: Lever) -> str:
    """Single values, of many the nearest to what the others want: only $11.99 or $12.99 there."""
    around = parts if len(parts) <= MOST else _around(parts, wanted)
    if len(around) == 1 < len(parts):
        return f"{'at most' if around[0] == parts[-1] else 'at least'} {amount(around[0].lower or 0.0, lever.unit)}"
    there = " there" if len(around) < len(parts) else ""
    return f"only {listed([amount(p.lower or 0.0, lever.unit) for p in around], 'or')}{there}"


def _around(parts: Sequence[Part], wanted: Sequence[Part]) -> Sequence[Part]:
    """The last part below what is wanted and the first above it; the first three where nothing is."""
    if not wanted:
        return parts[:MOST]
    low, high = wanted[0].lower, wanted[-1].upper
    below = [p for p in parts if low is not None and p.upper is not None and p.upper <= low][-1:]
    above = [p for p in parts if high is not None and p.lower is not None and p.lower >= high][:1]
    return [*below, *above] or parts[:MOST]


def _background(unions: Sequence[Sequence[Part]], lever: Lever) -> list[str]:
    """The lever's own range or step, where the members alone would leave something on the item."""
    left = common(unions) if unions else []
    if not left:
        return []
    if common([left, [_domain(lever)]]):
        return [f"and the {lever.name} moves in steps of {amount(float(lever.step), lever.unit)}"] if lever.step else []
    return [f"and the {lever.name} {_limits(lever)}"]


def _domain(lever: Lever) -> Part:
    low, high = lever.minimum, lever.maximum
    return Part(
        None if low is None else float(low), low is not None, None if high is None else float(high), high is not None
    )


def _limits(lever: Lever) -> str:
    low, high = _domain(lever).lower, _domain(lever).upper
    if low is not None and high is not None:
        return f"ranges from {amount(low, lever.unit)} to {amount(high, lever.unit)}"
    return (
        f"is at least {amount(low, lever.unit)}" if low is not None else f"is at most {amount(high or 0.0, lever.unit)}"
    )


def _range(part: Part, lever: Lever) -> str:
    low, high = part.lower, part.upper
    if low is not None and low == high:
        return f"exactly {amount(low, lever.unit)}"
    if low is not None and high is not None:
        if _is_domain(low, lever.minimum) and not _is_domain(high, lever.maximum):
            low = None
        elif _is_domain(high, lever.maximum) and not _is_domain(low, lever.minimum):
            high = None
    floor = f"{'at least' if part.lower_closed else 'more than'} {amount(low, lever.unit)}" if low is not None else ""
    ceiling = (
        f"{'at most' if part.upper_closed else 'less than'} {amount(high, lever.unit)}" if high is not None else ""
    )
    if low is not None and high is not None and part.lower_closed and part.upper_closed:
        return f"{amount(low, lever.unit)} to {amount(high, lever.unit)}"
    return " and ".join(filter(None, (floor, ceiling))) or "anything"


def _is_domain(value: float, bound: Decimal | None) -> bool:
    return bound is not None and value == float(bound)


def _about_data(conflict: Conflict, member: Constraint, case: Situation) -> str:
    items = _items(conflict, case)
    is_ = "is" if conflict.items == 1 else "are"
    return (
        f"{whose(capital(member.team))} {member.id} speaks about the data alone, and {items} {is_} against it "
        f"whatever is decided; "
        f"for example {_key(conflict, case)}."
    )
