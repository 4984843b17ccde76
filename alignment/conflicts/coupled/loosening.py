"""The least move of one number of one rule after which a coupled conflict holds no more, to the decimals people write.

A linear programme that has the move as its objective says about where to look; every value is then decided as any
question is, so that the answer does not rest on a solver's tolerance: it holds, and a unit less does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from sqlglot import exp

from alignment.conflicts.coupled.changed import between, first_slots, is_alike, kept, rows_of, with_rows
from alignment.conflicts.coupled.model import Component
from alignment.conflicts.coupled.relaxation import relax
from alignment.conflicts.coupled.rows import ExactRows, Rows
from alignment.conflicts.coupled.search import decide
from alignment.conflicts.coupled.verdicts import Batch, Judge, Question
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.numbers import COMPARISONS, OwnNumber, text_with
from alignment.conflicts.positions import Ints
from alignment.conflicts.trials import Bench
from alignment.rules.ruleset import Checked

MOST_NODES = 40
MOST_TESTS = 40
MOST_ROUNDS = 5
MOST_DECIMALS = 9
OVERSHOOT = 0.02
SURE = 51  # units after which one more is less than two hundredths of the move
NEAR = 1e-7


@dataclass
class Dials:
    """What is kept while numbers are turned: rows of changed rules by their text, and how much was looked at.

    most: rows and slots that may be looked at.
    """

    judge: Judge
    bench: Bench
    most: int
    effort: int = 0
    exactly: ExactRows = field(init=False)
    rows: dict[tuple[str, str], Rows | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.exactly = ExactRows(self.judge.model.catalogue)

    @property
    def is_spent(self) -> bool:
        return self.effort + len(self.judge.model.keys) > self.most

    def rows_at(self, rule: Checked, number: OwnNumber, value: Fraction, decimals: int) -> Rows | None:
        """The rows of the rule with its number at a value, read from its text."""
        text = text_with(rule.rule.text, [(number, value, decimals)])
        if (rule.id, text) not in self.rows:
            read = self.bench.reader.rule(text, rule.rule)
            changed = None if read is None else replace(rule, rule=read)
            model = self.judge.model
            self.rows[rule.id, text] = None if changed is None else rows_of(model, changed, self.exactly)
            self.effort += len(self.judge.model.keys)
        return self.rows[rule.id, text]


@dataclass
class Dial:
    """One number of a rule in a conflict. rules: the set with the changed rule in place of the rule itself, as bits;
    parts: those on which it fails with the number as it is. way: in which direction the number allows more.
    start, ahead: the rule's rows with the number as it is, and a stretch further. here: those that speak of the parts.
    """

    dials: Dials
    rule: Checked
    number: OwnNumber
    rules: int
    bit: int
    start: Rows
    ahead: Rows
    stretch: Fraction
    here: Bools
    parts: Sequence[Component] = ()
    way: int = 0
    tests: int = 0

    @cached_property
    def is_linear(self) -> bool:
        """Is all that the rule compares linear in the number?"""
        return is_linear(self.number)

    def rows_at(self, value: Fraction, decimals: int, here: Bools) -> Rows | None:
        """Some of the rule's rows with the number at a value; None where the rule then speaks about something else."""
        if self.is_linear:
            return between(kept(self.start, here), kept(self.ahead, here), (value - self.number.value) / self.stretch)
        rows = self.dials.rows_at(self.rule, self.number, value, decimals)
        return None if rows is None or not is_alike(rows, self.start) else kept(rows, here)

    def judge_at(self, value: Fraction, decimals: int) -> Judge | None:
        """A judge that knows the rule with the number at a value on the parts."""
        rows = self.rows_at(value, decimals, self.here)
        return None if rows is None else with_rows(self.dials.judge, self.rule, rows)

    def clears(self, value: Fraction, decimals: int) -> bool | None:
        """Does the set hold on all parts with the number at a value? None where that is not told in time."""
        self.tests += 1
        judge = self.judge_at(value, decimals)
        if judge is None or self.tests > MOST_TESTS:
            return None
        failing = failing_parts(judge, self.parts, self.rules)
        self.dials.effort += sum(len(part.slots) for part in self.parts)
        return None if failing is None else not failing


def is_linear(number: OwnNumber) -> bool:
    """Does a number take part in sums, products and dividends alone?"""
    node: exp.Expr = next(c for c in number.tree.find_all(exp.Column) if c.name == number.name)
    while node.parent is not None and not isinstance(node.parent, (*COMPARISONS, exp.Between)):
        inside, node = node, node.parent
        divides = isinstance(node, exp.Div) and inside.arg_key == "expression"
        if divides or not isinstance(node, (exp.Paren, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div)):
            return False
    return True


