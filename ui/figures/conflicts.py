"""The number line of a conflict: what each rule allows at one item, and where nothing fits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ui.colours import mix
from ui.figures.drawing import Drawing, Look, label, ticks
from ui.words import amount, apart, capital, cut, is_currency, listed

Part = tuple[float | None, float | None]
ROW, TOP, HALF = 50, 24, 0.65
MOST_POINTS = 40
RANGE_NAME = "Allowed range"


@dataclass(frozen=True)
class Allowed:
    """What one rule allows at an item: intervals of the lever, lowest first, None for an open end; a point has equal ends.

    team: None for the lever's own range. No part at all: the rule allows nothing here.
    """

    team: str | None
    name: str
    parts: tuple[Part, ...]

    @property
    def low(self) -> float:
        """The lowest allowed value; minus infinity for an open end, plus infinity for nothing at all."""
        return min((-math.inf if a is None else a for a, _ in self.parts), default=math.inf)

    @property
    def high(self) -> float:
        """The highest allowed value; plus infinity for an open end, minus infinity for nothing at all."""
        return max((math.inf if b is None else b for _, b in self.parts), default=-math.inf)


@dataclass(frozen=True)
class Scale:
    """The stretch of the lever on show; `gap` is the tinted middle, `bounds` whether its ends are a floor over a ceiling."""

    gap: tuple[float, float]
    view: tuple[float, float]
    bounds: bool


def number_line(
    rows: Sequence[Allowed],
    look: Look,
    *,
    lever: str = "price",
    unit: str | None = None,
    today: float | None = None,
    word: str | None = None,
):
    """Figure of what each rule allows at one item, one row each, the one who asks for most on top.

    rows: of any number and shape: bounds, unions of intervals, lattices as points, a rule that allows nothing.
    today: the lever's value now. word: what the width of the gap is called; by default that no value of the lever fits.
    Returns a figure 50 px a row, whose gap takes the middle 43 % of the width; `layout.meta` states it in a sentence.
    """
    rows = sorted(rows, key=lambda row: (-row.low, -row.high))
    scale = _scale(rows, today)
    decimals = _decimals(rows, scale, today, unit)
    write = _Writer(unit, decimals)
    alt = _alt(rows, scale, today, write, lever)
    below = 28 if today is None else 44
    d = Drawing(look, ROW * len(rows), alt, "", alt, margin=(10, 10, TOP, below))
    low, high = scale.view
    d.axes["yaxis"] = {"range": [d.height, 0], "visible": False}
    d.axes["xaxis"] = _x_axis(scale, look, write)
    _tint(d, scale, write, word or f"no {lever} fits")
    shared = {row.team for row in rows if sum(other.team == row.team for other in rows) > 1}
    for k, row in enumerate(rows):
        y = ROW * (k + 0.5)
        inside = _bars(d, row, y, scale, write)
        _words(d, row, y, scale, write, named=row.team is None or row.team in shared, beside=inside)
    if today is not None:
        _today(d, today, scale, write, max(low, min(high, today)))
    return d.figure()


@dataclass(frozen=True)
class _Writer:
    unit: str | None
    decimals: int

    def __call__(self, value: float) -> str:
        return amount(value, self.unit, self.decimals)


def _scale(rows: Sequence[Allowed], today: float | None) -> Scale:
    floor = max((row.low for row in rows if row.parts), default=math.inf)
    ceiling = min((row.high for row in rows if row.parts), default=-math.inf)
    ends = sorted({end for row in rows for part in row.parts for end in part if end is not None})
    bounds = math.isfinite(floor) and math.isfinite(ceiling) and floor >= ceiling and all(row.parts for row in rows)
    if bounds:
        gap = (ceiling, floor)
    elif ends:
        gap = (floor if math.isfinite(floor) else ends[0], ceiling if math.isfinite(ceiling) else ends[-1])
    else:
        gap = (today or 0.0, today or 0.0)
    gap = (min(gap), max(gap))
    width = gap[1] - gap[0] or max(abs(gap[0]) * 0.1, 1.0)
    middle = sum(gap) / 2
    reach = width * (0.5 + HALF) if gap[1] > gap[0] else width
    low, high = middle - reach, middle + reach
    if today is not None and _near(today, low, high, width):
        low, high = min(low, today - 0.2 * width), max(high, today + 0.2 * width)
    return Scale(gap, (low, high), bounds)


def _near(today: float, low: float, high: float, width: float) -> bool:
    """Whether room for today leaves the gap a third of the figure; farther off, an arrow at the edge points to it."""
    span = max(high, today + 0.2 * width) - min(low, today - 0.2 * width)
    return width / span >= 0.33


def _decimals(rows: Sequence[Allowed], scale: Scale, today: float | None, unit: str | None) -> int:
    ends = [
        end for row in rows if len(row.parts) <= MOST_POINTS for part in row.parts for end in part if end is not None
    ]
    decimals = apart([*ends, *scale.gap, scale.gap[1] - scale.gap[0]])
    return 2 if is_currency(unit) and decimals == 1 else decimals


def _x_axis(scale: Scale, look: Look, write: _Writer) -> dict:
    values = ticks(*scale.view, about=4)
    decimals = apart(values)
    text = [amount(v, write.unit, 2 if is_currency(write.unit) and decimals == 1 else decimals) for v in values]
    return {
        "range": list(scale.view), "tickvals": values, "ticktext": text, "tickangle": 0, "showline": True, "linecolor": look.ink.muted,
        "ticks": "outside", "ticklen": 4, "tickcolor": look.ink.muted, "tickfont": {"size": 12, "color": look.ink.muted},
    }  # fmt: skip


def _tint(d: Drawing, scale: Scale, write: _Writer, word: str) -> None:
    a, b = scale.gap
    rust = d.look.ink.bad
    d.rect(a, b, 0, d.height, mix(d.look.ink.ground, rust, 0.12))
    for x in {a, b}:
        d.line(x, x, 0, d.height, rust)
    d.line(a, b, 0, 0, rust, width=2, above=True)
    width = f"<b>{write(b - a)}</b> {word}" if scale.bounds and b > a else label(word)
    if not scale.bounds and b > a:
        width = f"<b>{write(a)} to {write(b)}</b> {word}"
    d.say((a + b) / 2, 0, width, 13, rust, x_at="center", y_at="bottom", yshift=2)


def _bars(d: Drawing, row: Allowed, y: float, scale: Scale, write: _Writer) -> bool:
    """Draw what a rule allows; tells whether some of it lies inside the tint, where the words would stand."""
    low, high = scale.view
    colour = d.look.colour(row.team)
    says = f"{label(row.name)}: {_spans(row, write)}"
    clipped = [(low if a is None else max(a, low), high if b is None else min(b, high)) for a, b in row.parts]
    seen = [part for part in clipped if part[0] <= part[1]]
    points = [a for a, b in seen if a == b]
    if len(points) > MOST_POINTS:
        d.bar(
            points[0],
            points[-1],
            y,
            11,
            "rgba(0,0,0,0)",
            says,
            marker={"line": {"width": 0}, "pattern": {"shape": "|", "fgcolor": colour, "size": 4}},
        )
        points = []
    if points:
        d.dots(
            points,
            [y] * len(points),
            says,
            marker={"symbol": "line-ns", "size": 14, "opacity": 1, "line": {"width": 2.5, "color": colour}},
        )
    for a, b in seen:
        if b > a:
            d.bar(a, b, y, 11, colour, says, name=row.name)
    for end, open_end, shape in (
        (high, row.high > high and row.parts, "triangle-right"),
        (low, row.low < low, "triangle-left"),
    ):
        if open_end and any(end in part for part in seen):
            d.dots([end], [y], marker={"symbol": shape, "size": 18, "opacity": 1, "color": colour})
    a, b = scale.gap
    return any(p < b and q > a or a < p == q < b for p, q in seen)


def _words(d: Drawing, row: Allowed, y: float, scale: Scale, write: _Writer, named: bool, beside: bool) -> None:
    """Write who asks for what inside the tint, at the end that binds; above the bar where the bar itself is in the way."""
    a, b = scale.gap
    who = label(cut(row.name, 20)) if named else label(d.look.team(row.team or "").name)
    head = d.look.mark(row.team) + who
    what = _binding(row, scale, write)
    if beside:
        d.say((a + b) / 2, y - 9, f"{head}, {what}", 13, x_at="center", y_at="bottom", yshift=-2)
        return
    at, anchor, shift = ((a + b) / 2, "center", 0)
    if row.low >= b:
        at, anchor, shift = b, "right", -7
    elif row.high <= a:
        at, anchor, shift = a, "left", 7
    d.say(at, y, f"{head}<br>{what}", 13, x_at=anchor, align=anchor, xshift=shift)


def _binding(row: Allowed, scale: Scale, write: _Writer) -> str:
    a, b = scale.gap
    if not row.parts:
        return "allows nothing"
    if row.low >= b and math.isfinite(row.low):
        return f"at least <b>{write(row.low)}</b>"
    if row.high <= a and math.isfinite(row.high):
        return f"at most <b>{write(row.high)}</b>"
    if all(p == q for p, q in row.parts):
        values = [p for p, _ in row.parts if p is not None]
        near = [v for v in values if a <= v <= b] or values
        return (
            f"only {write(near[0])}, {write(near[1])} …" if len(near) > 2 else f"only {' or '.join(map(write, near))}"
        )
    holes = [
        (q, p) for (_, q), (p, _) in zip(row.parts, row.parts[1:], strict=False) if q is not None and p is not None
    ]
    if len(holes) == 1:
        return f"not <b>{write(holes[0][0])}</b> to <b>{write(holes[0][1])}</b>"
    return _spans(row, write)


def _spans(row: Allowed, write: _Writer) -> str:
    def span(part: Part) -> str:
        a, b = part
        if a is None and b is None:
            return "any value"
        if a == b and a is not None:
            return write(a)
        if a is None:
            return f"at most {write(b)}" if b is not None else ""
        return f"at least {write(a)}" if b is None else f"{write(a)} to {write(b)}"

    if not row.parts:
        return "nothing"
    texts = [span(part) for part in row.parts]
    return " or ".join(texts) if len(texts) <= 3 else f"{texts[0]}, {texts[1]} … {texts[-1]}"


def _today(d: Drawing, today: float, scale: Scale, write: _Writer, at: float) -> None:
    low, high = scale.view
    ink = d.look.ink
    inside = low <= today <= high
    if inside:
        d.line(today, today, 0, d.height, ink.ink, width=1.5, dash="2px,3px", above=True)
    place = (at - low) / (high - low)
    anchor = "left" if place < 0.25 else "right" if place > 0.75 else "center"
    text = f"today <b>{write(today)}</b>"
    if not inside:
        text = f"◂ {text}" if today < low else f"{text} ▸"
    d.say(at, 0, text, 12, x_at=anchor, y_at="top", yref="paper", yshift=-23)


def _alt(rows: Sequence[Allowed], scale: Scale, today: float | None, write: _Writer, lever: str) -> str:
    def said(row: Allowed) -> str:
        who = f"{row.name} ({row.team})" if row.team else RANGE_NAME
        return f"{who}: {_spans(row, write)}"

    a, b = scale.gap
    gap = f"; {write(b - a)} lie between them" if scale.bounds and b > a else ""
    now = f"; today {write(today)}" if today is not None else ""
    return f"{capital(lever)} that {listed(row.name for row in rows)} allow: {'; '.join(map(said, rows))}{gap}{now}."


def domain_row(minimum: float | None, maximum: float | None) -> Allowed:
    """The row of the lever's own range, beside a rule that contradicts it alone."""
    return Allowed(None, RANGE_NAME, ((minimum, maximum),))
