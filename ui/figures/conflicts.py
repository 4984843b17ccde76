"""The number line of a conflict: what each rule allows at one item, and where nothing fits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ui.colours import mix
from ui.figures.allowed import Allowed, Write, binding, ceiling_words, floor_words, spans
from ui.figures.drawing import PHONE, Drawing, Look, fit, label, ticks
from ui.words import amount, apart, capital, is_currency, listed

ROW, TOP, HALF = 50, 24, 0.65
MOST_POINTS = 40


@dataclass(frozen=True)
class Scale:
    """The stretch on show; `gap` is the tinted middle, `bounds` whether its ends are a ceiling and a floor above it."""

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
    d = Drawing(look, ROW * len(rows), _title(rows, scale, write, lever), "", alt, margin=(10, 10, TOP, below))
    low, high = scale.view
    d.axes["yaxis"] = {"range": [d.height, 0], "visible": False}
    d.axes["xaxis"] = _x_axis(scale, look, write)
    _tint(d, scale, write, word or f"no {lever} fits")
    shared = {row.team for row in rows if sum(other.team == row.team for other in rows) > 1}
    for k, row in enumerate(rows):
        y = ROW * (k + 0.5)
        inside = _inside(row, scale)
        _bars(d, row, y + 9 if inside else y, scale, write)
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
    ends = sorted({end for row in rows for part in row.parts for end in part[:2] if end is not None})
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
        end
        for row in rows
        if len(row.parts) <= MOST_POINTS
        for part in row.parts
        for end in part[:2]
        if end is not None
    ]
    decimals = apart([*ends, *scale.gap, scale.gap[1] - scale.gap[0], today])
    return 2 if is_currency(unit) and decimals == 1 else decimals


def _x_axis(scale: Scale, look: Look, write: _Writer) -> dict:
    values = ticks(*scale.view, about=5)
    decimals = apart(values)
    text = [amount(v, write.unit, 2 if is_currency(write.unit) and decimals == 1 else decimals) for v in values]
    muted = look.ink.muted
    return {
        "range": list(scale.view), "tickvals": values, "ticktext": text, "tickangle": 0, "showline": True,
        "linecolor": muted, "ticks": "outside", "ticklen": 4, "tickcolor": muted,
        "tickfont": {"size": 12, "color": muted},
    }  # fmt: skip


def _tint(d: Drawing, scale: Scale, write: _Writer, word: str) -> None:
    a, b = scale.gap
    rust = d.look.ink.bad
    d.rect(a, b, 0, d.height, _tinted(d))
    for x in {a, b}:
        d.line(x, x, 0, d.height, rust)
    d.line(a, b, 0, 0, rust, width=2, above=True)
    width = f"<b>{write(b - a)}</b> {word}" if scale.bounds and b > a else label(word)
    if not scale.bounds and b > a:
        width = f"<b>{write(a)} to {write(b)}</b> {word}"
    d.say((a + b) / 2, 0, width, 13, rust, x_at="center", y_at="bottom", yshift=2)


def _bars(d: Drawing, row: Allowed, y: float, scale: Scale, write: _Writer) -> None:
    """Draw what a rule allows: bars, arrows where they go on, strokes for single values."""
    low, high = scale.view
    colour = d.look.colour(row.team)
    says = f"{label(row.name)}: {spans(row, write)}"
    clipped = [(max(part.start, low), min(part.stop, high)) for part in row.parts]
    seen = [part for part in clipped if part[0] <= part[1]]
    points = [a for a, b in seen if a == b]
    if len(points) > MOST_POINTS:
        hatch = {"line": {"width": 0}, "pattern": {"shape": "|", "fgcolor": colour, "size": 4}}
        d.bar(points[0], points[-1], y, 11, "rgba(0,0,0,0)", says, name=row.name, marker=hatch)
    elif points:
        stroke = {"symbol": "line-ns", "size": 14, "opacity": 1, "line": {"width": 2.5, "color": colour}}
        d.dots(points, [y] * len(points), says, name=row.name, marker=stroke)
    for a, b in seen:
        if b > a:
            d.bar(a, b, y, 11, colour, says, name=row.name)
    for end, goes_on, shape in ((high, row.high > high, "triangle-right"), (low, row.low < low, "triangle-left")):
        if goes_on and any(end in part for part in seen):
            d.dots([end], [y], marker={"symbol": shape, "size": 18, "opacity": 1, "color": colour})


def _inside(row: Allowed, scale: Scale) -> bool:
    """Whether some of what a rule allows lies inside the tint, where its words would stand."""
    a, b = scale.gap
    ends = [(part.start, part.stop) for part in row.parts]
    return any((p < b and q > a) if p < q else a < p < b for p, q in ends)


def _words(d: Drawing, row: Allowed, y: float, scale: Scale, write: _Writer, named: bool, beside: bool) -> None:
    """Write who asks for what inside the tint, at the end that binds, or above a bar that is in the way."""
    a, b = scale.gap
    room = 0.43 * PHONE if not beside else PHONE / 3
    who = label(fit([row.name if named else d.look.team(row.team or "").name], room, 13)[0])
    head = d.look.mark(row.team) + who
    what = binding(row, scale.gap, _bold(write))
    ground = _tinted(d) if b > a else d.look.ink.ground
    if beside:
        d.say((a + b) / 2, y - 9, f"{head}, {what}", 13, x_at="center", bgcolor=ground)
        return
    at, anchor, shift = ((a + b) / 2, "center", 0)
    if row.parts and row.low >= b:
        at, anchor, shift = b, "right", -7
    elif row.parts and row.high <= a:
        at, anchor, shift = a, "left", 7
    d.say(at, y, f"{head}<br>{what}", 13, x_at=anchor, align=anchor, xshift=shift, bgcolor=ground)


def _bold(write: _Writer) -> Write:
    return lambda value: f"<b>{write(value)}</b>"


def _tinted(d: Drawing) -> str:
    return mix(d.look.ink.ground, d.look.ink.bad, 0.12)


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


def _title(rows: Sequence[Allowed], scale: Scale, write: _Writer, lever: str) -> str:
    if len(rows) == 2 and scale.bounds:
        top, bottom = rows
        asks, allows = floor_words(top.parts[0], write), ceiling_words(bottom.parts[-1], write)
        return f"{top.name} asks for {asks}, {bottom.name} allows {allows}"
    return f"No {lever} fits {listed(row.name for row in rows)}"


def _alt(rows: Sequence[Allowed], scale: Scale, today: float | None, write: _Writer, lever: str) -> str:
    def said(row: Allowed) -> str:
        who = f"{row.name} ({row.team})" if row.team else row.name
        return f"{who}: {spans(row, write)}"

    a, b = scale.gap
    gap = f"; {write(b - a)} lie between them" if scale.bounds and b > a else ""
    now = f"; today {write(today)}" if today is not None else ""
    return f"{capital(lever)} that {listed(row.name for row in rows)} allow: {'; '.join(map(said, rows))}{gap}{now}."
