"""Which goal and team pay for the model's choice against the best one."""

from collections.abc import Mapping, Sequence

from ui.figures.drawing import Drawing, Look, faint, hatched, label, team_bar
from ui.figures.points import Behaviour, in_points, inside, unknown
from ui.figures.subjects import Goal, by_id, shortened
from ui.words import compact, cut, points, share

ROW, HEAD = 58, 34
SUB = (
    "From the best choice down to the model; 1 point is 1\u00a0% of what the best choice adds. "
    "Beneath: change against today"
)


def cascade(behaviour: Behaviour, goals: Sequence[Goal], look: Look):
    """Figure that goes down from the best choice to the model, one step per goal, losses first, gains hatched.

    Beneath each goal: the change of its metric against today, under the model and under the best choice.
    """
    names = by_id(goals)
    rows = sorted((r for r in behaviour["regret"] if r["share"] is not None), key=lambda r: -abs(r["share"]))
    rows, small = (rows, []) if len(rows) <= 8 else (rows[:7], rows[7:])
    rows = sorted(rows, key=lambda r: -r["share"])
    k = behaviour["captured"]["model"]
    if not rows or k is None:
        return unknown(behaviour, look)
    steps = rows + ([{"goal": None, "share": sum(r["share"] for r in small), "n": len(small)}] if small else [])
    alt = "; ".join(f"{_name(r, names)}: {points(-r['share'], sign=True)} points{_change_said(r)}" for r in rows)
    height = HEAD + ROW * len(steps) + 36
    d = Drawing(look, height, _cascade_title(behaviour, rows, names, look), SUB, f"{alt}; model {share(k)}")
    short = shortened(goals, 24)
    ends = [1.0]
    for row in steps:
        ends.append(ends[-1] - row["share"])
    _cascade_frame(d, ends, k)
    for i, row in enumerate(steps):
        name = short.get(row["goal"], str(row["goal"]))
        _step(d, row, names.get(row["goal"]), name, HEAD + i * ROW, ends[i], ends[i + 1])
        foot = HEAD + i * ROW + (ROW if row is steps[-1] else ROW + 20)
        d.line(ends[i + 1], ends[i + 1], HEAD + i * ROW + 36, foot, faint(look.ink, 0.22))
    return d.figure()


def _name(row: Mapping, names: Mapping[str, Goal]) -> str:
    return names[row["goal"]].name if row["goal"] in names else row["goal"]


def _change_said(row: Mapping) -> str:
    if row.get("model_change") is None:
        return ""
    model, best = (compact(row[key], row["unit"], sign=True) for key in ("model_change", "best_change"))
    return f", model {model}, best {best}"


def _cascade_title(behaviour: Behaviour, rows: Sequence[Mapping], names: Mapping[str, Goal], look: Look) -> str:
    teams = sorted(behaviour["teams"], key=lambda t: -t["regret_share"])
    worst = rows[0]
    if not teams or worst["share"] <= 0.005:
        return "No team loses by the model’s choice against the best one"
    payer = teams[0]
    lead = f"{look.team(payer['team']).name} pays most, {in_points(payer['regret_share'])} below the best choice"
    own = [r for r in rows if r["team"] == payer["team"] and r["share"] > 0]
    where = "on" if len(own) == 1 else "above all on"
    above = f", {where} {inside(cut(_name(own[0], names), 40))}" if own else ""
    gains = [look.team(t["team"]).name for t in teams if t["regret_share"] < -0.005]
    return f"{lead}{above}" + (f"; {gains[-1]} gains" if gains else "")


def _cascade_frame(d: Drawing, ends: Sequence[float], k: float) -> None:
    ink = d.look.ink
    low, high = min([0.0, *ends]), max([1.0, *ends])
    cropped = min(ends) > 0.5
    if cropped:
        low = min(ends) - 0.25 * (high - min(ends) or 0.1)
    pad = 0.02 * (high - low)
    d.rows(low - pad, high + pad)
    if not cropped:
        d.line(0, 0, 26, d.height - 30, ink.line, dash="2px,3px")
    span = high - low
    _best_and_today(d, (1 - low) / span, low if cropped else 0.0, cropped, -low > 0.1 * span)
    d.line(1, 1, HEAD + 18, HEAD + 38, ink.ink, width=2, above=True)
    place = (k - low) / span
    anchor = "left" if place <= 0.15 else "right" if place >= 0.85 else "center"
    d.say(k, d.height - 16, f"<b>model {share(k)}</b>", 13, x_at=anchor)
    d.dots([k], [d.height - 28], marker={"symbol": "triangle-up", "size": 9, "opacity": 1, "color": ink.ink})


def _best_and_today(d: Drawing, best: float, today: float, cropped: bool, roomy: bool) -> None:
    """Label both ends of the scale; today lies left of a cropped one, said only where it does not meet the best."""
    at_edge = best > 0.8
    d.say(1, 10, "<b>best 100\u00a0%</b>", x_at="right" if at_edge else "center", xshift=4 if at_edge else 0)
    if cropped and best < 0.6:
        return
    anchor = "center" if roomy and not cropped else "left"
    d.say(today, 10, "◂ today 0" if cropped else "today 0", color=d.look.ink.muted, x_at=anchor)


def _step(d: Drawing, row: Mapping, goal: Goal | None, name: str, top: float, start: float, end: float) -> None:
    look, ink = d.look, d.look.ink
    team = goal.team if goal else row.get("team")
    if row["goal"] is None:
        head, under = f"<b>{row['n']} more goals</b>", "each in the table"
    else:
        whose = look.owner(team, name, 13, reserved=52) if team else ""
        head = f"{look.mark(team)}<b>{label(name)}</b>{whose}"
        under = _change_said(row).removeprefix(", ")
    says = f"{label(goal.name) if goal else head}: {points(-row['share'], sign=True)} points<br>{label(under)}"
    d.say(0, top + 10, head, 12.5, xref="paper", bgcolor=ink.ground, borderpad=1)
    lost = f"<b>{points(-row['share'], sign=True)}</b>"
    d.say(1, top + 10, lost, 13, x_at="right", xref="paper", bgcolor=ink.ground, borderpad=1)
    marker = team_bar(look, team) if row["share"] > 0 else hatched(look, team)
    d.bar(start, end, top + 28, 15, ink.ground, says, name=goal.id if goal else "more", marker=marker)
    d.say(0, top + 45, label(under), 11, ink.muted, xref="paper", bgcolor=ink.ground, borderpad=1)
