"""What shows a coupled conflict: the part of the catalogue that breaks, what a group is left with against what is
asked,
or the two items of a chain that cannot both have a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlglot import exp

from alignment.conflicts.coupled.fewest import fewest
from alignment.conflicts.coupled.model import Component
from alignment.conflicts.coupled.search import decide
from alignment.conflicts.coupled.sources import GroupSource
from alignment.conflicts.coupled.totals import least_of
from alignment.conflicts.coupled.verdicts import Batch, Judge, Question, Verdict
from alignment.conflicts.line import Bools
from alignment.conflicts.positions import Ints
from alignment.rules.exact import evaluate


@dataclass(frozen=True)
class Chain:
    """A bound of one item that reaches another along a ladder and passes what that one may have."""

    rule: str
    group: str
    source: Any
    source_value: float
    target: Any
    asked: float
    allowed: float
    steps: int
    upwards: bool


@dataclass(frozen=True)
class Sum:
    """A group of an aggregate rule over one aggregate with levers: the best value of it that the group can reach, and
    the upper or lower bound that the rule sets it. measured: the aggregate, as the rule writes it.
    """

    rule: str
    group: str
    best: float
    bound: float
    upper: bool
    measured: exp.Expression


@dataclass(frozen=True)
class Evidence:
    """The worst chain and the worst sum that alone show a conflict (None: it takes several), and how many parts
    break.
    """

    chain: Chain | None
    sum: Sum | None
    parts: int


def broken_parts(judge: Judge, rules: int) -> list[Component]:
    """The parts of the catalogue, tied together by the coupled rules of a set, on which the set cannot hold."""
    parts = parts_of(judge, rules)
    within = [int(judge.model.component_of_slot[c.slots[0]]) if len(c.slots) else -1 for c in parts]
    known = {k: judge.known.verdict(judge.model.components[k], rules) for k in set(within) if k >= 0}
    sure = {k for k, verdict in known.items() if verdict == "fails" and within.count(k) == 1}
    asked = [Question(c, rules) for c, k in zip(parts, within, strict=True) if k not in sure]
    failing = {q.component.number for q, v in zip(asked, judge.verdicts(asked), strict=True) if _fails(judge, q, v)}
    return [c for c, k in zip(parts, within, strict=True) if k in sure or c.number in failing]


def _fails(judge: Judge, question: Question, verdict: Verdict) -> bool:
    return verdict == "fails" or (verdict == "open" and decide(judge, question) == "fails")


def parts_of(judge: Judge, rules: int) -> list[Component]:
    """Components by the rows of the coupled rules of a set alone, without those on which the set is known to hold."""
    model = judge.model
    active = model.active(rules)
    chosen = np.flatnonzero(active[model.rows.rule])
    chosen = chosen[~_is_held(judge, rules)[_component_of(judge, chosen)]]
    entries, which = judge.entries(chosen)
    slots = model.rows.entry_slot[entries]
    label = np.arange(len(model.slots))
    while len(entries):
        least = np.full(len(chosen), len(model.slots))
        np.minimum.at(least, which, label[slots])
        new = label.copy()
        np.minimum.at(new, slots, least[which])
        new = new[new]
        if (new == label).all():
            break
        label = new
    used = np.unique(slots)
    found = [_component(k, used[i], np.zeros(0, np.int64), rules) for k, i in enumerate(_groups(label[used]))]
    place = {int(label[c.slots[0]]): k for k, c in enumerate(found)}
    of_row = np.full(len(chosen), -1)
    of_row[which] = [place[int(lab)] for lab in label[slots]]
    order = np.argsort(of_row, kind="stable")
    ends = np.searchsorted(of_row[order], np.arange(len(found) + 1))
    whole = [replace(c, rows=chosen[order[ends[k] : ends[k + 1]]]) for k, c in enumerate(found)]
    lone = [
        _component(len(found) + k, np.zeros(0, np.int64), np.array([r]), rules)
        for k, r in enumerate(chosen[of_row < 0])
    ]
    return whole + lone


def _is_held(judge: Judge, rules: int) -> Bools:
    """On which components of the model a set is known to hold; one more, for rows without a component, is none."""
    known = judge.known
    return np.array([known.verdict(c, rules) == "holds" for c in judge.model.components] + [False], bool)


def _component_of(judge: Judge, rows: Ints) -> Ints:
    """Numbers of the components of rows, -1 for rows without any entry."""
    start, stop = judge.entry_start[rows], judge.entry_start[rows + 1]
    found = np.full(len(rows), -1)
    filled = stop > start
    found[filled] = judge.model.component_of_slot[judge.model.rows.entry_slot[start[filled]]]
    return found


def _groups(label: Ints) -> list[Ints]:
    order = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    return list(np.split(order, cuts)) if len(label) else []


def _component(number: int, slots: Ints, rows: Ints, rules: int) -> Component:
    """A part that is no component of the model; its number is negative, so that nothing is remembered about it."""
    return Component(-1 - number, slots, rows, rules)


def evidence_of(judge: Judge, rules: int, parts: list[Component]) -> Evidence:
    """The numbers that show a conflict on its broken parts."""
    if not parts:
        return Evidence(None, None, 0)
    questions = [Question(part, rules) for part in parts]
    chain = _chain(judge, judge.batch(questions))
    if chain is not None:
        return Evidence(chain, None, len(parts))
    sums = [s for question in questions for s in _sums(judge, judge.batch([question]))]
    worst = max(sums, key=lambda s: (abs(s.best - s.bound) / max(1e-12, abs(s.bound)), s.group), default=None)
    return Evidence(None, worst, len(parts))


def _sums(judge: Judge, batch: Batch) -> list[Sum]:
    """Rows of sums that are out of reach; nothing where a ladder already breaks."""
    if batch.pushed.empty.any() or not len(batch.others):
        return []
    model = judge.model
    entries, which = judge.entries(batch.others)
    least, _, _ = least_of(model, batch, entries)
    total = np.bincount(which, least, len(batch.others))
    found: list[Sum] = []
    for k, row in enumerate(batch.others):
        counted = fewest(judge, batch, int(row))
        best = float(total[k]) if counted is None else max(float(total[k]), counted.least)
        if np.isfinite(best) and best >= float(model.rows.bound[row]) and not model.rows.some[row]:
            found += filter(None, [_sum(judge, int(row), best)])
    return found


def _sum(judge: Judge, row: int, best: float) -> Sum | None:
    """A row in terms of its aggregate; None where it is about several, or about none.

    best: the least value of the row's left side, which leaves out what the items add whatever is decided.
    """
    rows = judge.model.rows
    source, k = rows.source[row]
    if not isinstance(source, GroupSource) or len(source.top.terms) != 1:
        return None
    name, factor = source.top.terms[0]
    sign = int(source.signs[k])
    slope, constant = (evaluate(tree, source.constants[k]) for tree in (factor, source.top.constant))
    unknown = next(u for u in source.form.unknowns if u.name == name)
    items = source.averaged(unknown, k)
    if not slope or constant is None or not items:
        return None
    least = best - float(rows.bound[row]) - float(sign * constant)
    reached, asked = least / float(sign * slope * items), float(-constant / slope / items)
    rule = judge.model.coupled[int(rows.rule[row])].id
    return Sum(rule, rows.group[row], reached, asked, sign * slope > 0, unknown.node)


def _chain(judge: Judge, batch: Batch) -> Chain | None:
    """The slot that ran empty, and the item whose bound was pushed onto it."""
    found = batch.found
    empty = np.flatnonzero(batch.pushed.empty & np.isfinite(found.low) & np.isfinite(found.high))
    if not len(empty) or not len(batch.arcs.row):
        return None
    start = judge.batch(
        [Question(_component(0, batch.slots, np.zeros(0, np.int64), 0), batch.questions[0].rules)]
    ).found
    target = int(empty[np.argmax((found.low - found.high)[empty])])
    upwards = bool(found.low[target] > start.high[target] or found.low[target] != start.low[target])
    source, steps, rule = _origin(judge, batch, target, upwards)
    if source == target:
        return None
    asked = float(found.low[target] if upwards else found.high[target])
    allowed = float(start.high[target] if upwards else start.low[target])
    value = float(start.low[source] if upwards else start.high[source])
    return Chain(
        rule,
        _group_of(judge, batch, target),
        _key(judge, batch, source),
        value,
        _key(judge, batch, target),
        asked,
        allowed,
        steps,
        upwards,
    )


def _origin(judge: Judge, batch: Batch, target: int, upwards: bool) -> tuple[int, int, str]:
    """Walks back along the arcs that set each bound, to where an item's own rules set it."""
    arcs, found = batch.arcs, batch.found
    lower, upper = batch.place[arcs.lower], batch.place[arcs.upper]
    rule, steps, at, seen = "", 0, target, {target}
    while True:
        into = np.flatnonzero((upper if upwards else lower) == at)
        if not len(into):
            return at, steps, rule
        if upwards:
            pushed = arcs.factor[into] * found.low[lower[into]] + arcs.offset[into]
            tight = pushed >= found.low[at] - 1e-9 * max(1.0, abs(found.low[at])) - _step(judge, batch, at)
        else:
            pushed = (found.high[upper[into]] - arcs.offset[into]) / arcs.factor[into]
            tight = pushed <= found.high[at] + 1e-9 * max(1.0, abs(found.high[at])) + _step(judge, batch, at)
        if not tight.any():
            return at, steps, rule
        best = into[int(np.argmax(np.where(tight, pushed if upwards else -pushed, -np.inf)))]
        following = int((lower if upwards else upper)[best])
        if following in seen:
            return at, steps, rule
        seen.add(following)
        rule = judge.model.coupled[int(judge.model.rows.rule[arcs.row[best]])].id
        at, steps = following, steps + 1


def _step(judge: Judge, batch: Batch, at: int) -> float:
    lever = int(judge.model.slots.lever[batch.slots[at]])
    step = judge.model.strips[lever].lever.step if lever >= 0 else None
    return float(step) if step is not None else 0.0


def _group_of(judge: Judge, batch: Batch, at: int) -> str:
    touching = np.flatnonzero((batch.place[batch.arcs.lower] == at) | (batch.place[batch.arcs.upper] == at))
    return judge.model.rows.group[int(batch.arcs.row[touching[0]])] if len(touching) else ""


def _key(judge: Judge, batch: Batch, at: int) -> Any:
    item = int(judge.model.slots.item[batch.slots[at]])
    return judge.model.keys[item] if item >= 0 else None
