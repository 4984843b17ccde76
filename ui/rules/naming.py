"""How constraints are called on pages: by name, with the symbol of the team that stands for them."""

from collections.abc import Mapping, Sequence

from alignment.initiative.models import Constraint, Initiative
from ui.teams import Team
from ui.words import NO_BREAK, listed, md, spoken


def named(id: str) -> str:
    """A constraint's name for people: `max-change` is Max change."""
    return spoken(id)


def tagged(id: str, team: str, teams: Mapping[str, Team], bold: bool = False) -> str:
    """Symbol and name for markdown."""
    name = md(named(id))
    return f"{teams[team].symbol_md}{NO_BREAK}{f'**{name}**' if bold else name}"


def tagged_all(ids: Sequence[str], initiative: Initiative, teams: Mapping[str, Team]) -> str:
    """Several constraints as a list: ◆ Floor and ● Max change."""
    return listed(tagged(id, constraint_of(initiative, id).team, teams) for id in ids)


def constraint_of(initiative: Initiative, id: str) -> Constraint:
    """The constraint of that id."""
    return initiative.constraint(id)


def reasons(ids: Sequence[str], initiative: Initiative, teams: Mapping[str, Team]) -> str:
    """What the owners say, each quoted with the team: Brand: “…”. Operations: “…”; said once where it is the same."""
    said = []
    for id in ids:
        constraint = constraint_of(initiative, id)
        team = teams[constraint.team].name
        reason = f"“{constraint.because.rstrip('.')}”" if constraint.because else f"no reason given for {named(id)}"
        said.append(f"{team}: {reason}.")
    return " ".join(dict.fromkeys(said))
