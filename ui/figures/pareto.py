"""Two goals against each other: what mixes can be reached, and where today, the model and the best choice stand."""

from collections.abc import Mapping, Sequence

from alignment.words import SCALES
from ui.figures.drawing import DESK, PHONE, Drawing, Look, label, signed_ticks, text_width
from ui.figures.points import inside
from ui.figures.subjects import Goal
from ui.words import compact, cut

BEYOND = "Today lies beyond it: some of today’s choices break a hard rule"
Point = tuple[float, float]
HEIGHT, MARGIN = 276, (36, 10, 24, 40)
FRONT = "limit of what is reachable"
NAMES = {"today": "today", "random": "random", "model": "model", "best": "best for all goals"}
SEATS = (
    ("left", "middle", 11, 0), ("right", "middle", -14, 0), ("center", "bottom", 0, 10), ("center", "top", 0, -10),
    ("left", "bottom", 6, 7), ("right", "bottom", -6, 9), ("left", "top", 6, -7), ("right", "top", -6, -7),
)  # fmt: skip
SUB = (
    "Change against today; right and up is what the goals want. Every reachable mix lies left of and below the line. "
    "The best choice serves the other goals too, so it may lie inside"
)


def pareto(frontier: Sequence[Point], points: Mapping[str, Point], x: Goal, y: Goal, look: Look):
    """Figure of two goals: the frontier, and arrows from today to the model's and to the best choice.

    frontier: undominated mixes, by rising x. points: today (0, 0), model, best, and random if known; all are changes
    against today turned so that more is what the goal wants, in the metric's unit.
    """
    alt = "; ".join(f"{NAMES[kind]} {_both(p, x, y)}" for kind, p in points.items())
    sub = SUB + (f". {BEYOND}" if _beyond(frontier) else "")
    d = Drawing(look, HEIGHT, _title(points, x, y), sub, f"{x.metric} and {y.metric}: {alt}", MARGIN)
    view = _view([*frontier, *points.values()])
    _axes(d, view, x, y)
    _front(d, frontier, view)
    line = _arrows(d, points, view)
    seats = _seats(frontier, points, line, view)
    for kind, (px, py) in points.items():
        _point(d, kind, px, py, seats[kind], f"{NAMES[kind]}<br>{label(_both((px, py), x, y))}")
    if frontier:
        px, py = _labelled(frontier, line, view)
        x_at, y_at, dx, dy = seats[FRONT]
        d.say(px, py, FRONT, 11.5, look.ink.muted, x_at=x_at, y_at=y_at, xshift=dx, yshift=dy - 4)
    return d.figure()


def _title(points: Mapping[str, Point], x: Goal, y: Goal) -> str:
    def gains(kind: str) -> tuple[bool, bool]:
        return points[kind][0] > 0, points[kind][1] > 0

    def said(kind: str) -> str:
        a, b = gains(kind)
        first, second = f"{inside(cut(x.name, 32))}", f"{inside(cut(y.name, 32))}"
        if a and b:
            return f"gains on {first} and on {second}"
        if not a and not b:
            return f"gains on neither {first} nor {second}"
        return f"gains on {first} at the cost of {second}" if a else f"gains on {second} at the cost of {first}"

    if gains("model") != gains("best"):
        return f"The model {said('model')}; the best choice {said('best')}"
    return f"The model {said('model')}; {'so does' if any(gains('model')) else 'neither does'} the best choice"


def _both(point: Point, x: Goal, y: Goal) -> str:
    return f"{compact(point[0], x.unit, sign=True)}, {compact(point[1], y.unit, sign=True)}"


def _beyond(frontier: Sequence[Point]) -> bool:
    """Whether today, (0, 0), lies right of or above the line."""
    if not frontier:
        return False
    if frontier[0][0] >= 0:
        return frontier[0][1] < 0
    if frontier[-1][0] < 0:
        return True
    after = next(k for k, (a, _) in enumerate(frontier) if a >= 0)
    (a, b), (c, e) = frontier[after - 1], frontier[after]
    return b + (e - b) * (0 - a) / (c - a) < 0


