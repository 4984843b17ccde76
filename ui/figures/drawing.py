"""The drawing board of all figures: text, bars and lines collected as plain values and handed to Plotly in one piece.

Plotly checks each `add_shape` against the whole figure; one dict for all is some fifteen times faster. Row charts
measure y in pixels, downwards, so that a label sits exactly where it was put. Nothing of Streamlit.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ui.colours import Ink, edge, lifted, mix
from ui.teams import Team, roster
from ui.words import MINUS, cut_apart, html, number

FONT = "Inter, system-ui, sans-serif"
GREY = "#8c8c8c"
PHONE, DESK = 318, 600
_WIDTHS = {" .,:;'!|ijl": 0.27, "ftr()[]-": 0.37, "_": 0.5, "m": 0.88, "w": 0.8, "MW%": 0.95, "●◆■▲▼": 0.8}
_ADVANCES = {character: width for characters, width in _WIDTHS.items() for character in characters}
CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}


@dataclass(frozen=True)
class Look:
    """What a figure is drawn with: the inks of the theme and the teams of the initiative."""

    ink: Ink
    teams: Mapping[str, Team]

    def team(self, name: str) -> Team:
        """The look of a team, also of one that the initiative does not list."""
        return self.teams.get(name) or roster([*self.teams, name])[name]

    def colour(self, name: str | None) -> str:
        """The team's colour, lifted on a dark ground; grey for what belongs to no team."""
        return lifted(self.team(name).colour if name else GREY, self.ink)

    def mark(self, name: str | None) -> str:
        """The team's coloured symbol and a space, for a label; nothing for what belongs to no team."""
        return f'<span style="color:{self.colour(name)}">{self.team(name).symbol}</span> ' if name else ""

    def owner(self, name: str, beside: str, size: float, reserved: float = 40) -> str:
        """The team's name, muted, after another on a line of a phone; cut to what is left, or left out.

        beside: what stands before it. reserved: pixels kept free at the right end.
        """
        room = PHONE - reserved - text_width(f"● {beside} ", size)
        short = fit([self.team(name).name], room, size)[0]
        return f" {self.quiet(label(short))}" if text_width(short, size) <= room else ""

    def quiet(self, text: str) -> str:
        """A muted piece of a label."""
        return f'<span style="color:{self.ink.muted}">{text}</span>'


@dataclass
class Drawing:
    """One figure under way: `height` is that of the plot without its margins, in pixels."""

    look: Look
    height: int
    title: str
    sub: str
    alt: str
    margin: tuple[int, int, int, int] = (2, 2, 4, 4)
    traces: list[dict] = field(default_factory=list)
    shapes: list[dict] = field(default_factory=list)
    notes: list[dict] = field(default_factory=list)
    axes: dict[str, dict] = field(default_factory=dict)

    def say(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 12,
        color: str = "",
        x_at: str = "left",
        y_at: str = "middle",
        **more: Any,
    ) -> None:
        """Write text at a point. It may hold Plotly's HTML: names in it go through `label` first."""
        font = {"size": size, "color": color or self.look.ink.ink}
        self.notes.append(
            {
                "x": x,
                "y": y,
                "text": text,
                "font": font,
                "xanchor": x_at,
                "yanchor": y_at,
                "showarrow": False,
                "align": "left",
            }
            | more
        )

    def rect(self, x0: float, x1: float, y0: float, y1: float, fill: str, above: bool = False, **more: Any) -> None:
        """A filled rectangle without outline, below the traces unless `above`."""
        shape = {"type": "rect", "x0": x0, "x1": x1, "y0": y0, "y1": y1, "fillcolor": fill, "line": {"width": 0}}
        self.shapes.append(shape | {"layer": "above" if above else "below"} | more)

    def line(
        self,
        x0: float,
        x1: float,
        y0: float,
        y1: float,
        color: str,
        width: float = 1,
        dash: str = "solid",
        above: bool = False,
        **more: Any,
    ) -> None:
        """A straight line, below the traces unless `above`."""
        pen = {"color": color, "width": width, "dash": dash}
        self.shapes.append(
            {
                "type": "line",
                "x0": x0,
                "x1": x1,
                "y0": y0,
                "y1": y1,
                "line": pen,
                "layer": "above" if above else "below",
            }
            | more
        )

    def bar(self, x0: float, x1: float, y: float, width: float, fill: str, hover: str = "", **more: Any) -> None:
        """A horizontal bar from x0 to x1, centred on y, `width` thick in units of y."""
        marker = {"color": fill, "line": {"width": 0}} | more.pop("marker", {})
        says = {"hovertemplate": hover + "<extra></extra>"} if hover else {"hoverinfo": "skip"}
        self.traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": [x1 - x0],
                "base": [x0],
                "y": [y],
                "width": width,
                "marker": marker,
            }
            | says
            | more
        )

    def dots(self, x: list[float], y: list[float], hover: str = "", **more: Any) -> None:
        """Markers, or a line with `mode="lines"`."""
        says = {"hovertemplate": hover + "<extra></extra>"} if hover else {"hoverinfo": "skip"}
        self.traces.append({"type": "scatter", "mode": "markers", "x": x, "y": y, "cliponaxis": False} | says | more)

    def rows(self, low: float = 0, high: float = 1) -> None:
        """Make y pixels from the top, hide both axes, and let x run from low to high."""
        self.axes["yaxis"] = {"range": [self.height, 0], "visible": False}
        self.axes["xaxis"] = {"range": [low, high], "visible": False}

    def figure(self):
        """The Plotly figure. `layout.meta` holds title, sub and alt: the page writes them in HTML, where they wrap."""
        import plotly.graph_objects as go

        left, right, top, bottom = self.margin
        layout: dict[str, Any] = _frame(self.look.ink)
        layout |= {
            "height": self.height + top + bottom,
            "margin": {"l": left, "r": right, "t": top, "b": bottom, "pad": 0},
            "meta": {"title": self.title, "sub": self.sub, "alt": self.alt},
            "shapes": self.shapes,
            "annotations": self.notes,
        }
        for name in {"xaxis", "yaxis", *self.axes}:
            layout[name] = _axis(self.look.ink) | self.axes.get(name, {})
        return go.Figure({"data": self.traces, "layout": layout})


