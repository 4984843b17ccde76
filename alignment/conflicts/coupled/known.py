"""What is known about sets of rules on each component: sets that hold, with what their points satisfy, and sets that
fail.

Whatever lies within a set that holds, holds; whatever contains a set that fails, fails. A point that was found for one
set often satisfies more rules than it was asked for, so that one point answers many questions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from alignment.conflicts.coupled.totals import has_ending
from alignment.conflicts.line import Floats

if TYPE_CHECKING:
    from alignment.conflicts.coupled.model import Component, Model
    from alignment.conflicts.coupled.verdicts import Batch, Judge, Verdict


@dataclass
class Known:
    """By number of the component: greatest sets that hold, with a point of each where one was found, least sets that
    fail, and sets that were left open.
    """

    held: dict[int, list[tuple[int, Floats | None]]] = field(default_factory=dict)
    failed: dict[int, list[int]] = field(default_factory=dict)
    open: set[tuple[int, int]] = field(default_factory=set)

    def verdict(self, component: Component, rules: int) -> Verdict | None:
        """What follows for a set of rules; None where nothing does."""
        number, asked = component.number, rules & component.rules
        if any(asked & ~h == 0 for h, _ in self.held.get(number, ())):
            return "holds"
        if any(f & ~asked == 0 for f in self.failed.get(number, ())):
            return "fails"
        return "open" if (number, asked) in self.open else None

    def core(self, component: Component, rules: int, coupled: int) -> int:
        """The least set known to fail within one that does, one with few coupled rules first; else the set itself."""
        asked = rules & component.rules
        within = [f for f in self.failed.get(component.number, ()) if f & ~asked == 0]
        return min(within, key=lambda f: ((f & coupled).bit_count(), f.bit_count(), f), default=asked)

    def nearest(self, component: Component, rules: int) -> Floats | None:
        """A point that satisfies as many of some rules as any known; of several the last one."""
        points = [(h, point) for h, point in self.held.get(component.number, ()) if point is not None]
        return max(reversed(points), key=lambda p: (p[0] & rules).bit_count(), default=(0, None))[1]

    def add(self, component: Component, rules: int, verdict: Verdict, point: Floats | None = None) -> None:
        """Remembers an answer; sets that it makes needless are dropped."""
        number, asked = component.number, rules & component.rules
        if number < 0:  # no component of the model: numbers below 0 are used again for other parts
            return
        if verdict == "holds":
            known = self.held.get(number, [])
            if point is not None or not any(asked & ~h == 0 for h, _ in known):
                self.held[number] = [*((h, p) for h, p in known if h & ~asked), (asked, point)]
        elif verdict == "fails":
            less = [f for f in self.failed.get(number, ()) if asked & ~f]
            self.failed[number] = [*less, asked]
        else:
            self.open.add((number, asked))


def satisfied_rules(judge: Judge, batch: Batch, question: int, point: Floats) -> int:
    """All rules of a component that surely hold at a point (values of the batch) that satisfies a question's own.

    Where values are known to a distance only, no more than the question's own rules.
    """
    model, asked = judge.model, batch.questions[question]
    component, own = asked.component, asked.rules & asked.component.rules
    if component.number < 0 or not len(component.slots):
        return own
    if (model.slots.unit[component.slots] != 0).any() or model.slots.unsure[component.slots].any():
        return own
    broken = judge.broken_rows(batch, component.rows, point)
    coupled = np.unique(model.rows.rule[component.rows[broken]])
    lost = sum(1 << (len(model.items) + int(r)) for r in coupled)
    here = np.flatnonzero(batch.of_slot == question)
    lost |= forbidding(model, batch, here, point[here])
    return own | (component.rules & ~lost)


def forbidding(model: Model, batch: Batch, at: np.ndarray[tuple[int], np.dtype[np.int64]], value: Floats) -> int:
    """Item rules that forbid values of slots `at` of a batch, which lie in allowed cells."""
    part, slots = model.slots, batch.slots[at]
    wide = value[:, None]
    inside = (
        ((wide > part.first[slots]) | ((wide == part.first[slots]) & ~part.first_open[slots]))
        & ((wide < part.last[slots]) | ((wide == part.last[slots]) & ~part.last_open[slots]))
        & batch.found.allowed[at]
        & has_ending(model, slots, value)
    )
    cell = inside.argmax(axis=1)
    words = part.forbidden[slots, cell]
    found = 0
    for lever, numbers in enumerate(model.lever_rules):
        union = np.bitwise_or.reduce(words[part.lever[slots] == lever], axis=0)
        bits = int.from_bytes(union.tobytes(), "little")
        found |= sum(1 << rule for bit, rule in enumerate(numbers) if bits >> bit & 1)
    outside = ~inside.any(axis=1) & (part.lever[slots] >= 0)
    return found if not outside.any() else found | ((1 << len(model.items)) - 1)
