"""The matrix of what each term does to each goal, how strongly, and how long that takes to show."""

import math
from collections.abc import Mapping, Sequence

from ui.colours import mix, text_on
from ui.figures.drawing import PHONE, Drawing, Look, fit, label
from ui.figures.links import Link, Row, effect_words, factor_words, link_words, links_of
from ui.figures.subjects import Goal, shortened
from ui.words import counted, days, in_words, number, share

MOST_HEADS = 3
WIDE = 0.62
SUB = (
    "Effect of each term on each goal, −1 to +1, outlined where it is the goal’s own metric; "
    "right, when it shows (log scale)"
)


def matrix(goals: Sequence[Goal], coverage: Sequence[Row], terms: Sequence[Row], horizon_days: int | None, look: Look):
    """Figure of each term's effect on each goal, and of how long the goal takes to show beside the objective's horizon.

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
        SUB,
        _matrix_alt(goals, links, terms, ahead),
    )
    d.rows()
    d.axes["xaxis"] = {"domain": [0, WIDE], "range": [0, max(1, len(terms))], "visible": False}
    short = shortened(goals, 24)
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
            f"{look.mark(goal.team)}<b>{label(short[goal.id])}</b>  {share(goal.weight)}",
            12,
            xref="paper",
        )
        for j, term in enumerate(terms):
            _cell(d, links.get((goal.id, term["metric"])), goal.name, j, y + 22, y + row - 6, many)
        _delay(d, goal, waits[goal.id], [link for link in links.values() if link.goal == goal.id], y, ahead)
    return d.figure()


def wait(goal: Goal, links: Sequence[Link]) -> float | None:
    """Days until the goal shows: the least lag over terms that help it, plus its horizon; None where not known."""
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
    verb = "runs against its goal" if against == 1 else "run against their goal"
    runs = f"; {against} of {counted(len(links), 'effect')} {verb}" if against else ""
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
            f"{t['metric']} {effect_words(links[goal.id, t['metric']].effect)}"
            for t in terms
            if (goal.id, t["metric"]) in links
        ]
        shows = wait(goal, list(links.values()))
        late = f", shows after {days(shows)}" if shows is not None else ""
        return f"{goal.name}: {', '.join(effects) or 'no term'}{late}"

    return f"The objective looks {days(ahead)} ahead; " + "; ".join(map(said, goals))


def _matrix_head(d: Drawing, terms: Sequence[Row], top: float, ahead: int, many: bool) -> None:
    ink = d.look.ink
    names = [t["metric"] for t in terms]
    room = 80 if many else WIDE * PHONE / max(1, len(names)) + 2
    short = fit(names, room, 11 if many else 12.2)
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
        d.say(j + 0.5, top - 17, factor_words(term), 11, ink.muted, x_at="center")
    here = math.log10(ahead)
    for mark, text in ((1, "1 d"), (30, "30 d"), (365, "1 y")):
        if abs(math.log10(mark) - here) > 0.55:
            d.say(math.log10(mark), top - 17, text, 11, ink.muted, x_at="left" if mark == 1 else "center", xref="x2")
    anchor = "left" if here < 0.6 else "center"
    d.say(here, top - 17, f"<b>{_short_days(ahead)}</b>", 11, x_at=anchor, xref="x2")
    d.say(here, top - 32, "model looks", 11, x_at=anchor, xref="x2")
    d.line(here, here, top - 8, d.height, ink.ink, width=1.2, above=True, xref="x2")


def _cell(d: Drawing, link: Link | None, goal: str, j: int, y0: float, y1: float, many: bool) -> None:
    ink, middle = d.look.ink, (y0 + y1) / 2
    if link is None:
        d.line(j + 0.42, j + 0.58, middle, middle, ink.line)
        return
    hue = ink.good if link.effect > 0 else ink.bad if link.effect < 0 else ink.muted
    fill = mix(ink.ground, hue, 0.18 + 0.82 * abs(link.effect))
    d.rect(j + 0.04, j + 0.96, y0, y1, fill, line={"width": 1.6 if link.own else 0, "color": ink.ink})
    text = effect_words(link.effect)[: 1 if many else None]
    d.say(j + 0.5, middle, f"<b>{text}</b>", 12, text_on(fill), x_at="center")
    says = f"{link_words(link, goal)}<br>{label(' → '.join(link.path))}"
    d.dots([j + 0.5], [middle], says, marker={"size": 24, "opacity": 0})


def _delay(d: Drawing, goal: Goal, shows: float | None, links: Sequence[Link], y: float, ahead: int) -> None:
    """When the goal shows, beside how far the model looks."""
    ink = d.look.ink
    if all(link.effect < 0 for link in links):
        text, colour = f"<b>never: {'only harm' if links else 'no term'}</b>", ink.bad
    elif shows is None:
        text, colour = "horizon not recorded", ink.muted
    elif shows > ahead:
        ratio = shows / ahead
        late = "just late" if ratio < 1.05 else f"{number(ratio, 0 if ratio >= 2 else 1)}×"
        text, colour = f"{_short_days(shows)}, {late}", ink.ink
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


def _short_days(n: float) -> str:
    return f"{number(n / 365, 0 if n % 365 == 0 else 1)} y" if n >= 365 else f"{n:.0f} d"
