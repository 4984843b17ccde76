"""The number line of a conflict: at its worst item, or at the group or the step of a ladder that shows it."""

from alignment.conflicts.coupled.evidence import Chain, Sum
from alignment.conflicts.intervals import common
from alignment.conflicts.report import Conflict, as_json
from alignment.initiative.models import Initiative, Lever
from ui.clashes.verdict import lever_word
from ui.figures.allowed import RANGE_NAME, Allowed, Part, allowed, domain_row
from ui.figures.conflicts import number_line
from ui.figures.drawing import Look
from ui.rules.naming import named
from ui.widgets.choices import Leaves
from ui.words import capital, listed

MOST_SAID = 4


def line_of(conflict: Conflict, initiative: Initiative, looks: Look):
    """The figure, or None where no single lever of numbers is concerned."""
    lever = lever_of(initiative, conflict.lever)
    if lever is None or lever.values is not None or not conflict.at_worst:
        return None
    teams = {c.id: c.team for c in initiative.constraints}
    rows = [allowed(teams[m.constraint], named(m.constraint), as_json(m.parts)) for m in conflict.at_worst]
    bounded = lever.minimum is not None or lever.maximum is not None
    if conflict.domain and bounded and common(m.parts for m in conflict.at_worst):
        rows.append(domain_row(*(None if end is None else float(end) for end in (lever.minimum, lever.maximum))))
    word = lever_word(initiative, lever.name)
    return number_line(rows, looks, lever=word, unit=lever.unit, today=conflict.today_at_worst)


def leaves_of(conflict: Conflict, initiative: Initiative, looks: Look) -> list[Leaves]:
    """What each rule leaves of a lever's list of values at one item; empty where no such lever is concerned."""
    teams = {c.id: c.team for c in initiative.constraints}
    return [
        Leaves(named(m.constraint), looks.team(teams[m.constraint]), tuple(str(v) for v in m.values))
        for m in conflict.at_worst
        if m.values is not None
    ]


def said(row: Leaves) -> str:
    """What a rule leaves, in words: Deep for risk allows twenty or thirty."""
    if not row.values:
        return f"{row.name} allows nothing"
    most = row.values if len(row.values) <= MOST_SAID else row.values[: MOST_SAID - 1]
    more = len(row.values) - len(most)
    return f"{row.name} allows {listed([*most, *([f'{more} more'] if more else [])], 'and' if more else 'or')}"


def line_shown_by(conflict: Conflict, initiative: Initiative, looks: Look):
    """The figure of what a ladder or a total asks for and what the others leave; None where no one alone shows it."""
    found = conflict.evidence and (conflict.evidence.chain or conflict.evidence.sum)
    if not found:
        return None
    row, rest, lever = _of_chain(found, initiative) if isinstance(found, Chain) else _of_sum(found)
    teams = {c.id: c.team for c in initiative.constraints}
    others = [member for member in conflict.constraints if member != found.rule]
    team, name = None, "The other rules" if others else RANGE_NAME
    if len(others) == 1:
        team, name = teams[others[0]], named(others[0])
    rows = [Allowed(teams[found.rule], named(found.rule), (row,)), Allowed(team, name, (rest,))]
    unit = lever.unit if lever is not None else None
    word = lever_word(initiative, lever.name) if lever is not None else "total"
    return number_line(rows, looks, lever=word, unit=unit, word="cannot be bridged")


def _of_chain(chain: Chain, initiative: Initiative) -> tuple[Part, Part, Lever | None]:
    """What the ladder asks for at its last item, what the others leave there, and the lever."""
    numeric = [lever for lever in initiative.levers if lever.values is None]
    lever = numeric[0] if len(numeric) == 1 else None
    asked, left = _opposed(chain.asked, chain.allowed) if chain.upwards else _opposed(chain.allowed, chain.asked)[::-1]
    return asked, left, lever


def _of_sum(found: Sum) -> tuple[Part, Part, None]:
    """What the rule asks of its group and the best that the others leave."""
    best, bound = _opposed(found.best, found.bound) if found.upper else _opposed(found.bound, found.best)[::-1]
    return bound, best, None


def _opposed(least: float, most: float) -> tuple[Part, Part]:
    """Everything from one value up, and everything up to another."""
    return Part(least, None), Part(None, most)


def reason_of(explanation: str) -> str:
    """What an explanation says after "… cannot hold on this catalogue: ", where a heading has said that."""
    _, found, rest = explanation.partition(" on this catalogue: ")
    return capital(rest) if found else explanation


def lever_of(initiative: Initiative, name: str | None) -> Lever | None:
    """The lever of that name."""
    return next((lever for lever in initiative.levers if lever.name == name), None)
