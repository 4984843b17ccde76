"""The number line of a conflict at its worst item, from the report's own values."""

from alignment.conflicts.report import Conflict, as_json
from alignment.initiative.models import Initiative, Lever
from ui.clashes.verdict import lever_word
from ui.figures.allowed import allowed, domain_row
from ui.figures.conflicts import number_line
from ui.figures.drawing import Look
from ui.rules.naming import named
from ui.words import capital


def line_of(conflict: Conflict, initiative: Initiative, looks: Look):
    """The figure, or None where no single lever of numbers is concerned."""
    lever = lever_of(initiative, conflict.lever)
    if lever is None or lever.values is not None or not conflict.at_worst:
        return None
    teams = {c.id: c.team for c in initiative.constraints}
    rows = [allowed(teams[m.constraint], named(m.constraint), as_json(m.parts)) for m in conflict.at_worst]
    if conflict.domain and (lever.minimum is not None or lever.maximum is not None):
        rows.append(domain_row(*(None if end is None else float(end) for end in (lever.minimum, lever.maximum))))
    word = lever_word(initiative, lever.name)
    return number_line(rows, looks, lever=word, unit=lever.unit, today=conflict.today_at_worst)


def reason_of(explanation: str) -> str:
    """What an explanation says after "… cannot hold on this catalogue: ", where a heading has said that."""
    _, found, rest = explanation.partition(" on this catalogue: ")
    return capital(rest) if found else explanation


def lever_of(initiative: Initiative, name: str | None) -> Lever | None:
    """The lever of that name."""
    return next((lever for lever in initiative.levers if lever.name == name), None)
