"""Who is here now: members whose browser has asked within the last seconds. Kept in this process alone."""

import threading
from time import monotonic

from alignment.store.values import Member

SECONDS = 12

_lock = threading.Lock()
_seen: dict[str, dict[str, tuple[float, Member]]] = {}


def saw(initiative_id: str, member: Member) -> None:
    """Notes that a member's browser is on a page of the initiative."""
    with _lock:
        _seen.setdefault(initiative_id, {})[member.token] = (monotonic(), member)


def present(initiative_id: str) -> tuple[Member, ...]:
    """Members on a page of the initiative now, those of one team side by side."""
    with _lock:
        seen = list(_seen.get(initiative_id, {}).values())
    recent = [member for at, member in seen if monotonic() - at <= SECONDS]
    return tuple(sorted(recent, key=lambda m: (m.team, m.name)))
