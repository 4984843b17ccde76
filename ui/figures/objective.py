"""How the objective reaches the goals: the flow that shows who is missed, and the matrix of signs, strengths and delays."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from ui.colours import mix, text_on
from ui.figures.drawing import Drawing, Look, label, team_bar
from ui.figures.subjects import Goal
from ui.words import MINUS, counted, cut, cut_apart, days, in_words, number, share

Row = Mapping[str, Any]
LEFT, BAR_END, LINKS, TERMS, NAMES = 0.012, 0.40, 0.455, 0.715, 0.735
ROW, HEAD = 72, 26
MOST_TIED, MOST_BARE, MOST_HEADS = 7, 4, 4
EXACT = 5
COVERED, HARMED, BARE = "covered", "harmed", "uncovered"


@dataclass(frozen=True)
class Link:
    """What one term does to one goal: `effect` from −1 to +1, in the direction the goal wants."""

    goal: str
    term: str
    effect: float
    lag_days: float
    evidence: str
    path: tuple[str, ...]

    @property
    def own(self) -> bool:
        """Whether the term is the goal's own metric."""
        return len(self.path) == 1


def links_of(coverage: Sequence[Row]) -> list[Link]:
    """The links of a report's `coverage`; its `sign` is that of the contribution, so + helps the goal and − harms it."""
    return [
        Link(
            row["goal"],
            row["term"],
            row["sign"] * float(row["strength"]),
            row["lag_days"] or 0,
            row["evidence"],
            tuple(row["path"]),
        )
        for row in coverage
        if row["term"] is not None
    ]


def state(goal: Goal, links: Sequence[Link]) -> str:
    """covered: some term helps; harmed: terms reach it and none helps; uncovered: no term reaches it."""
    effects = [link.effect for link in links if link.goal == goal.id]
    return BARE if not effects else COVERED if max(effects) > 0 else HARMED


def flow(goals: Sequence[Goal], coverage: Sequence[Row], terms: Sequence[Row], look: Look):
    """Figure of goals, as bars of their weight, linked to the terms of the objective; goals that no term reaches stand on top.

    coverage and terms: as in `map --format json`. Beyond seven goals with links or four without, the lightest are one row.
    """
    links = links_of(coverage)
    states = {goal.id: state(goal, links) for goal in goals}
    bare, bare_rest = _fold([g for g in goals if states[g.id] == BARE], MOST_BARE)
    tied, tied_rest = _fold([g for g in goals if states[g.id] != BARE], MOST_TIED)
    drawn = [link for link in links if link.goal in {g.id for g in tied}]
    order, metrics = arrange([g.id for g in tied], [t["metric"] for t in terms], drawn)
    tied = [next(g for g in tied if g.id == name) for name in order]
    rows: list[Goal | None] = [*bare, *([None] if bare_rest else []), *tied, *([None] if tied_rest else [])]
    folded = iter([rest for rest in (bare_rest, tied_rest) if rest])
    d = Drawing(
        look, HEAD + ROW * max(1, len(rows)), _flow_title(goals, states), FLOW_SUB, _flow_alt(goals, states, links)
    )
    d.rows()
    d.say(LEFT, 9, "goal, weight, metric", 11, look.ink.muted)
    d.say(NAMES, 9, "objective term", 11, look.ink.muted)
    most = max((g.weight for g in goals), default=0) or 1
    places: dict[str, float] = {}
    for k, goal in enumerate(rows):
        top = HEAD + k * ROW
        if goal is None:
            _rest(d, next(folded), top)
            continue
        places[goal.id] = top + 37
        _goal(d, goal, top, most, states[goal.id])
    _terms(d, metrics, terms, drawn, places)
    return d.figure()


FLOW_SUB = "Goals, bar length is their weight; links to the terms of the objective, + helps, − harms, width is strength"


def _fold(goals: list[Goal], most: int) -> tuple[list[Goal], list[Goal]]:
    by_weight = sorted(goals, key=lambda g: -g.weight)
    return (by_weight, []) if len(by_weight) <= most else (by_weight[: most - 1], by_weight[most - 1 :])