def dial_of(
    dials: Dials, rule: Checked, number: OwnNumber, ids: Sequence[str], parts: Sequence[Component]
) -> Dial | None:
    """A number of a rule of a conflict, which breaks on some parts.

    None where the rule has no rows, or does not allow more the further the number goes.
    """
    model = dials.judge.model
    stretch = _stretch(number)
    start = dials.rows_at(rule, number, number.value, number.decimals)
    ahead = dials.rows_at(rule, number, number.value + stretch, number.decimals + 2)
    if start is None or ahead is None or not is_alike(start, ahead):
        return None
    here = np.isin(first_slots(start), np.concatenate([p.slots for p in parts]))
    numbers = {r.id: i for i, r in enumerate(model.items + model.coupled)}
    bit = 1 << (len(model.items) + len(model.coupled))
    rules = sum(1 << numbers[i] for i in ids if i != rule.id) | bit
    dial = Dial(dials, rule, number, rules, bit, start, ahead, stretch, here)
    judge = with_rows(dials.judge, rule, kept(start, here))
    failing = failing_parts(judge, _with_own_rows(parts, judge, len(model.rows)), rules)
    dial.parts = failing or ()
    dial.way = _way(dial, judge) if failing else 0
    return dial if dial.way else None


def _with_own_rows(parts: Sequence[Component], judge: Judge, first: int) -> list[Component]:
    """Parts with the rows of the changed rule, which begin at a number, that speak about their slots."""
    label = np.full(len(judge.model.slots), -1)
    for i, part in enumerate(parts):
        label[part.slots] = i
    mine = np.arange(first, len(judge.model.rows))
    of = label[judge.model.rows.entry_slot[judge.entry_start[mine]]]
    return [replace(part, rows=np.concatenate([part.rows, mine[of == i]])) for i, part in enumerate(parts)]


def failing_parts(judge: Judge, parts: Sequence[Component], rules: int) -> list[Component] | None:
    """The parts on which a set fails; None where some is left open."""
    asked = [Question(part, rules) for part in parts]
    found = []
    for question, verdict in zip(asked, judge.verdicts(asked), strict=True):
        if verdict == "open":
            verdict = decide(judge, question, nodes=MOST_NODES)
        if verdict == "open":
            return None
        if verdict == "fails":
            found.append(question.component)
    return found


def _stretch(number: OwnNumber) -> Fraction:
    """A move by which rows are measured: as far as the number is from zero, or little where they are not linear."""
    if is_linear(number):
        return abs(number.value) or Fraction(1)
    unit = Fraction(1, 10 ** (number.decimals + 2))
    return max(1, round(abs(number.value) / 64 / unit)) * unit


def _way(dial: Dial, judge: Judge) -> int:
    """1 where a larger number asks less of every row whatever the levers, -1 where a smaller one does, else 0."""
    now, then = kept(dial.start, dial.here), kept(dial.ahead, dial.here)
    free = judge.batch([Question(_union(dial.parts), 0)]).found
    place = np.full(len(judge.model.slots), -1)
    place[free.slots] = np.arange(len(free.slots))
    at = place[now.entry_slot]
    factor = then.entry_factor - now.entry_factor
    ends = [np.where(at >= 0, _times(factor, end[at]), 0.0) for end in (free.low, free.high)]
    rows, bound = np.unique(now.entry_row[at >= 0]), then.bound - now.bound
    most, least = (np.bincount(now.entry_row, e, len(now)) - bound for e in (np.maximum(*ends), np.minimum(*ends)))
    most, least = most[rows], least[rows]
    if not (most.any() or least.any()):
        return 0
    tiny = 1e-12 * np.maximum(1.0, np.abs(now.bound[rows]))
    return 1 if (most <= tiny).all() else -1 if (least >= -tiny).all() else 0


