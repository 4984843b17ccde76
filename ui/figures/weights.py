"""The weights that the teams stated beside those that the objective acts on."""

from collections.abc import Mapping, Sequence

from ui.figures.drawing import Drawing, Look, label, ticks
from ui.figures.points import Behaviour, blank, inside
from ui.figures.subjects import Goal, by_id, shortened
from ui.words import cut, share

ROW = 48


def weights(behaviour: Behaviour, goals: Sequence[Goal], look: Look):
    """Figure of the weight that the teams gave each goal beside the one that the objective acts on."""
    names = by_id(goals)
    rows = sorted(behaviour.get("revealed_weights") or [], key=lambda r: -r["stated"])
    if not rows:
        title = "The objective does not follow any goal, so it reveals no weights"
        return blank(look, title)
    fit = behaviour.get("revealed_fit")
    sub = "Weight per goal: ○ stated, ● revealed by the objective" + (
        f" (fit R²\u00a0{fit:.2f})" if fit is not None else ""
    )
    alt = "; ".join(f"{_name(r, names)}: stated {share(r['stated'])}, revealed {share(r['revealed'])}" for r in rows)
    d = Drawing(look, 4 + ROW * len(rows) + 18, _weights_title(rows, names), sub, alt, (8, 8, 4, 4))
    most = max(max(r["stated"], r["revealed"]) for r in rows) or 1
    d.rows(-0.2 * most, most * 1.24)
    for value in ticks(0, most * 1.05):
        d.line(value, value, 22, d.height - 16, look.ink.grid)
        d.say(value, d.height - 6, share(value), 11, look.ink.muted, x_at="center")
    short = shortened(goals, 28)
    for i, row in enumerate(rows):
        _dumbbell(d, row, names.get(row["goal"]), short, 4 + i * ROW)
    return d.figure()


def _weights_title(rows: Sequence[Mapping], names: Mapping[str, Goal]) -> str:
    def off(row: Mapping) -> float:
        return row["revealed"] - row["stated"]

    over, under = max(rows, key=off), min(rows, key=off)
    if max(off(over), -off(under)) < 0.05:
        return "The model weighs the goals about as the teams do"
    first, second = (over, under) if off(over) >= -off(under) else (under, over)
    name = inside(cut(_name(first, names), 40))
    title = f"The model behaves as if {name} were worth {share(first['revealed'])}, not {share(first['stated'])}"
    if second is not first and abs(off(second)) >= 0.05:
        title += (
            f", and {inside(cut(_name(second, names), 40))} {share(second['revealed'])}, not {share(second['stated'])}"
        )
    return title


def _dumbbell(d: Drawing, row: Mapping, goal: Goal | None, short: Mapping[str, str], top: float) -> None:
    ink, y, stated, revealed = d.look.ink, top + 30, row["stated"], row["revealed"]
    side = 1 if revealed > stated else -1
    d.line(stated, revealed, y, y, ink.ink, width=2)
    marker = {"opacity": 1, "size": [11, 13], "color": [ink.ground, ink.ink], "line": {"width": 2, "color": ink.ink}}
    d.dots([stated, revealed], [y, y], "%{x:.0%}", name=row["goal"], marker=marker)
    ends = {1: "left", -1: "right"}
    d.say(stated, y, share(stated), 12, ink.muted, x_at=ends[-side], xshift=-10 * side)
    d.say(revealed, y, f"<b>{share(revealed)}</b>", 12, x_at=ends[side], xshift=11 * side)
    said = short.get(row["goal"], row["goal"])
    name = f"<b>{label(said)}</b>"
    head = f"{d.look.mark(goal.team)}{name}{d.look.owner(goal.team, said, 13, reserved=8)}" if goal else name
    d.say(0, top + 10, head, 12.5, xref="paper", xshift=-8, bgcolor=ink.ground, borderpad=1)


def _name(row: Mapping, names: Mapping[str, Goal]) -> str:
    return names[row["goal"]].name if row["goal"] in names else row["goal"]
