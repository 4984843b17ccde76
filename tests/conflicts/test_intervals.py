"""What unions of intervals have in common, against each point asked one by one."""

import math

from hypothesis import given
from hypothesis import strategies as st

from alignment.conflicts.intervals import common
from alignment.conflicts.report import Part

POINTS = [k / 2 for k in range(-3, 24)]


@st.composite
def unions(draw):
    """Intervals between whole numbers, apart from each other, lowest first; single values among them."""
    ends = sorted(draw(st.lists(st.integers(0, 10), unique=True, max_size=6)))
    if len(ends) % 2:
        ends.append(ends[-1])
    parts = []
    for low, high in zip(ends[::2], ends[1::2], strict=True):
        single = low == high
        parts.append(Part(float(low), single or draw(st.booleans()), float(high), single or draw(st.booleans())))
    if parts and draw(st.booleans()):
        parts[0] = Part(None, False, parts[0].upper, parts[0].upper_closed)
    if parts and draw(st.booleans()):
        parts[-1] = Part(parts[-1].lower, parts[-1].lower_closed, None, False)
    return parts


def holds(parts, value: float) -> bool:
    return any(
        (value > (-math.inf if p.lower is None else p.lower) or (p.lower_closed and value == p.lower))
        and (value < (math.inf if p.upper is None else p.upper) or (p.upper_closed and value == p.upper))
        for p in parts
    )


@given(st.lists(unions(), min_size=1, max_size=3))
def test_a_point_is_common_where_it_lies_in_every_union(drawn):
    left = common(drawn)
    for value in POINTS:
        assert holds(left, value) == all(holds(parts, value) for parts in drawn)