def _flow_title(goals: Sequence[Goal], states: Mapping[str, str]) -> str:
    if not goals:
        return "No goal is recorded yet"
    total = sum(g.weight for g in goals) or 1
    lost, harmed = (sum(g.weight for g in goals if states[g.id] == word) / total for word in (BARE, HARMED))
    if lost and harmed:
        return f"{share(lost + harmed)} of what the teams want is missed: {share(lost)} no term reaches, {share(harmed)} is pushed the wrong way"
    if lost:
        return f"No term of the objective reaches {share(lost)} of what the teams want"
    if harmed:
        return f"The objective pushes {share(harmed)} of what the teams want the wrong way"
    reached = "The goal" if len(goals) == 1 else f"Each of the {len(goals)} goals"
    return f"{reached} is reached by a term of the objective"


def _flow_alt(goals: Sequence[Goal], states: Mapping[str, str], links: Sequence[Link]) -> str:
    def said(goal: Goal) -> str:
        reach = ", ".join(f"{link.term} {_effect(link.effect)}" for link in links if link.goal == goal.id)
        return f"{goal.name} ({goal.team}, {share(goal.weight)}): {states[goal.id]}{', ' + reach if reach else ''}"

    return "; ".join(map(said, goals))


def _goal(d: Drawing, goal: Goal, top: float, most: float, how: str) -> None:
    look, y = d.look, top + 37
    end = LEFT + (BAR_END - LEFT) * goal.weight / most
    if how == BARE:
        d.rect(0, 1, top + 2, top + ROW - 4, look.ink.bad_soft, xref="paper")
    d.say(LEFT, top + 13, f"{look.mark(goal.team)}<b>{label(cut(goal.name, 22))}</b> {share(goal.weight)}", 12.5)
    says = f"{label(goal.name)}, {look.team(goal.team).name}: weight {share(goal.weight)}, {how}"
    if how == BARE:
        d.bar(LEFT, end, y, 10, look.ink.ground, says)
        d.rect(
            LEFT,
            end,
            y - 5,
            y + 5,
            "rgba(0,0,0,0)",
            above=True,
            line={"width": 1.3, "color": look.ink.bad, "dash": "dot"},
        )
        d.say(LINKS - 0.02, y, "<b>✕ no term reaches it</b>", 12.5, look.ink.bad)
    else:
        d.line(end, LINKS, y, y, look.ink.line)
        d.bar(LEFT, end, y, 10, look.colour(goal.team), says, marker=team_bar(look, goal.team))
    measured = (
        ", not measured" if goal.measured == "none" else f", {days(goal.horizon_days)}" if goal.horizon_days else ""
    )
    d.say(LEFT, top + 56, label(cut(goal.metric, 28 - len(measured)) + measured), 11, look.ink.muted)


def _rest(d: Drawing, goals: Sequence[Goal], top: float) -> None:
    d.say(LEFT, top + 13, f"<b>{len(goals)} more goals</b> {share(sum(g.weight for g in goals))}", 12.5)
    d.say(LEFT, top + 34, "all in the matrix below", 11, d.look.ink.muted)


def _terms(
    d: Drawing, metrics: Sequence[str], terms: Sequence[Row], links: Sequence[Link], places: Mapping[str, float]
) -> None:
    """Draw the terms on the right, spread over the height of the goals they touch, and the links to them."""
    reached = [places[link.goal] for link in links] or [HEAD + 30]
    high, low = min(reached) - 6, max(reached) + 6
    if (low - high) / max(1, len(metrics)) < 40:
        high, low = (
            max(HEAD + 4, (high + low) / 2 - 20 * len(metrics)),
            min(d.height - 4, (high + low) / 2 + 20 * len(metrics)),
        )
    at = {name: high + (low - high) * (k + 0.5) / len(metrics) for k, name in enumerate(metrics)}
    goal_side = _fan(links, "goal", lambda link: at[link.term], most=17, room=34)
    term_side = _fan(links, "term", lambda link: places[link.goal], most=10, room=30)
    for link in sorted(links, key=lambda link: -abs(link.effect)):
        _curve(d, link, places[link.goal] + goal_side[link], at[link.term] + term_side[link])
    for link in links:
        good = link.effect > 0
        d.dots(
            [LINKS], [places[link.goal] + goal_side[link]], mode="markers+text", text=["+" if good else MINUS],
            marker={"size": 15 if _crowd(links, link.goal) < 4 else 11, "opacity": 1, "color": d.look.ink.good if good else d.look.ink.bad},
            textfont={"color": d.look.ink.on, "size": 13, "weight": 600},
        )  # fmt: skip
    coefficient = {t["metric"]: t for t in terms}
    for name, text in zip(metrics, cut_apart(list(metrics), 13), strict=True):
        d.rect(TERMS, TERMS + 0.007, at[name] - 17, at[name] + 17, d.look.ink.ink, above=True)
        d.say(NAMES, at[name] - 8, f"<b>{label(text)}</b>", 12, hovertext=label(name))
        d.say(NAMES, at[name] + 8, _factor(coefficient[name]), 11, d.look.ink.muted)