def label(text: str) -> str:
    """A name for a figure: Plotly reads a few HTML tags in text, so what looks like one is made plain."""
    return html(text).replace("&#x27;", "'").replace("&quot;", '"')


def text_width(text: str, size: float = 12) -> float:
    """About how wide a text is in Inter, in pixels."""
    return sum(_ADVANCES.get(c, 0.67 if c.isupper() else 0.58) for c in text) * size


def fit(names: Sequence[str], room: float, size: float) -> list[str]:
    """Names cut until each is about as wide as the room, in pixels, and still apart from each other."""
    for most in range(30, 5, -1):
        short = cut_apart(names, most)
        if all(text_width(name, size) <= room for name in short):
            return short
    return cut_apart(names, 5)


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """About so many round values from low to high."""
    if not high > low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) + 0.0 for k in range(first, last + 1)]


def signed_ticks(low: float, high: float, about: int = 4, scale: float = 1) -> dict:
    """Axis settings for a change: +10, 0, −10; `scale` turns the values into what is written."""
    values = ticks(low * scale, high * scale, about)
    return {
        "tickvals": [v / scale for v in values],
        "ticktext": ["0" if v == 0 else ("+" if v > 0 else MINUS) + number(abs(v)) for v in values],
    }


def team_bar(look: Look, name: str | None) -> dict:
    """Marker of a bar in a team's colour, with an edge where the colour is too pale for the ground."""
    colour = look.colour(name)
    return {"color": colour, "line": edge(colour, look.ink)}


def hatched(look: Look, name: str | None) -> dict:
    """Marker of a gain: the team's colour as hatching, so that a gain differs from a loss without its colour."""
    colour = look.colour(name)
    pattern = {"shape": "/", "fgcolor": colour, "bgcolor": look.ink.ground, "size": 6, "solidity": 0.35}
    return {"color": look.ink.ground, "line": {"color": colour, "width": 1.5}, "pattern": pattern}


def faint(ink: Ink, share: float) -> str:
    """The ground with a share of ink in it."""
    return mix(ink.ground, ink.ink, share)


def _axis(ink: Ink) -> dict:
    small = {"size": 11, "color": ink.muted}
    return {
        "showgrid": False, "zeroline": False, "showline": False, "ticks": "", "fixedrange": True, "automargin": False,
        "gridcolor": ink.grid, "linecolor": ink.line, "tickfont": small, "title": {"font": small, "standoff": 6},
    }  # fmt: skip


def _frame(ink: Ink) -> dict:
    hover = {
        "bgcolor": ink.band,
        "bordercolor": ink.line,
        "font": {"family": FONT, "size": 12, "color": ink.ink},
        "align": "left",
        "namelength": 0,
    }
    return {
        "font": {"family": FONT, "size": 12, "color": ink.ink},
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False, "dragmode": False, "hovermode": "closest", "barmode": "overlay", "hoverlabel": hover,
    }  # fmt: skip
