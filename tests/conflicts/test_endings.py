"""Which endings hold where, on lattices and on the open line, on both sides of zero: as trying every place finds."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest

from alignment.conflicts.endings import Pieces, pieces
from alignment.conflicts.frames import frames
from alignment.conflicts.line import Line, casts_of, line_of
from alignment.conflicts.positions import FAR, Positions, positions
from tests.conflicts.cases import case_of
from tests.oracles.rules import says

ENDINGS = (
    "price % 1 = 0.99", "price % 1 = 0.5", "price % 1 = -0.5", "price % 0.5 <> 0", "price % 2 >= 1",
    "price % 1.5 < 0.25", "price % 3 > -1", "price % 2 = 0",
)  # fmt: skip
LEVERS: tuple[dict[str, Any], ...] = (
    {}, {"minimum": 0}, {"minimum": -2, "maximum": 3},
    {"minimum": Decimal("-1.5"), "step": Decimal("0.5")}, {"minimum": Decimal("-2.2"), "step": Decimal("0.3")},
    {"minimum": Decimal("0.7"), "step": Decimal("0.25")}, {"step": Decimal("0.75")},
)  # fmt: skip


def laid_out(rules: list[str], lever: dict[str, Any]) -> tuple[Line, Positions, Pieces]:
    case = case_of([f"{rule} or price < -99" for rule in rules], [{}], [{"name": "price", **lever}])
    line = line_of(case.initiative.levers[0], case.rules.checked, casts_of(case.catalogue), {})
    at = positions(next(frames(line, case.catalogue)), line)
    found = pieces(line, at)
    assert found is not None
    return line, at, found


def value(at: Positions, place: int) -> Fraction:
    """The lever value of a position; of an open stretch, one inside it."""
    return Fraction(at.origin + place * at.step, at.scale) if at.step else Fraction(place, 2 * at.scale)


def pattern(line: Line, at: Positions, found: Pieces, place: int) -> int:
    row = {"price": value(at, place)}
    text = "price % {} {} {}"
    held = [says(text.format(float(r.modulus), r.operator, float(r.value)), row, ("price",)) for r in line.residues]
    return int(np.flatnonzero((found.patterns == np.array(held)).all(axis=1))[0])


@pytest.mark.parametrize("seed", range(24))
def test_the_next_place_with_an_ending_is_the_first_that_has_it(seed: int) -> None:
    dice = Random(seed)
    line, at, found = laid_out(dice.sample(ENDINGS, dice.randint(1, 2)), LEVERS[seed % len(LEVERS)])
    turn = 6 * at.scale * 2 // (at.step or 1) + 2
    held = {p: pattern(line, at, found, p) for p in range(-2 * turn, 2 * turn)}
    for place in [*range(-3, 4), *(dice.randint(-turn, turn) for _ in range(40))]:
        here = np.array([place])
        assert found.pattern_at(here)[0] == held[place]
        for q in range(found.size):
            after = next((p for p in range(place, 2 * turn) if held[p] == q), FAR)
            before = next((p for p in range(place, -2 * turn, -1) if held[p] == q), -FAR)
            assert (found.following(q, here)[0], found.preceding(q, here)[0]) == (after, before), (place, q)
