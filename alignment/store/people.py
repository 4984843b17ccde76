"""Who may join an initiative, and with which role."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime

from alignment.errors import UsageError
from alignment.initiative.references import closest
from alignment.store.errors import NotAllowed
from alignment.store.recording import Happening
from alignment.store.state import State
from alignment.store.values import ROLES, Member, Role

_LONGEST_NAME = 200


def newcomer(name: str, team: str, role: Role, at: datetime) -> Member:
    """A new member with a token of its own; UsageError for a name that is empty or too long."""
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME:
        raise UsageError(f"A name has between 1 and {_LONGEST_NAME} characters; enter yours")
    return Member(name, team, role, secrets.token_urlsafe(24), at)


def joining(state: State, name: str, team: str, role: Role, invited: bool, at: datetime) -> Member:
    """The member that a person becomes: facilitator where nobody has joined yet, else the role asked for.

    invited: a facilitator takes the person in. Raises UsageError for an unknown team or role, NotAllowed for a role
    that one cannot take oneself.
    """
    if role not in ROLES:
        raise UsageError(f"'{role}' is not a role; {closest(role, ROLES, 'roles')}")
    first = not any(m.role == "facilitator" for m in state.members.values())
    role = "facilitator" if first else role
    if role == "facilitator" and not first and not invited:
        title = state.initiative.title
        raise NotAllowed(f"'{title}' has a facilitator already, who can make you one; join as a participant")
    if team not in state.initiative.teams and (team or role == "participant"):
        raise UsageError(f"'{team}' is not a team; {closest(team, state.initiative.teams, 'teams')}")
    return newcomer(name, team, role, at)


def with_role(state: State, name: str, team: str, role: Role) -> Member:
    """The member with another role; the last facilitator keeps the role."""
    if role not in ROLES:
        raise UsageError(f"'{role}' is not a role; {closest(role, ROLES, 'roles')}")
    member = state.member_names.get((name, team))
    if member is None:
        known = [m.name for m in state.members.values()]
        raise UsageError(f"{name} of {team} is not a member; {closest(name, known, 'members')}")
    left = [m for m in state.members.values() if m.role == "facilitator" and m.token != member.token]
    if role != "facilitator" and not left:
        raise UsageError(f"{name} is the only facilitator; make somebody else one first")
    return replace(member, role=role)


def happening(member: Member, action: str) -> Happening:
    """The line of the history that says a member joined or got a role; the token stays out of it."""
    said = {"name": member.name, "team": member.team, "role": member.role}
    return Happening("members", f"{member.team}/{member.name}", action, 0, said)