def _fan(links: Sequence[Link], side: str, key, most: float, room: float) -> dict[Link, float]:
    """Offsets that keep the links of one end apart."""
    offsets: dict[Link, float] = {}
    for name in {getattr(link, side) for link in links}:
        group = sorted((link for link in links if getattr(link, side) == name), key=key)
        step = min(most, room / max(1, len(group) - 1))
        offsets |= {link: step * (k - (len(group) - 1) / 2) for k, link in enumerate(group)}
    return offsets


def _crowd(links: Sequence[Link], goal: str) -> int:
    return sum(link.goal == goal for link in links)


def _curve(d: Drawing, link: Link, y0: float, y1: float) -> None:
    good, middle = link.effect > 0, (LINKS + TERMS) / 2
    steps = [k / 24 for k in range(25)]
    x = [(1 - t) ** 3 * LINKS + 3 * (1 - t) * t * middle + t**3 * TERMS for t in steps]
    y = [(1 - t) ** 2 * (1 + 2 * t) * y0 + t**2 * (3 - 2 * t) * y1 for t in steps]
    pen = {
        "color": d.look.ink.good if good else d.look.ink.bad,
        "width": 1.5 + 5 * abs(link.effect),
        "dash": "solid" if good else "6px,3px",
    }
    says = (
        f"{label(link.term)} → {label(link.goal)}: {_effect(link.effect)}<br>{link.evidence}, lag {days(link.lag_days)}"
    )
    d.dots(x, y, says, mode="lines", line=pen, name=f"{link.term} → {link.goal}")


def arrange(goals: Sequence[str], terms: Sequence[str], links: Sequence[Link]) -> tuple[list[str], list[str]]:
    """Orders of goals and terms with few crossings: the fewest there are up to five of each, by barycentres beyond."""
    pairs = [(link.goal, link.term) for link in links]
    if len(goals) <= EXACT and len(terms) <= EXACT:
        orders = ((g, t) for g in permutations(goals) for t in permutations(terms))
        best = min(
            orders,
            key=lambda o: (_crossings(*o, pairs), [goals.index(x) for x in o[0]], [terms.index(x) for x in o[1]]),
        )
        return list(best[0]), list(best[1])
    left, right = list(goals), list(terms)
    for _ in range(8):
        right.sort(key=lambda t: _mean([left.index(g) for g, other in pairs if other == t], len(left)))
        left.sort(key=lambda g: _mean([right.index(t) for other, t in pairs if other == g], len(right)))
    return left, right


def _crossings(goals: Sequence[str], terms: Sequence[str], pairs: Sequence[tuple[str, str]]) -> int:
    ends = [(goals.index(g), terms.index(t)) for g, t in pairs]
    return sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(ends) for c, d in ends[:i])


def _mean(values: Sequence[int], none: float) -> float:
    return sum(values) / len(values) if values else none


# The matrix of signs, strengths and delays


