"""The values that the workshop hands out: people, entries, events, comments and data files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from alignment.initiative.models import Record

Role = Literal["facilitator", "participant", "reviewer"]
ROLES: tuple[Role, ...] = ("facilitator", "participant", "reviewer")


@dataclass(frozen=True)
class Actor:
    """A person who acts for a team. The role that counts is the one in the workshop's list of members."""

    name: str
    team: str = ""
    role: Role = "participant"

    def __str__(self) -> str:
        return f"{self.name} of {self.team}" if self.team else self.name


@dataclass(frozen=True)
class Member:
    """An actor who joined an initiative; `token` lets the same browser come back."""

    name: str
    team: str
    role: Role
    token: str
    joined: datetime

    @property
    def actor(self) -> Actor:
        return Actor(self.name, self.team, self.role)


@dataclass(frozen=True)
class Entry:
    """One entity as it stands: its version, its place in the author's order, and who wrote it when (UTC).

    `record` is None where the entity was removed.
    """

    kind: str
    id: str
    record: Record | None
    version: int
    position: float
    by: str
    team: str
    at: datetime
    event: int


@dataclass(frozen=True)
class Event:
    """One thing that happened; `before` and `after` are the entity's values under the names of the file.

    `batch` is the id of the first event of the same write: the events of one import share it.
    """

    id: int
    batch: int
    initiative: str
    kind: str
    entity: str
    action: str
    version_before: int
    version_after: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    at: datetime
    by: str
    team: str


@dataclass(frozen=True)
class Comment:
    """What a person said about a record, and about which version of it."""

    id: int
    kind: str
    entity: str
    version: int
    text: str
    by: str
    team: str
    at: datetime


@dataclass(frozen=True)
class DataFile:
    """A catalogue or decision table beside the database.

    path: the original file, byte for byte; its SHA-256 is the hash that the content hash of the initiative uses, so the
    browser and the command line agree. parquet: the same rows typed, for reading fast, where the caller gave them.
    columns: type of each column, in order.
    """

    which: str
    name: str
    path: Path
    parquet: Path | None
    sha256: str
    rows: int
    columns: Mapping[str, str]
    by: str
    team: str
    at: datetime


@dataclass(frozen=True)
class Summary:
    """One initiative on the list: its name, how much it holds, and what happened last."""

    id: str
    name: str
    summary: str | None
    revision: int
    created: datetime
    created_by: str
    last: Event
    counts: Mapping[str, int]
    members: int


@dataclass(frozen=True)
class Add:
    """A new entity of a kind."""

    kind: str
    record: Record


@dataclass(frozen=True)
class Edit:
    """A new value of an entity; `seen` is the version that its author looked at."""

    kind: str
    id: str
    record: Record
    seen: int


@dataclass(frozen=True)
class Remove:
    """An entity taken out of the initiative; its history stays."""

    kind: str
    id: str
    seen: int


Write = Add | Edit | Remove
