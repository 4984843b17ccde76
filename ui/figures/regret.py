"""Which goal and team pay for the model's choice against the best one."""

from collections.abc import Mapping, Sequence

from ui.figures.drawing import Drawing, Look, faint, hatched, label, team_bar
from ui.figures.points import Behaviour, inside, unknown
from ui.figures.subjects import Goal, by_id
from ui.words import compact, cut, noun, points, share

ROW, HEAD = 58, 34
SUB = (
    "From the best choice down to the model; 1 point is 1\u00a0% of what the best choice adds. "
    "Beneath: change against today"
)


def cascade(behaviour: Behaviour, goals: Sequence[Goal], look: Look):
    """Figure that goes down from the best choice to the model, one step per goal, losses first, gains hatched.

    Beneath each goal: the change of its metric against today, under the model and under the best choice.
    """
    names, rows = (
        by_id(goals),
        sorted((r for r in behaviour["regret"] if r["share"] is not None), key=lambda r: -abs(r["share"])),
    )
    rows, small = (rows, []) if len(rows) <= 8 else (rows[:7], rows[7:])
    rows = sorted(rows, key=lambda r: -r["share"])
    k = behaviour["captured"]["model"]
    if not rows or k is None:
        return unknown(behaviour, look)
    steps = rows + ([{"goal": None, "share": sum(r["share"] for r in small), "n": len(small)}] if small else [])
    alt = "; ".join(f"{_name(r, names)}: {points(-r['share'], sign=True)} points{_change_said(r)}" for r in rows)
    height = HEAD + ROW * len(steps) + 36
    d = Drawing(look, height, _cascade_title(behaviour, rows, names, look), SUB, f"{alt}; model {share(k)}")
    ends = [1.0]
    for row in steps:
        ends.append(ends[-1] - row["share"])
    _cascade_frame(d, ends, k)
    for i, row in enumerate(steps):
        _step(
            d,
            row,
            names.get(row["goal"]),
            HEAD + i * ROW,
            ends[i],
            ends[i + 1],
            last=i == len(steps) - 1,
        )
    return d.figure()


def _name(row: Mapping, names: Mapping[str, Goal]) -> str:
    return names[row["goal"]].name if row["goal"] in names else row["goal"]


def _change_said(row: Mapping) -> str:
    if row.get("model_change") is None:
        return ""
    return f", model {compact(row['model_change'], row['unit'], sign=True)}, best {compact(row['best_change'], row['unit'], sign=True)}"


def _cascade_title(behaviour: Behaviour, rows: Sequence[Mapping], names: Mapping[str, Goal], look: Look) -> str:
    teams = sorted(behaviour["teams"], key=lambda t: -t["regret_share"])
    worst = rows[0]
    if not teams or worst["share"] <= 0.005:
        return "No team loses by the model’s choice against the best one"
    payer = teams[0]
    lead = f"{look.team(payer['team']).name} pays most, {points(payer['regret_share'])} {noun(round(payer['regret_share'] * 100), 'point')} below the best choice"
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
    right = high < 1.15 * max(1, high - low)
    d.say(
        1,
        10,
        "<b>best 100\u00a0%</b>",
        x_at="right" if right and (1 - low) / (high - low) > 0.8 else "center",
        xshift=4 if right else 0,
    )
    d.say(
        low if cropped else 0,
        10,
        "◂ today 0" if cropped else "today 0",
        color=ink.muted,
        x_at="center" if not cropped and -low > 0.1 * (high - low) else "left",
    )
    d.line(1, 1, HEAD + 18, HEAD + 38, ink.ink, width=2, above=True)
    place = (k - low) / (high - low)
    d.say(
        k,
        d.height - 16,
        f"<b>model {share(k)}</b>",
        13,
        x_at="left" if place <= 0.15 else "right" if place >= 0.85 else "center",
    )
    d.dots([k], [d.height - 28], marker={"symbol": "triangle-up", "size": 9, "opacity": 1, "color": ink.ink})


def _step(d: Drawing, row: Mapping, goal: Goal | None, top: float, start: float, end: float, last: bool) -> None:
    look, ink = d.look, d.look.ink
    team = goal.team if goal else row.get("team")
    if row["goal"] is None:
        head, under = f"<b>{row['n']} more goals</b>", "each in the table"
    else:
        name = label(cut(goal.name if goal else row["goal"], 24))
        head = f"{look.mark(team)}<b>{name}</b> {look.quiet(label(look.team(team).name))}" if team else f"<b>{name}</b>"
        under = _change_said(row).removeprefix(", ")
    says = f"{label(goal.name) if goal else head}: {points(-row['share'], sign=True)} points<br>{label(under)}"
    d.say(0, top + 10, head, 12.5, xref="paper", bgcolor=ink.ground, borderpad=1)
    d.say(
        1,
        top + 10,
        f"<b>{points(-row['share'], sign=True)}</b>",
        13,
        x_at="right",
        xref="paper",
        bgcolor=ink.ground,
        borderpad=1,
    )
    d.bar(
        start,
        end,
        top + 28,
        15,
        ink.ground,
        says,
        name=goal.id if goal else "more",
        marker=team_bar(look, team) if row["share"] > 0 else hatched(look, team),
    )
    d.say(0, top + 45, label(under), 11, ink.muted, xref="paper", bgcolor=ink.ground, borderpad=1)
    d.line(end, end, top + 36, top + (ROW if last else ROW + 20), faint(ink, 0.22))