def matrix(goals: Sequence[Goal], coverage: Sequence[Row], terms: Sequence[Row], horizon_days: int | None, look: Look):
    """Figure of each term's effect on each goal, and of how long each goal takes to show beside the objective's horizon.

    horizon_days: how far the objective looks ahead; at least one day is taken, as the finding `horizon_gap` does.
    """
    links = {(link.goal, link.term): link for link in links_of(coverage)}
    goals = sorted(goals, key=lambda g: -g.weight)
    many = len(terms) > MOST_HEADS
    row, top = 54, 92 if many else 48
    ahead = max(1, horizon_days or 1)
    d = Drawing(
        look,
        top + row * len(goals),
        _matrix_title(goals, links, ahead),
        MATRIX_SUB,
        _matrix_alt(goals, links, terms, ahead),
    )
    d.rows()
    d.axes["xaxis"] = {"domain": [0, 0.62], "range": [0, max(1, len(terms))], "visible": False}
    waits = {goal.id: wait(goal, list(links.values())) for goal in goals}
    longest = max([3.15, *(math.log10(w) + 0.12 for w in waits.values() if w and w > 1)])
    d.axes["xaxis2"] = {"domain": [0.67, 1], "range": [0, longest], "visible": False, "anchor": "y"}
    _matrix_head(d, terms, top, ahead, many)
    for k, goal in enumerate(goals):
        y = top + k * row
        d.line(0, 1, y, y, look.ink.grid, xref="paper")
        d.say(
            0,
            y + 12,
            f"{look.mark(goal.team)}<b>{label(cut(goal.name, 24))}</b>  {share(goal.weight)}",
            12,
            xref="paper",
        )
        for j, term in enumerate(terms):
            _cell(d, links.get((goal.id, term["metric"])), j, y + 22, y + row - 6, many)
        _delay(d, goal, waits[goal.id], [link for link in links.values() if link.goal == goal.id], y, ahead)
    return d.figure()


MATRIX_SUB = "Effect of each term on each goal, −1 to +1, outlined where it is the goal’s own metric; right, when it shows (log scale)"


def wait(goal: Goal, links: Sequence[Link]) -> float | None:
    """Days until the goal shows: the least lag over the terms that help it, plus its horizon; None where that is not known."""
    if goal.horizon_days is None:
        return None
    lags = [link.lag_days for link in links if link.goal == goal.id and link.effect > 0]
    return goal.horizon_days + min(lags) if lags else None


def _matrix_title(goals: Sequence[Goal], links: Mapping[tuple[str, str], Link], ahead: int) -> str:
    if not goals:
        return "No goal is recorded yet"
    if not links:
        return "No term of the objective reaches any goal"
    own = sum(any(link.own and link.goal == g.id and link.effect > 0 for link in links.values()) for g in goals)
    against = sum(link.effect < 0 for link in links.values())
    direct = (
        "No goal is"
        if own == 0
        else "The goal is"
        if own == len(goals) == 1
        else f"{own} of {counted(len(goals), 'goal')} {'is' if own == 1 else 'are'}"
    )
    runs = (
        f"; {against} of {counted(len(links), 'effect')} {'runs' if against == 1 else 'run'} against {'its' if against == 1 else 'their'} goal"
        if against
        else ""
    )
    return f"{direct} in the objective itself{runs or _late(goals, links, ahead)}"


def _late(goals: Sequence[Goal], links: Mapping[tuple[str, str], Link], ahead: int) -> str:
    late = sum((wait(g, list(links.values())) or 0) >= 2 * ahead for g in goals)
    return (
        f"; {in_words(late, 'goal')} {'shows' if late == 1 else 'show'} only after the model has stopped looking"
        if late
        else ""
    )


def _matrix_alt(goals: Sequence[Goal], links: Mapping[tuple[str, str], Link], terms: Sequence[Row], ahead: int) -> str:
    def said(goal: Goal) -> str:
        effects = [
            f"{t['metric']} {_effect(links[goal.id, t['metric']].effect)}"
            for t in terms
            if (goal.id, t["metric"]) in links
        ]
        shows = wait(goal, list(links.values()))
        return f"{goal.name}: {', '.join(effects) or 'no term'}{f', shows after {days(shows)}' if shows is not None else ''}"

    return f"The objective looks {days(ahead)} ahead; " + "; ".join(map(said, goals))


