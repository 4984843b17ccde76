"""How far an input may move, either way, before two rules clash that hold together today."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ui.figures.drawing import Drawing, Look, faint, fit, label, ticks
from ui.figures.points import blank
from ui.words import cut, number

ROW, MOST, NAME_ROOM = 46, 8, 96


@dataclass(frozen=True)
class Move:
    """Two rules by name with their teams, and the move in percent from which they clash, on `item` first."""

    names: tuple[str, str]
    teams: tuple[str, str]
    percent: float
    item: str


def moves(found: Sequence[Move], look: Look, *, column: str, chosen: float, reach: float):
    """Figure of the pairs that clash within `reach` percent of a column, the smallest move first, one row each.

    chosen: the move that is tried, drawn as a line. At most eight rows; the rest is left to the table.
    """
    near = sorted((m for m in found if abs(m.percent) <= reach), key=lambda m: (abs(m.percent), m.names))
    shown = near[:MOST]
    if not shown:
        title = f"No two rules that hold today clash within {number(reach)}\u00a0% of {column}, up or down"
        return blank(look, title)
    alt = "; ".join(f"{' and '.join(m.names)} from {percents(m.percent)}, first on {m.item}" for m in shown)
    more = f"; {len(near) - MOST} more in the table" if len(near) > MOST else ""
    sub = f"Move of {column} on every item: room is grey, red is where the two rules clash{more}"
    d = Drawing(look, ROW * len(shown) + 22, _title(shown[0], column), sub, alt, (8, 8, 4, 4))
    d.rows(-reach, reach)
    bottom = d.height - 20
    for value in ticks(-reach, reach):
        d.line(value, value, 0, bottom, look.ink.muted if value == 0 else look.ink.grid)
        d.say(value, d.height - 8, "today" if value == 0 else percents(value), 11, look.ink.muted, x_at="center")
    for k, move in enumerate(shown):
        _row(d, move, ROW * k, reach)
    if chosen:
        d.line(chosen, chosen, 0, bottom, look.ink.ink, width=1.5, dash="2px,3px", above=True)
    return d.figure()


def percents(value: float) -> str:
    """A move with its sign: +10 %, −5 %, +1.24 %."""
    return f"{number(float(f'{value:.3g}'), sign=True)}\u00a0%"


def _title(first: Move, column: str) -> str:
    one, other = (cut(name, 40) for name in first.names)
    if first.percent == 0:
        return f"{one} and {other} clash as soon as {column} {'rises' if _upwards(first) else 'falls'}"
    return f"{one} and {other} are the first to clash, at {column} {percents(first.percent)}"


def _upwards(move: Move) -> bool:
    """Whether a move is up; one of nothing keeps the sign of its zero."""
    return math.copysign(1, move.percent) > 0


def _row(d: Drawing, move: Move, top: float, reach: float) -> None:
    ink, y = d.look.ink, top + 32
    outer = reach if _upwards(move) else -reach
    d.bar(0, move.percent, y, 8, faint(ink, 0.28))
    d.bar(move.percent, outer, y, 8, ink.bad, f"clash past {percents(move.percent)}, first on {label(move.item)}")
    pairs = zip(fit(move.names, NAME_ROOM, 12.5), move.teams, strict=True)
    who = " and ".join(f"{d.look.mark(team)}<b>{label(name)}</b>" for name, team in pairs)
    at = f"{who} {d.look.quiet(percents(move.percent))}"
    d.say(0, top + 12, at, 12.5, xref="paper", bgcolor=ink.ground, borderpad=1)
