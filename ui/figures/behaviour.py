"""What the objective would choose: captured share, regret, price of guardrails, revealed weights, and where choosing harder turns.

Each function takes the `behaviour` of `map --format json`, the goals or rules it names, and the look.
A share is of what the best choice adds to today; a point is 1 % of that.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ui.figures.drawing import Drawing, Look, faint, hatched, label, signed_ticks, team_bar, ticks
from ui.figures.subjects import Goal, Rule, by_id
from ui.words import MINUS, compact, count, counted, cut, noun, points, share

Behaviour = Mapping[str, Any]
NOT_KNOWN = "The achievable value is not known"


def strip(behaviour: Behaviour, look: Look):
    """Figure of the captured share with its interval between today, 0, and the best choice, 100 %."""
    captured, items = behaviour["captured"], behaviour["items"]
    k, low, high, random = (captured.get(key) for key in ("model", "low", "high", "random"))
    interval = low is not None and high is not None
    sub = f"0 is today, 100\u00a0% the best choice for the stated weights; {counted(items, 'item')}" + (
        "; grey bar: 95\u00a0% interval" if interval else ""
    )
    if k is None:
        reason = captured.get("reason") or "no choice in the table is better than today"
        return Drawing(look, 8, f"{NOT_KNOWN}: {reason}", sub, f"{NOT_KNOWN}: {reason}").figure()
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


MID = 52


def _captured_word(k: float, low: float | None, high: float | None) -> str:
    low, high = k if low is None else low, k if high is None else high
    if high < 0:
        return "worse than leaving today’s choices alone"
    if high < 0.5:
        return "less than half of what there is"
    if low >= 0.8:
        return "nearly all there is" if low >= 0.95 else "most of what there is"
    return "perhaps no better than today" if low < 0 else "part of what there is"


def _zones(d: Drawing, left: float) -> None:
    ink, span = d.look.ink, 1.06 - left
    d.rect(left, 0, MID - 16, MID + 16, ink.bad_soft)
    d.rect(0, 1, MID - 16, MID + 16, ink.good_soft)
    for x in (0, 1):
        d.line(x, x, MID - 16, MID + 24, ink.ink, width=1.5, above=True)
    roomy, tight = -left > 0.3 * span, -left <= 0.12 * span
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


# Regret


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
        reason = behaviour["captured"].get("reason") or "no choice in the table is better than today"
        return Drawing(look, 8, f"{NOT_KNOWN}: {reason}", "", f"{NOT_KNOWN}: {reason}").figure()
    steps = rows + ([{"goal": None, "share": sum(r["share"] for r in small), "n": len(small)}] if small else [])
    alt = "; ".join(f"{_name(r, names)}: {points(-r['share'], sign=True)} points{_change_said(r)}" for r in rows)
    height = CASCADE_HEAD + CASCADE_ROW * len(steps) + 36
    d = Drawing(look, height, _cascade_title(behaviour, rows, names, look), CASCADE_SUB, f"{alt}; model {share(k)}")
    ends = [1.0]
    for row in steps:
        ends.append(ends[-1] - row["share"])
    _cascade_frame(d, ends, k)
    for i, row in enumerate(steps):
        _step(
            d,
            row,
            names.get(row["goal"]),
            CASCADE_HEAD + i * CASCADE_ROW,
            ends[i],
            ends[i + 1],
            last=i == len(steps) - 1,
        )
    return d.figure()


CASCADE_ROW, CASCADE_HEAD = 58, 34
CASCADE_SUB = "From the best choice down to the model; 1 point is 1\u00a0% of what the best choice adds. Beneath: change against today"


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
    above = f", above all on {_lower(cut(_name(own[0], names), 40))}" if own else ""
    gains = [look.team(t["team"]).name for t in teams if t["regret_share"] < -0.005]
    return f"{lead}{above}" + (f"; {gains[-1]} gains" if gains else "")


def _lower(text: str) -> str:
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


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
    d.line(1, 1, CASCADE_HEAD + 18, CASCADE_HEAD + 38, ink.ink, width=2, above=True)
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
    d.line(end, end, top + 36, top + (CASCADE_ROW if last else CASCADE_ROW + 20), faint(ink, 0.22))


# Guardrails


def guardrails(behaviour: Behaviour, rules: Sequence[Rule], look: Look):
    """Figure of what each rule costs the business and what it saves from the model, by the difference, on one scale."""
    names = by_id(rules)
    rows = sorted(
        (r for r in behaviour["guardrails"] if r["price"] is not None and r["protects"] is not None),
        key=lambda r: r["price"] - r["protects"],
    )
    alt = "; ".join(
        f"{_rule(r, names)}: costs {points(r['price'])}, saves {points(r['protects'])} points" for r in rows
    )
    d = Drawing(look, 24 + GUARD_ROW * len(rows), _guard_title(rows, names), GUARD_SUB, alt or "No rule took part.")
    costs = max([0.05, *(r["price"] for r in rows)])
    saves, harms = max([0.05, *(r["protects"] for r in rows)]), min([0.0, *(r["protects"] for r in rows)])
    pad, gutter = 0.2 * (costs + saves - harms), 0.03
    split = (1 - gutter) * (costs + pad) / (costs + saves - harms + (2.35 if harms < 0 else 2) * pad)
    d.rows(0, costs + pad)
    d.axes["xaxis"]["domain"] = [0, split]
    d.axes["xaxis2"] = {
        "domain": [split + gutter, 1],
        "range": [harms - (0.35 * pad if harms < 0 else 0), saves + pad],
        "visible": False,
        "anchor": "y",
    }
    if rows:
        d.say(0, 8, "costs the business", 11, look.ink.muted)
        d.say(
            0 if split < 0.55 else 1,
            8,
            "saves from the model",
            11,
            look.ink.muted,
            x_at="left" if split < 0.55 else "right",
            xref="x2" if split < 0.55 else "paper",
        )
    for axis in ("x", "x2") if rows else ():
        d.line(0, 0, 20, d.height - 4, look.ink.line, xref=axis)
    for i, row in enumerate(rows):
        _guard(d, row, names, 24 + i * GUARD_ROW)
    return d.figure()


GUARD_ROW = 46
GUARD_SUB = "Rules by what they save less what they cost, in points (1\u00a0% of the achievable value)"


def _rule(row: Mapping, names: Mapping[str, Rule]) -> str:
    return names[row["constraint"]].name if row["constraint"] in names else row["constraint"]


def _guard_title(rows: Sequence[Mapping], names: Mapping[str, Rule]) -> str:
    if not rows:
        return "No rule narrows the model’s choices"
    best, worst = rows[0], rows[-1]
    if best["protects"] < 0.005:
        title = "No rule saves anything from this model"
        return (
            f"{title}; {cut(_rule(worst, names), 40)} costs {_points(worst['price'])}"
            if worst["price"] >= 0.005
            else f"{title}, and none costs anything"
        )
    cost = "nothing" if best["price"] < 0.005 else points(best["price"])
    title = f"{cut(_rule(best, names), 40)} saves {_points(best['protects'])} and costs {cost}"
    if worst is not best and worst["price"] >= 0.005 and worst["protects"] < 0.005:
        title += f"; {_lower(cut(_rule(worst, names), 40))} costs {points(worst['price'])} and saves nothing"
    return title


def _points(value: float) -> str:
    return f"{points(value)} {noun(round(abs(value) * 100), 'point')}"


def _guard(d: Drawing, row: Mapping, names: Mapping[str, Rule], top: float) -> None:
    ink, rule = d.look.ink, names.get(row["constraint"])
    mark = d.look.mark(rule.team) if rule else ""
    for axis, value, colour, word in (
        ("x", row["price"], faint(ink, 0.55), "costs"),
        ("x2", row["protects"], ink.good if row["protects"] >= 0 else ink.bad, "saves"),
    ):
        d.bar(
            0,
            value,
            top + 30,
            13,
            colour,
            f"{label(_rule(row, names))} {word} {points(value)} points",
            name=f"{row['constraint']} {word}",
            xaxis=axis,
        )
        text = f"<b>{points(value)}</b>" if abs(value) >= 0.1 else points(value)
        d.say(max(value, 0), top + 30, text, 12, ink.ink if value > -0.0005 else ink.bad, xref=axis, xshift=5)
    d.say(0, top + 11, mark + label(cut(_rule(row, names), 40)), 12.5, xref="paper", bgcolor=ink.ground, borderpad=1)


# Revealed weights


def weights(behaviour: Behaviour, goals: Sequence[Goal], look: Look):
    """Figure of the weight that the teams gave each goal beside the one that the objective acts on."""
    names = by_id(goals)
    rows = sorted(behaviour.get("revealed_weights") or [], key=lambda r: -r["stated"])
    if not rows:
        title = "The objective does not follow any goal, so it reveals no weights"
        return Drawing(look, 8, title, "", title).figure()
    fit = behaviour.get("revealed_fit")
    sub = "Weight per goal: ○ stated, ● revealed by the objective" + (
        f" (fit R²\u00a0{fit:.2f})" if fit is not None else ""
    )
    alt = "; ".join(f"{_name(r, names)}: stated {share(r['stated'])}, revealed {share(r['revealed'])}" for r in rows)
    d = Drawing(look, 4 + WEIGHT_ROW * len(rows) + 18, _weights_title(rows, names), sub, alt, (8, 8, 4, 4))
    most = max(max(r["stated"], r["revealed"]) for r in rows) or 1
    d.rows(-0.2 * most, most * 1.24)
    for value in ticks(0, most * 1.05):
        d.line(value, value, 22, d.height - 16, look.ink.grid)
        d.say(value, d.height - 6, share(value), 11, look.ink.muted, x_at="center")
    for i, row in enumerate(rows):
        _dumbbell(d, row, names.get(row["goal"]), 4 + i * WEIGHT_ROW)
    return d.figure()


WEIGHT_ROW = 48


def _weights_title(rows: Sequence[Mapping], names: Mapping[str, Goal]) -> str:
    def off(row: Mapping) -> float:
        return row["revealed"] - row["stated"]

    over, under = max(rows, key=off), min(rows, key=off)
    if max(off(over), -off(under)) < 0.05:
        return "The model weighs the goals about as the teams do"
    first, second = (over, under) if off(over) >= -off(under) else (under, over)
    title = f"The model behaves as if {_lower(cut(_name(first, names), 40))} were worth {share(first['revealed'])}, not {share(first['stated'])}"
    if second is not first and abs(off(second)) >= 0.05:
        title += (
            f", and {_lower(cut(_name(second, names), 40))} {share(second['revealed'])}, not {share(second['stated'])}"
        )
    return title


def _dumbbell(d: Drawing, row: Mapping, goal: Goal | None, top: float) -> None:
    ink, y, stated, revealed = d.look.ink, top + 30, row["stated"], row["revealed"]
    side = 1 if revealed > stated else -1
    d.line(stated, revealed, y, y, ink.ink, width=2)
    marker = {"opacity": 1, "size": [11, 13], "color": [ink.ground, ink.ink], "line": {"width": 2, "color": ink.ink}}
    d.dots([stated, revealed], [y, y], "%{x:.0%}", name=row["goal"], marker=marker)
    ends = {1: "left", -1: "right"}
    d.say(stated, y, share(stated), 12, ink.muted, x_at=ends[-side], xshift=-10 * side)
    d.say(revealed, y, f"<b>{share(revealed)}</b>", 12, x_at=ends[side], xshift=11 * side)
    name = f"<b>{label(cut(goal.name if goal else row['goal'], 28))}</b>"
    head = f"{d.look.mark(goal.team)}{name} {d.look.quiet(label(d.look.team(goal.team).name))}" if goal else name
    d.say(0, top + 10, head, 12.5, xref="paper", xshift=-8, bgcolor=ink.ground, borderpad=1)


# Goodhart


def goodhart(behaviour: Behaviour, look: Look):
    """Figure of the captured share when the model picks the best of n random candidates by its objective, n doubling."""
    curve = [p for p in behaviour["goodhart"]["curve"] if p["captured"] is not None]
    if not curve:
        return Drawing(look, 8, NOT_KNOWN, "", NOT_KNOWN).figure()
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
        return f"Every step towards this objective makes it worse: it falls {_points(lost)} below a random choice"
    if turned:
        return (
            f"Choosing harder makes it worse: the value peaks at the best of {count(n)}, then falls by {_points(lost)}"
        )
    if ys[-1] - ys[0] < 0.005:
        return "Choosing harder by this objective changes nothing"
    return "Choosing harder by this objective keeps adding value"


def _goodhart_axes(d: Drawing, ys: Sequence[float], curve: Sequence[Mapping]) -> None:
    ink, last = d.look.ink, len(ys) - 1
    shown = [i for i in range(0, last - 2, 2)] + [last] if last > 3 else list(range(last + 1))
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
        f"{MINUS}{_points(lost)}<br>after the peak",
        12,
        ink.bad,
        x_at="right",
        xshift=-6,
        align="right",
    )