def _matrix_head(d: Drawing, terms: Sequence[Row], top: float, ahead: int, many: bool) -> None:
    ink = d.look.ink
    names = [t["metric"] for t in terms]
    short = cut_apart(names, 13 if many else 12 if len(terms) < 4 else 10)
    for j, (term, text) in enumerate(zip(terms, short, strict=True)):
        if many:
            d.say(
                j + 0.35,
                top - 6,
                label(text),
                11,
                x_at="left",
                y_at="bottom",
                textangle=-50,
                hovertext=label(term["metric"]),
            )
            continue
        d.say(j + 0.5, top - 32, f"<b>{label(text)}</b>", 11.5, x_at="center", hovertext=label(term["metric"]))
        d.say(j + 0.5, top - 17, _factor(term), 11, ink.muted, x_at="center")
    here = math.log10(ahead)
    for mark, text in ((1, "1 d"), (30, "30 d"), (365, "1 y")):
        if abs(math.log10(mark) - here) > 0.55:
            d.say(math.log10(mark), top - 17, text, 11, ink.muted, x_at="left" if mark == 1 else "center", xref="x2")
    anchor = "left" if here < 0.6 else "center"
    d.say(here, top - 17, f"<b>{_short_days(ahead)}</b>", 11, x_at=anchor, xref="x2")
    d.say(here, top - 32, "model looks", 11, x_at=anchor, xref="x2")
    d.line(here, here, top - 8, d.height, ink.ink, width=1.2, above=True, xref="x2")


def _cell(d: Drawing, link: Link | None, j: int, y0: float, y1: float, many: bool) -> None:
    ink, middle = d.look.ink, (y0 + y1) / 2
    if link is None:
        d.line(j + 0.42, j + 0.58, middle, middle, ink.line)
        return
    fill = mix(ink.ground, ink.good if link.effect > 0 else ink.bad, 0.18 + 0.82 * abs(link.effect))
    d.rect(j + 0.04, j + 0.96, y0, y1, fill, line={"width": 1.6 if link.own else 0, "color": ink.ink})
    text = ("+" if link.effect > 0 else MINUS) if many else _effect(link.effect)
    d.say(j + 0.5, middle, f"<b>{text}</b>", 12, text_on(fill), x_at="center")
    says = f"{label(link.term)} → {label(link.goal)}: {_effect(link.effect)}<br>{label(' → '.join(link.path))}<br>{link.evidence}, lag {days(link.lag_days)}"
    d.dots([j + 0.5], [middle], says, marker={"size": 24, "opacity": 0})


def _delay(d: Drawing, goal: Goal, shows: float | None, links: Sequence[Link], y: float, ahead: int) -> None:
    """When the goal shows, beside how far the model looks."""
    ink = d.look.ink
    if not any(link.effect > 0 for link in links):
        text, colour = f"<b>never: {'only harm' if links else 'no term'}</b>", ink.bad
    elif shows is None:
        text, colour = "horizon not recorded", ink.muted
    elif shows > ahead:
        text, colour = f"{_short_days(shows)}, {number(shows / ahead, 0 if shows >= 2 * ahead else 1)}×", ink.ink
    else:
        text, colour = f"{_short_days(shows)}, in time", ink.ink
    d.say(1, y + 12, text, 11, colour, x_at="right", xref="paper", bgcolor=ink.ground, borderpad=1)
    if shows is None:
        return
    here, there, late = math.log10(ahead), math.log10(max(1, shows)), shows > ahead
    if late:
        d.line(here, there, y + 35, y + 35, ink.bad, width=3, above=True, xref="x2")
    marker = {
        "size": 10,
        "opacity": 1,
        "symbol": "diamond" if late else "circle",
        "color": ink.bad if late else ink.good,
        "line": {"width": 1.5, "color": ink.ground},
    }
    d.dots([there], [y + 35], f"{label(goal.name)} shows after {days(shows)}", xaxis="x2", marker=marker)


def _effect(value: float) -> str:
    sign = "+" if value > 0 else MINUS if value < 0 else ""
    return sign + f"{abs(value):.{1 if abs(value) >= 0.05 or value == 0 else 2}f}"


def _factor(term: Row) -> str:
    value = term.get("coefficient")
    if value is None:
        return "not linear"
    about = "≈ " if term.get("estimated") else ""
    return f"{about}× {number(value)}"


def _short_days(n: float) -> str:
    return f"{number(n / 365, 0 if n % 365 == 0 else 1)} y" if n >= 365 else f"{n:.0f} d"
