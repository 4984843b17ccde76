"""The workshop's database: one door, `Workshop`, and the values and errors that go through it."""

from alignment.store.errors import NotAllowed, Refused, Stale, StoreError
from alignment.store.kinds import Head, Stage
from alignment.store.recording import ACCORD
from alignment.store.values import (
    Actor,
    Add,
    Comment,
    DataFile,
    Edit,
    Entry,
    Event,
    Member,
    Remove,
    Summary,
)
from alignment.store.workshop import DEFAULT_PATH, Workshop

__all__ = [
    "ACCORD", "DEFAULT_PATH", "Actor", "Add", "Comment", "DataFile", "Edit", "Entry", "Event", "Head", "Member",
    "NotAllowed",
    "Refused", "Remove", "Stage", "Stale", "StoreError", "Summary", "Workshop",
]