def _view(points: Sequence[Point]) -> tuple[float, float, float, float]:
    xs, ys = zip(*points, strict=True)
    dx, dy = (max(xs) - min(xs) or 1), (max(ys) - min(ys) or 1)
    return min(xs) - 0.1 * dx, max(xs) + 0.06 * dx, min(ys) - 0.13 * dy, max(ys) + 0.12 * dy


def _place(point: Point, view: tuple[float, float, float, float]) -> Point:
    """The point as fractions of the plot, y downwards."""
    x0, x1, y0, y1 = view
    return (point[0] - x0) / (x1 - x0), (y1 - point[1]) / (y1 - y0)


def _axes(d: Drawing, view: tuple[float, float, float, float], x: Goal, y: Goal) -> None:
    ink = d.look.ink
    x0, x1, y0, y1 = view
    small = {"size": 11, "color": ink.muted}
    (across, factor), (up, high) = _scaled(max(abs(x0), abs(x1)), x.unit), _scaled(max(abs(y0), abs(y1)), y.unit)
    words = [cut(g.metric, 30) + (f", {unit}" if unit else "") for g, unit in ((x, across), (y, up))]
    d.axes["xaxis"] = {
        "range": [x0, x1],
        "showgrid": True,
        "title": {"text": label(words[0]), "font": small, "standoff": 6},
    } | signed_ticks(x0, x1, scale=1 / factor)
    d.axes["yaxis"] = {"range": [y0, y1], "showgrid": True} | signed_ticks(y0, y1, scale=1 / high)
    d.say(0, 1, label(words[1]), 11, ink.muted, xref="paper", yref="paper", y_at="bottom", xshift=-34, yshift=8)
    d.line(0, 0, 0, 1, ink.line, yref="paper")
    d.line(0, 1, 0, 0, ink.line, xref="paper")


def _scaled(most: float, unit: str | None) -> tuple[str, float]:
    """The unit as an axis says it, and what its values are divided by: bn USD and a billion."""
    factor, word = next(((f, w) for f, w in SCALES if most >= f), (1.0, ""))
    return " ".join(part for part in (word, unit) if part), factor


def _front(d: Drawing, frontier: Sequence[Point], view: tuple[float, float, float, float]) -> None:
    if not frontier:
        return
    x0, _, y0, _ = view
    path = [(x0, y0), (x0, frontier[0][1]), *frontier, (frontier[-1][0], y0)]
    d.shapes.append(
        {
            "type": "path",
            "path": "M " + " L ".join(f"{a},{b}" for a, b in path) + " Z",
            "fillcolor": d.look.ink.band,
            "line": {"width": 0},
            "layer": "below",
        }
    )
    xs, ys = (list(v) for v in zip(*frontier, strict=True))
    d.dots(
        xs,
        ys,
        "%{x:+.3~s}, %{y:+.3~s}",
        mode="lines" if len(xs) > 1 else "markers",
        line={"color": d.look.ink.ink, "width": 2},
        name="frontier",
    )


def _arrows(d: Drawing, points: Mapping[str, Point], view: tuple[float, float, float, float]) -> list[Point]:
    ink, (ox, oy) = d.look.ink, points["today"]
    along = []
    for kind in ("model", "best"):
        px, py = points[kind]
        if (px, py) == (ox, oy):
            continue
        colour = ink.good if kind == "best" else ink.bad if px < 0 and py < 0 else ink.ink
        d.notes.append({
            "x": px, "y": py, "ax": ox, "ay": oy, "xref": "x", "yref": "y", "axref": "x", "ayref": "y", "text": "",
            "showarrow": True, "arrowhead": 2, "arrowsize": 0.9, "arrowwidth": 1.5, "arrowcolor": colour,
            "standoff": 9, "startstandoff": 8,
        })  # fmt: skip
        along += [_place((ox + (px - ox) * k / 30, oy + (py - oy) * k / 30), view) for k in range(31)]
    return along


