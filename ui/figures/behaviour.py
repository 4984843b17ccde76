"""How much of the achievable value the model captures, and whether choosing harder by its objective adds to it."""

from collections.abc import Mapping, Sequence

from ui.figures.drawing import Drawing, Look, faint, signed_ticks
from ui.figures.points import Behaviour, in_points, unknown
from ui.words import MINUS, count, counted, share

MID = 52


def strip(behaviour: Behaviour, look: Look):
    """Figure of the captured share with its interval between today, 0, and the best choice, 100 %."""
    captured, items = behaviour["captured"], behaviour["items"]
    k, low, high, random = (captured.get(key) for key in ("model", "low", "high", "random"))
    interval = low is not None and high is not None
    sub = f"0 is today, 100\u00a0% the best choice for the stated weights; {counted(items, 'item')}" + (
        "; grey bar: 95\u00a0% interval" if interval else ""
    )
    if k is None:
        return unknown(behaviour, look, sub)
    alt = f"Captured share {share(k)}" + (f", 95 % interval {share(low)} to {share(high)}" if interval else "")
    alt += f"; random {share(random)}" if random is not None else ""
    d = Drawing(
        look,
        116,
        f"The model captures {share(k)} of the achievable value: {_captured_word(k, low, high)}",
        sub,
        f"{alt}; today 0; best 100 %",
        (10, 10, 4, 4),
    )
    left = max(-1.6, min(-0.12, *(v - 0.12 for v in (k, low, random) if v is not None)))
    d.rows(left, 1.06)
    _zones(d, left)
    _random(d, random, left)
    _model(d, k, low, high, left)
    return d.figure()


def _captured_word(k: float, low: float | None, high: float | None) -> str:
    low, high = k if low is None else low, k if high is None else high
    if high < 0:
        return "worse than leaving today’s choices alone"
    if low < 0:
        return "perhaps no better than today"
    if high < 0.5:
        return "less than half of what there is"
    if low >= 0.8:
        return "nearly all there is" if low >= 0.95 else "most of what there is"
    return "part of what there is"


def _zones(d: Drawing, left: float) -> None:
    ink, span = d.look.ink, 1.06 - left
    d.rect(left, 0, MID - 16, MID + 16, ink.bad_soft)
    d.rect(0, 1, MID - 16, MID + 16, ink.good_soft)
    for x in (0, 1):
        d.line(x, x, MID - 16, MID + 24, ink.ink, width=1.5, above=True)
    roomy, tight = 0.3 < -left / span < 0.58, -left <= 0.12 * span
    d.say(
        0,
        MID + 34,
        "worse ◂ <b>today 0</b> ▸ better" if roomy else "<b>today 0</b>",
        x_at="left" if tight else "center",
        xshift=-8 if tight else 0,
    )
    d.say(1, MID + 34, "<b>best 100\u00a0%</b>", x_at="right", xshift=8)


def _random(d: Drawing, random: float | None, left: float) -> None:
    if random is None:
        return
    span, at = 1.06 - left, max(random, left)
    drop = 52 if -0.62 * span < random < 0.5 * span or random > 0.72 else 34
    if random > left:
        d.line(random, random, MID - 16, MID + drop - 9, d.look.ink.muted, width=1.2, dash="2px,2px", above=True)
    place = (at - left) / span
    d.say(
        at,
        MID + drop,
        ("◂ " if random < left else "") + f"random {share(random)}",
        color=d.look.ink.muted,
        x_at="left" if place < 0.15 else "right" if place > 0.85 else "center",
    )


def _model(d: Drawing, k: float, low: float | None, high: float | None, left: float) -> None:
    ink, off, at = d.look.ink, k < left, max(k, left + 0.02)
    if low is not None and high is not None and high > left:
        d.rect(max(low, left), min(high, 1.06), MID - 5, MID + 5, faint(ink, 0.45), above=True)
    interval = f"  {d.look.quiet(f'{share(low)} to {share(high)}')}" if low is not None else ""
    marker = {
        "symbol": "triangle-left" if off else "line-ns",
        "size": 16 if off else 24,
        "opacity": 1,
        "color": ink.ink,
        "line": {"width": 0 if off else 4, "color": ink.ink},
    }
    d.dots(
        [at],
        [MID],
        f"model {share(k)}{f'<br>95 %: {share(low)} to {share(high)}' if low is not None else ''}",
        marker=marker,
    )
    place = (at - left) / (1.06 - left)
    anchor = "left" if place < 0.33 else "right" if place > 0.67 else "center"
    edge = (
        at if anchor == "center" or low is None or off else max(low, left) if anchor == "left" else min(high or k, 1.06)
    )
    d.say(edge, 18, f"<b>model {share(k)}</b>{interval}", 14, x_at=anchor)


