"""What several rules allow together at one item."""

from hypothesis import given
from hypothesis import strategies as st

from ui.figures.allowed import Allowed, Part, meet

POINTS = [k / 2 for k in range(-3, 24)]


@st.composite
def rows(draw):
    """A union of intervals between whole numbers, apart from each other, lowest first; single values among them."""
    ends = sorted(draw(st.lists(st.integers(0, 10), unique=True, max_size=6)))
    if len(ends) % 2:
        ends.append(ends[-1])
    parts = []
    for low, high in zip(ends[::2], ends[1::2], strict=True):
        closed = low == high or draw(st.booleans())
        parts.append(Part(float(low), float(high), closed, low == high or draw(st.booleans())))
    if parts and draw(st.booleans()):
        parts[0] = parts[0]._replace(low=None)
    if parts and draw(st.booleans()):
        parts[-1] = parts[-1]._replace(high=None)
    return Allowed("brand", "Rule", tuple(parts))


def allows(row: Allowed, value: float) -> bool:
    return any(
        (value > part.start or (part.low_closed and value == part.start))
        and (value < part.stop or (part.high_closed and value == part.stop))
        for part in row.parts
    )


@given(st.lists(rows(), min_size=1, max_size=3))
def test_rules_meet_where_one_value_is_allowed_by_all(drawn):
    assert meet(drawn) == any(all(allows(row, value) for row in drawn) for value in POINTS)
