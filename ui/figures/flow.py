"""The flow from goals to the terms of the objective, with the goals that no term reaches in sight."""

from collections.abc import Mapping, Sequence
from itertools import permutations

from ui.figures.drawing import Drawing, Look, label, team_bar
from ui.figures.links import BARE, HARMED, Link, Row, effect_words, factor_words, link_words, links_of, state
from ui.figures.subjects import Goal, shortened
from ui.words import cut, cut_apart, days, share

LEFT, BAR_END, LINKS, TERMS, NAMES = 0.012, 0.40, 0.455, 0.715, 0.735
ROW, HEAD, STEP = 72, 26, 38
MOST_TIED, MOST_BARE, EXACT = 7, 4, 5
SUB = "Goals, bar length is their weight; links to the terms of the objective, + helps, − harms, width is strength"


def flow(goals: Sequence[Goal], coverage: Sequence[Row], terms: Sequence[Row], look: Look):
    """Figure of goals, as bars of their weight, linked to the terms of the objective; on top those no term reaches.

    coverage and terms: as in `map --format json`. Beyond seven goals with links or four without, the lightest are one
    row.
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
    height = HEAD + max(ROW * max(1, len(rows)), STEP * len(terms))
    d = Drawing(look, height, _flow_title(goals, states), SUB, _flow_alt(goals, states, links))
    d.rows()
    d.say(LEFT, 9, "goal, weight, metric", 11, look.ink.muted)
    d.say(NAMES, 9, "objective term", 11, look.ink.muted)
    most = max((g.weight for g in goals), default=0) or 1
    short = shortened(goals, 20)
    places: dict[str, float] = {}
    for k, goal in enumerate(rows):
        top = HEAD + k * ROW
        if goal is None:
            _rest(d, next(folded), top)
            continue
        places[goal.id] = top + 37
        _goal(d, goal, short[goal.id], top, most, states[goal.id])
    _terms(d, metrics, terms, drawn, places, {g.id: g.name for g in goals})
    return d.figure()


def _fold(goals: list[Goal], most: int) -> tuple[list[Goal], list[Goal]]:
    by_weight = sorted(goals, key=lambda g: -g.weight)
    return (by_weight, []) if len(by_weight) <= most else (by_weight[: most - 1], by_weight[most - 1 :])


def _flow_title(goals: Sequence[Goal], states: Mapping[str, str]) -> str:
    if not goals:
        return "No goal is recorded yet"
    total = sum(g.weight for g in goals) or 1
    lost, harmed = (sum(g.weight for g in goals if states[g.id] == word) / total for word in (BARE, HARMED))
    if lost and harmed:
        parts = f"{share(lost)} no term reaches, {share(harmed)} is pushed the wrong way"
        return f"{share(lost + harmed)} of what the teams want is missed: {parts}"
    if lost:
        return f"No term of the objective reaches {share(lost)} of what the teams want"
    if harmed:
        return f"The objective pushes {share(harmed)} of what the teams want the wrong way"
    reached = "The goal" if len(goals) == 1 else f"Each of the {len(goals)} goals"
    return f"{reached} is reached by a term of the objective"


def _flow_alt(goals: Sequence[Goal], states: Mapping[str, str], links: Sequence[Link]) -> str:
    def said(goal: Goal) -> str:
        reach = ", ".join(f"{link.term} {effect_words(link.effect)}" for link in links if link.goal == goal.id)
        return f"{goal.name} ({goal.team}, {share(goal.weight)}): {states[goal.id]}{', ' + reach if reach else ''}"

    return "; ".join(map(said, goals))


def _goal(d: Drawing, goal: Goal, short: str, top: float, most: float, how: str) -> None:
    look, y = d.look, top + 37
    end = LEFT + (BAR_END - LEFT) * goal.weight / most
    if how == BARE:
        d.rect(0, 1, top + 2, top + ROW - 4, look.ink.bad_soft, xref="paper")
    d.say(LEFT, top + 13, f"{look.mark(goal.team)}<b>{label(short)}</b> {share(goal.weight)}", 12.5)
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
    shows = f", {days(goal.horizon_days)}" if goal.horizon_days else ""
    about = ", not measured" if goal.measured == "none" else shows
    d.say(LEFT, top + 56, label(cut(goal.metric, 26 - len(about)) + about), 11, look.ink.muted)


def _rest(d: Drawing, goals: Sequence[Goal], top: float) -> None:
    d.say(LEFT, top + 13, f"<b>{len(goals)} more goals</b> {share(sum(g.weight for g in goals))}", 12.5)
    d.say(LEFT, top + 34, "all in the matrix below", 11, d.look.ink.muted)


def _terms(
    d: Drawing,
    metrics: Sequence[str],
    terms: Sequence[Row],
    links: Sequence[Link],
    places: Mapping[str, float],
    names: Mapping[str, str],
) -> None:
    """Draw the terms on the right, spread over the height of the goals they touch, and the links to them."""
    reached = [places[link.goal] for link in links] or [HEAD + 30]
    high, low = min(reached) - 6, max(reached) + 6
    if low - high < STEP * len(metrics):
        high = max(HEAD, min((high + low - STEP * len(metrics)) / 2, d.height - STEP * len(metrics)))
        low = high + STEP * len(metrics)
    at = {name: high + (low - high) * (k + 0.5) / len(metrics) for k, name in enumerate(metrics)}
    goal_side = _fan(links, "goal", lambda link: at[link.term], most=17, room=34)
    term_side = _fan(links, "term", lambda link: places[link.goal], most=10, room=30)
    for link in sorted(links, key=lambda link: -abs(link.effect)):
        _curve(d, link, names, places[link.goal] + goal_side[link], at[link.term] + term_side[link])
    for link in links:
        d.dots(
            [LINKS], [places[link.goal] + goal_side[link]], mode="markers+text", text=[effect_words(link.effect)[0]],
            marker={"size": 15 if _crowd(links, link.goal) < 4 else 11, "opacity": 1, "color": _ink(d, link)},
            textfont={"color": d.look.ink.on, "size": 13, "weight": 600},
        )  # fmt: skip
    coefficient = {t["metric"]: t for t in terms}
    for name, text in zip(metrics, cut_apart(list(metrics), 13), strict=True):
        d.rect(TERMS, TERMS + 0.007, at[name] - 17, at[name] + 17, d.look.ink.ink, above=True)
        d.say(NAMES, at[name] - 8, f"<b>{label(text)}</b>", 12, hovertext=label(name))
        d.say(NAMES, at[name] + 8, factor_words(coefficient[name]), 11, d.look.ink.muted)


def _ink(d: Drawing, link: Link) -> str:
    ink = d.look.ink
    return ink.good if link.effect > 0 else ink.bad if link.effect < 0 else ink.muted


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


def _curve(d: Drawing, link: Link, names: Mapping[str, str], y0: float, y1: float) -> None:
    good, middle = link.effect > 0, (LINKS + TERMS) / 2
    steps = [k / 24 for k in range(25)]
    x = [(1 - t) ** 3 * LINKS + 3 * (1 - t) * t * middle + t**3 * TERMS for t in steps]
    y = [(1 - t) ** 2 * (1 + 2 * t) * y0 + t**2 * (3 - 2 * t) * y1 for t in steps]
    pen = {
        "color": _ink(d, link),
        "width": 1.5 + 5 * abs(link.effect),
        "dash": "solid" if good else "6px,3px",
    }
    says = link_words(link, names[link.goal])
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
