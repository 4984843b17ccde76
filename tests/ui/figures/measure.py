"""Where the texts of a figure lie, in pixels, measured with the advances of the font that is shipped."""

import re
from functools import cache
from html import unescape
from itertools import combinations
from pathlib import Path

from fontTools.ttLib import TTFont

STATIC = Path(__file__).parents[3] / "ui/static"
BOLD = 1.06
LINE = 1.3


@cache
def _advances() -> dict[int, float]:
    widths = {}
    for name in ("inter-tab-latin", "inter-tab-latin-ext", "accord-symbols"):
        font = TTFont(STATIC / f"{name}.woff2")
        units, table = font["head"].unitsPerEm, font["hmtx"]
        widths |= {code: table[glyph][0] / units for code, glyph in font.getBestCmap().items()}
    return widths


def width(text: str, size: float) -> float:
    """Width of a text that may hold Plotly's HTML, in pixels; of several lines the widest."""
    lines = re.split(r"<br>", text)
    return max(_line(line, size) for line in lines)


def overlaps(fig, plot: int) -> list[tuple[str, str]]:
    """Pairs of texts of a row chart, drawn at this width in all, that lie over each other by more than two pixels."""
    boxes = [(note.text, _box(fig, note, plot)) for note in fig.layout.annotations if note.text and not note.textangle]
    return [(a, b) for (a, p), (b, q) in combinations(boxes, 2) if _apart(p, q) < -2]


def outside(fig, plot: int, slack: float = 10) -> list[str]:
    """Texts of a row chart that reach over its left or right edge by more than the slack of a page's gutter."""
    boxes = [(note.text, _box(fig, note, plot)) for note in fig.layout.annotations if note.text and not note.textangle]
    return [text for text, (x0, x1, _, _) in boxes if x0 < -slack or x1 > plot + slack]


def _line(line: str, size: float) -> float:
    bold, total = 1.0, 0.0
    for piece in re.split(r"(<[^>]+>)", line):
        if piece.startswith("<"):
            bold = BOLD if piece == "<b>" else 1.0 if piece == "</b>" else bold
            continue
        total += sum(_advances().get(ord(c), 0.6) for c in unescape(piece)) * bold
    return total * size


def _box(fig, note, plot: int) -> tuple[float, float, float, float]:
    margin = fig.layout.margin
    inner = plot - margin.l - margin.r
    if note.xref == "paper":
        x = note.x * inner
    else:
        axis = fig.layout["xaxis2" if note.xref == "x2" else "xaxis"]
        low, high = axis.range
        start, end = axis.domain or (0, 1)
        x = (start + (note.x - low) / (high - low) * (end - start)) * inner
    x += margin.l + (note.xshift or 0)
    y = fig.layout.yaxis.range[0] if note.yref == "paper" else note.y
    y -= note.yshift or 0
    wide, tall = width(note.text, note.font.size), note.font.size * LINE * (1 + note.text.count("<br>"))
    left = x - {"left": 0, "right": wide, "center": wide / 2}[note.xanchor]
    top = y - {"top": 0, "bottom": tall, "middle": tall / 2}[note.yanchor]
    return left, left + wide, top, top + tall


def _apart(p, q) -> float:
    """How far apart two boxes are, the larger of both directions; negative where they overlap."""
    return max(max(p[0], q[0]) - min(p[1], q[1]), max(p[2], q[2]) - min(p[3], q[3]) + 3)


def pareto_overlaps(fig, plot: int) -> list[tuple[str, str]]:
    """Pairs of labels of points, in a plot with both axes in data, that lie over each other."""
    margin, (x0, x1), (y0, y1) = fig.layout.margin, fig.layout.xaxis.range, fig.layout.yaxis.range
    wide, tall = plot - margin.l - margin.r, fig.layout.height - margin.t - margin.b
    boxes = []
    for note in fig.layout.annotations:
        if not note.text or note.xref == "paper":
            continue
        x, y = (
            (note.x - x0) / (x1 - x0) * wide + (note.xshift or 0),
            (y1 - note.y) / (y1 - y0) * tall - (note.yshift or 0),
        )
        w, h = width(note.text, note.font.size), note.font.size * LINE
        left = x - {"left": 0, "right": w, "center": w / 2}[note.xanchor]
        top = y - {"top": 0, "bottom": h, "middle": h / 2}[note.yanchor]
        boxes.append((note.text, (left, left + w, top, top + h)))
    return [(a, b) for (a, p), (b, q) in combinations(boxes, 2) if _apart(p, q) < -2]
