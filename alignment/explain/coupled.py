"""A conflict of ladders, aggregates or linked levers in plain sentences: what is demanded in a group against what is
allowed, or which item of a ladder pushes which other past what it may have."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from alignment.conflicts.check import Situation
from alignment.conflicts.coupled.evidence import Chain, Sum
from alignment.conflicts.report import Conflict
from alignment.initiative.models import Constraint, Lever
from alignment.rules.types import shown
from alignment.words import NO_BREAK, amount, counted, in_words, number, spoken


def coupled_sentence(conflict: Conflict, named: str, members: Sequence[Constraint], case: Situation) -> str:
    """The sentences of a conflict judged on the whole catalogue. named: its members as people say them."""
    if conflict.family == "item":
        return _linked(conflict, named, members, case)
    verb = "cannot hold on this catalogue" if len(members) == 1 else "cannot hold together on this catalogue"
    evidence = case.coupled.evidence.get(conflict.constraints)
    shown_by = ""
    if evidence is not None and evidence.chain is not None:
        shown_by = f": {_chain(evidence.chain, case)}"
    elif evidence is not None and evidence.sum is not None:
        shown_by = f": {_sum(evidence.sum, len(members) == 1, case)}"
    places = f" in {in_words(evidence.parts, 'place')}" if evidence is not None and evidence.parts > 1 else ""
    involved = f"{counted(conflict.items, 'item')} {'is' if conflict.items == 1 else 'are'} involved{places}"
    return f"{named} {verb}{shown_by}. {involved[0].upper()}{involved[1:]}."


def _linked(conflict: Conflict, named: str, members: Sequence[Constraint], case: Situation) -> str:
    levers = sorted({name for m in members for name in case.rules.of(m.id).rule.levers})
    words = " and ".join(spoken(name).lower() for name in levers)
    leave = "leaves" if len(members) == 1 else "together leave" if len(members) > 2 else "leave"
    items = f"{conflict.items:,} of {counted(case.catalogue.rows, 'item')}"
    example = f"; for example {spoken(case.catalogue.key).lower()}{NO_BREAK}{conflict.worst[case.catalogue.key]}"
    return f"{named} {leave} no values of {words} for {items}{example}."


def _lever(rule: str, case: Situation) -> Lever | None:
    names = case.rules.of(rule).rule.levers
    return case.rules.levers[names[0]] if len(names) == 1 else None


def _chain(chain: Chain, case: Situation) -> str:
    """In Ford, 1974: car A at $17,576 pushes car B to at least $17,576, and at most $17,098 is allowed there."""
    lever = _lever(chain.rule, case)
    unit = lever.unit if lever is not None else None
    key = spoken(case.catalogue.key).lower()
    where = f"in {chain.group}, " if chain.group else ""
    at_least, at_most = ("at least", "at most") if chain.upwards else ("at most", "at least")
    start = f"{key}{NO_BREAK}{chain.source} has to be {at_least} {amount(chain.source_value, unit)}"
    pushes = f"{chain.rule} then asks for {at_least} {amount(chain.asked, unit)} for {key}{NO_BREAK}{chain.target}"
    return f"{where}{start}, {pushes}, and {at_most} {amount(chain.allowed, unit)} is left there"


def _sum(found: Sum, alone: bool, case: Situation) -> str:
    """In 1987, at least 63 prices have to change, and change-budget allows 60."""
    where = f"in {found.group}, " if found.group else ""
    at_least, at_most = ("at least", "at most") if found.upper else ("at most", "at least")
    lever = _lever(found.rule, case)
    node = found.measured
    inner = node.this if isinstance(node, exp.Filter) else node
    if isinstance(inner, exp.Count) and found.upper and lever is not None and _is_change(node, lever):
        changes = in_words(round(found.best), spoken(lever.name).lower())
        return f"{where}at least {changes} must change, and {found.rule} allows {number(found.bound)}"
    within = "within the allowed range" if alone else "under the other rules"
    reached = f"{where}{_measured(node)} comes to {at_least} {number(found.best)} {within}"
    return f"{reached}, and {found.rule} asks for {at_most} {number(found.bound)}"


def _is_change(whole: exp.Expression, lever: Lever) -> bool:
    """Is it a count of items whose lever differs from today's value?"""
    if not isinstance(whole, exp.Filter) or not isinstance(whole.expression.this, exp.NEQ):
        return False
    test = whole.expression.this
    return {getattr(test.this, "name", ""), getattr(test.expression, "name", "")} == {lever.name, lever.current}


def _measured(node: exp.Expression) -> str:
    """The average of price / rival; with the items that it is about, where the rule names some."""
    inner, over = (node.this, f" where {shown(node.expression.this)}") if isinstance(node, exp.Filter) else (node, "")
    if isinstance(inner, exp.Count):
        return f"the number of items{over}"
    words: dict[type[exp.Expression], str] = {
        exp.Sum: "the sum of", exp.Avg: "the average of", exp.Min: "the least", exp.Max: "the greatest",
    }  # fmt: skip
    return f"{words[type(inner)]} {shown(inner.this)}{over}"
