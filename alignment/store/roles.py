"""Who may write what: checked at the door on every write, whatever a page showed."""

from __future__ import annotations

from alignment.initiative.models import Record
from alignment.store.errors import NotAllowed
from alignment.store.kinds import naming
from alignment.store.values import Member

_FACILITATOR_ONLY = frozenset({"head", "levers", "catalogue", "stage"})
_OWN_NAME = {"points": "participant", "readiness": "participant", "stances": "by", "signatures": "name"}


def check_write(member: Member, kind: str, id: str, before: Record | None, after: Record | None) -> None:
    """Raises NotAllowed with one sentence unless the member may turn `before` into `after` (None: not there).

    A facilitator may do everything. A participant writes records of the own team, and those that belong to no team
    (metrics, links, the objective, definitions, evidence, decisions, waivers); points, readiness, stances and
    signatures only in the own name. A reviewer reads and comments.
    """
    if member.role == "facilitator":
        return
    what = naming(kind, id)
    if member.role == "reviewer":
        raise NotAllowed(f"{member.name} joined as a reviewer, who reads and comments; a facilitator can change that")
    if kind in _FACILITATOR_ONLY:
        raise NotAllowed(f"Only a facilitator may change {what}; ask one, or leave a comment")
    for record in (before, after):
        if record is not None:
            _check_own(member, kind, what, record)
    if kind == "goals" and before is not None and after is not None and _weight(before) != _weight(after):
        raise NotAllowed(f"Only a facilitator may change the weight of {what}; spread your points over the goals")


def check_facilitator(member: Member, doing: str) -> None:
    """Raises NotAllowed unless the member is a facilitator; `doing` completes "Only a facilitator may …"."""
    if member.role != "facilitator":
        raise NotAllowed(f"Only a facilitator may {doing}; ask one")


def _check_own(member: Member, kind: str, what: str, record: Record) -> None:
    team = getattr(record, "team", None)
    if team is not None and team != member.team:
        own = member.team or "no team"
        raise NotAllowed(f"{what} belongs to {team}, and {member.name} is of {own}; propose it in a comment")
    speaker = getattr(record, _OWN_NAME[kind]) if kind in _OWN_NAME else member.name
    if speaker != member.name:
        raise NotAllowed(f"{what} speaks for {speaker}, and {member.name} records only what is their own")


def _weight(record: Record) -> object:
    return getattr(record, "weight", None)