def _times(factor: Floats, end: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.where(factor == 0, 0.0, factor * end)


def _union(parts: Sequence[Component]) -> Component:
    """Several parts as one, which is no component of the model."""
    slots = np.concatenate([p.slots for p in parts])
    return Component(-1, slots, np.concatenate([p.rows for p in parts]), parts[0].rules)


# Where to look


def about(dial: Dial) -> float | None:
    """How far the number has to go at least by a linear programme; infinite where no move will do, None where that does
    not say.

    Where the number multiplies levers, the programme is solved again with the values that it came to.
    """
    number, ahead = dial.number, dial.stretch
    now = dial.judge_at(number.value, number.decimals)
    then = dial.judge_at(number.value + dial.way * ahead, number.decimals + 2)
    if now is None or then is None or _has_choice(dial):
        return None
    union = _union(dial.parts)
    batch = now.batch([Question(union, dial.rules & ~dial.bit)])
    if batch.pushed.empty.any():
        return None
    mine = union.rows[union.rows >= len(dial.dials.judge.model.rows)]
    whole = replace(
        batch, others=np.concatenate([batch.others, mine]), of_row=np.zeros(len(batch.others) + len(mine), int)
    )
    is_shift = dial.is_linear and bool((dial.start.entry_factor == dial.ahead.entry_factor).all())
    point, _ = now.point_at(batch, now.model.slots.today[batch.slots])
    return _converged(now, then, whole, mine, np.where(np.isfinite(point), point, 0.0), float(ahead), is_shift)


def _has_choice(dial: Dial) -> bool:
    """Does some row of the rule ask for one item of several?"""
    return bool(dial.start.some.any())


def _converged(
    now: Judge, then: Judge, batch: Batch, mine: Ints, point: Floats, ahead: float, is_shift: bool
) -> float | None:
    found: float | None = None
    rates = np.zeros(len(now.model.rows))
    for _ in range(MOST_ROUNDS):
        eased = (now.excess(batch, mine, point)[0] - then.excess(batch, mine, point)[0]) / ahead
        if found is not None and np.allclose(eased, rates[mine], rtol=1e-9):
            return found
        rates[mine] = np.maximum(eased, 0.0)
        relaxed = relax(now, batch, rates=rates)
        if relaxed is None and is_shift:
            return math.inf
        if relaxed is None or not np.isfinite(relaxed.point).all():
            return found
        found, point = max(0.0, -relaxed.slack), relaxed.point
    return found


# The least value


def least_value(dial: Dial) -> tuple[Fraction, int] | None:
    """The value next to the number that clears the conflict, and its decimals; None where none was found in time."""
    guess, known, units = about(dial), (0, None), 0  # type: float | None, tuple[int, int | None], int | None
    if guess == math.inf:
        return None
    for decimals in range(_first_decimals(dial.number, guess), MOST_DECIMALS + 1):
        units = _least_units(dial, guess, decimals, known)
        if units is None:
            return None
        if units >= SURE or _is_close(units, guess, decimals):
            break
        known = 10 * (units - 1), 10 * units
    value = dial.number.value + dial.way * Fraction(units or 0, 10**decimals)
    while decimals > dial.number.decimals and (value * 10 ** (decimals - 1)).denominator == 1:
        decimals -= 1
    return value, decimals


def _first_decimals(number: OwnNumber, guess: float | None) -> int:
    """As many as the number has, or more where a move that is guessed would go much too far with so few."""
    for decimals in range(number.decimals, MOST_DECIMALS):
        if guess is None or _is_close(_units(guess, decimals), guess, decimals):
            return decimals
    return number.decimals


def _units(guess: float, decimals: int) -> int:
    return max(1, math.ceil(guess * 10**decimals * (1 - NEAR) - NEAR))


def _is_close(units: int, guess: float | None, decimals: int) -> bool:
    """Does a move go beyond what is needed by less than two hundredths, or, from a unit that only a strict end keeps
    out, by one unit?
    """
    if guess is None:
        return False
    needed = guess * 10**decimals
    if abs(needed - round(needed)) <= NEAR * max(1.0, needed) and units - round(needed) <= 1:
        return True
    return units - needed <= OVERSHOOT * needed


def _least_units(dial: Dial, guess: float | None, decimals: int, known: tuple[int, int | None]) -> int | None:
    """How many units the number has to go: so many clear, one less does not.

    known: units that do not clear, and units that do, if any.
    """

    def clears(units: int) -> bool | None:
        return dial.clears(dial.number.value + dial.way * Fraction(units, 10**decimals), decimals)

    low, high = known
    at = max(low + 1, _units(guess, decimals)) if guess is not None else low + 1
    at, reach = at if high is None else min(at, high - 1), 1
    while high is None or high - low > 1:
        told = clears(at)
        if told is None:
            return None
        if told:
            at, high = (at - 1 if high is None and at - 1 > low else (low + at) // 2), at
        else:
            low, at = at, at + reach if high is None else (at + high) // 2
            reach *= 2
    return high
