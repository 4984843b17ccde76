"""What can go wrong at the workshop's door, by what the caller does next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from alignment.errors import AccordError


class StoreError(AccordError):
    """The workshop file cannot be opened or written; the sentence says which file and what to do."""


class Conflict(StoreError):
    """Another connection wrote the same version in the same moment; nothing was recorded."""


class NotAllowed(AccordError):
    """The person is no member, or the member's role may not do this; nothing was recorded."""


class Refused(AccordError):
    """A write that would leave the initiative with a broken reference or a doubled id; nothing was recorded."""


class Stale(AccordError):
    """Somebody else changed the record first; nothing was recorded.

    current: the value that stands now, None where it was removed. version: its version.
    by, team, at: who changed it, when (UTC).
    """

    def __init__(self, what: str, current: Any, version: int, by: str, team: str, at: datetime) -> None:
        self.current, self.version, self.by, self.team, self.at = current, version, by, team, at
        did = "removed" if current is None else "changed"
        who = f"{by} of {team}" if team else by
        super().__init__(
            f"{what} was {did} by {who} at {at:%Y-%m-%d %H:%M} UTC, after you opened it; "
            f"compare with version {version} and save again"
        )