def goodhart(behaviour: Behaviour, look: Look):
    """Figure of the captured share when the model picks the best of n random candidates, n doubling."""
    curve = [p for p in behaviour["goodhart"]["curve"] if p["captured"] is not None]
    if not curve:
        return unknown(behaviour, look)
    peak, lost = behaviour["goodhart"]["peak_n"], behaviour["goodhart"]["lost_after_peak"] or 0
    ys = [p["captured"] for p in curve]
    at = (
        next((i for i, p in enumerate(curve) if p["n"] == peak), len(ys) - 1)
        if peak is not None and lost >= 0.005
        else len(ys) - 1
    )
    turned = at < len(ys) - 1
    last = "; ".join(f"best of {'all' if p['n'] is None else count(p['n'])}: {share(p['captured'])}" for p in curve)
    d = Drawing(
        look,
        210,
        _goodhart_title(ys, curve[at]["n"], lost, turned),
        "Captured share, in %, if the model picks the best of n random candidates",
        last,
        (34, 18, 14, 46),
    )
    _goodhart_axes(d, ys, curve)
    xs = list(range(len(ys)))
    if turned:
        _fall(d, xs, ys, at, lost)
    d.dots(xs[: at + 1], ys[: at + 1], mode="lines", line={"color": look.ink.good, "width": 2.5}, name="up to the peak")
    d.dots(
        xs,
        ys,
        "best of %{customdata}: %{y:.0%}",
        marker={"size": 4, "opacity": 1, "color": look.ink.muted},
        customdata=[str(p["n"] or "all") for p in curve],
    )
    if turned:
        d.dots(
            [at],
            [ys[at]],
            marker={"size": 12, "opacity": 1, "color": look.ink.ground, "line": {"width": 2.5, "color": look.ink.good}},
        )
        early = at < len(ys) / 2
        d.say(
            at,
            ys[at],
            f"<b>peak, best of {count(curve[at]['n'])}: {share(ys[at])}</b>",
            x_at="left" if early else "right",
            y_at="bottom",
            xshift=-6 if early else 6,
            yshift=9,
        )
    above = not turned and ys[-1] >= ys[0]
    d.say(
        xs[-1],
        ys[-1],
        f"<b>model {share(ys[-1])}</b>",
        x_at="right",
        y_at="bottom" if above else "top",
        yshift=8 if above else -6,
    )
    return d.figure()


def _goodhart_title(ys: Sequence[float], n: int | None, lost: float, turned: bool) -> str:
    if turned and n == 1:
        return f"Every step towards this objective makes it worse: it falls {in_points(lost)} below a random choice"
    if turned:
        peak = f"the value peaks at the best of {count(n)}"
        return f"Choosing harder makes it worse: {peak}, then falls by {in_points(lost)}"
    if ys[-1] - ys[0] < 0.005:
        return "Choosing harder by this objective changes nothing"
    return "Choosing harder by this objective keeps adding value"


def _goodhart_axes(d: Drawing, ys: Sequence[float], curve: Sequence[Mapping]) -> None:
    ink, last = d.look.ink, len(ys) - 1
    shown = [*range(0, last - 2, 2), last] if last > 3 else list(range(last + 1))
    words = {i: "∞" if curve[i]["n"] is None else count(curve[i]["n"]) for i in shown}
    words[0] += "<br>random" if curve[0]["n"] == 1 else ""
    words[last] += "<br>model" if curve[last]["n"] is None else ""
    low, high = min([0.0, *ys]), max([0.0, *ys])
    span = high - low or 0.1
    bounds = (low - 0.16 * span, high + 0.16 * span)
    title = {"text": "best of n candidates", "standoff": 0, "font": {"size": 11, "color": ink.muted}}
    d.axes["xaxis"] = {
        "range": [-0.4, last + 0.4],
        "tickvals": shown,
        "ticktext": [words[i] for i in shown],
        "title": title,
        "showline": True,
        "tickangle": 0,
    }
    d.axes["yaxis"] = {"range": list(bounds), "showgrid": True} | signed_ticks(*bounds, scale=100)
    d.line(0, 1, 0, 0, ink.ink, xref="paper")
    beside = max(ys[len(ys) // 2 :], default=0) > 0
    d.say(
        1 if not beside else 0,
        0,
        "today 0",
        11,
        ink.muted,
        x_at="right" if not beside else "left",
        y_at="bottom" if min(ys) < 0 else "top",
        xref="paper",
    )


def _fall(d: Drawing, xs: Sequence[int], ys: Sequence[float], at: int, lost: float) -> None:
    ink, last = d.look.ink, len(xs) - 1
    d.dots(
        list(xs[at:]),
        list(ys[at:]),
        mode="lines",
        line={"color": ink.bad, "width": 2.5, "dash": "solid"},
        name="after the peak",
    )
    d.line(xs[at], last, ys[at], ys[at], ink.line, dash="2px,3px")
    d.line(last, last, ys[at], ys[last], ink.bad, width=1.2)
    d.say(
        last,
        (ys[at] + ys[last]) / 2,
        f"{MINUS}{in_points(lost)}<br>after the peak",
        12,
        ink.bad,
        x_at="right",
        xshift=-6,
        align="right",
    )