def _point(d: Drawing, kind: str, x: float, y: float, seat: tuple[str, str, int, int], says: str) -> None:
    ink = d.look.ink
    symbol, colour, size = {
        "today": ("circle-open", ink.ink, 11), "model": ("x", ink.bad if x < 0 and y < 0 else ink.ink, 12),
        "best": ("star", ink.good, 15), "random": ("circle", ink.muted, 8),
    }[kind]  # fmt: skip
    marker = {
        "symbol": symbol,
        "size": size,
        "opacity": 1,
        "color": colour,
        "line": {"width": 2 if kind == "today" else 0, "color": colour},
    }
    d.dots([x], [y], says, name=kind, marker=marker)
    x_at, y_at, dx, dy = seat
    text = f"<b>{NAMES[kind]}</b>" if kind in ("model", "best") else NAMES[kind]
    d.say(x, y, text, 12, ink.muted if kind == "random" else ink.ink, x_at=x_at, y_at=y_at, xshift=dx, yshift=dy)


def _labelled(frontier: Sequence[Point], arrows: Sequence[Point], view: tuple) -> Point:
    """The point of the frontier beside which its label stands: in its middle part, farthest from any arrow."""
    middle = frontier[len(frontier) // 3 : max(len(frontier) // 3 + 1, len(frontier) * 4 // 5)]

    def room(point: Point) -> float:
        x, y = _place(point, view)
        return min((abs(x - a) + abs(y - b) for a, b in arrows), default=0.0)

    return max(middle, key=room)


def _seats(
    frontier: Sequence[Point], points: Mapping[str, Point], arrows: Sequence[Point], view: tuple
) -> dict[str, tuple[str, str, int, int]]:
    labels = [(kind, *_place(p, view), NAMES[kind]) for kind, p in points.items()]
    if frontier:
        labels.append((FRONT, *_place(_labelled(frontier, arrows, view), view), FRONT))
    line = [*(_place(p, view) for p in frontier), *arrows]
    return seat(labels, [_place(p, view) for p in points.values()], line, [(PHONE - 46, HEIGHT), (DESK - 46, HEIGHT)])


def seat(
    labels: Sequence[tuple[str, float, float, str]],
    points: Sequence[Point],
    line: Sequence[Point],
    sizes: Sequence[tuple[int, int]],
):
    """For each label the first of eight seats round its point that meets no line, point, edge or earlier label.

    labels: (key, x, y, text); x, y, points and line are fractions of the plot, y downwards. sizes: (width, height) in
    pixels; a seat has to be free at each of them.
    """
    taken: list[list[tuple[float, float, float]]] = []
    seats = {}
    for key, x, y, text in labels:
        width = text_width(text)
        costs = []
        for place in SEATS:
            boxes = [_box(x * w, y * h, width, place) for w, h in sizes]
            cost = sum(
                _cost(box, width, size, points, line, [t[i] for t in taken])
                for i, (box, size) in enumerate(zip(boxes, sizes, strict=True))
            )
            costs.append((cost, SEATS.index(place), boxes))
        _, best, boxes = min(costs)
        taken.append([(bx, by, width) for bx, by in boxes])
        seats[key] = SEATS[best]
    return seats


def _box(x: float, y: float, width: float, place: tuple[str, str, int, int]) -> Point:
    x_at, y_at, dx, dy = place
    left = x + dx - {"left": 0, "right": width, "center": width / 2}[x_at]
    return left, y - dy - {"top": 0, "bottom": 15, "middle": 7.5}[y_at]


def _cost(
    box: Point,
    width: float,
    size: tuple[int, int],
    points: Sequence[Point],
    line: Sequence[Point],
    taken: Sequence[tuple],
) -> float:
    (x, y), (w, h) = box, size
    crossed = sum(x - 3 < px * w < x + width + 3 and y - 2 < py * h < y + 17 for px, py in line)
    covered = sum(x - 5 < px * w < x + width + 5 and y - 5 < py * h < y + 20 for px, py in points)
    clashes = sum(x < tx + tw and tx < x + width and y < ty + 15 and ty < y + 15 for tx, ty, tw in taken)
    return 3 * crossed + 6 * covered + 40 * clashes + 200 * (x < 0 or x + width > w or y < -4 or y + 15 > h + 4)
