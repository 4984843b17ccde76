"""What one initiative holds at a moment, and how a write changes it: pure values, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from alignment.errors import UsageError
from alignment.initiative.models import Constraint, Initiative, Record
from alignment.initiative.references import closest
from alignment.store.errors import Stale
from alignment.store.kinds import KINDS, SINGLES, Head, model_of, naming, new_id, own_id, put_together
from alignment.store.values import Actor, Add, DataFile, Edit, Entry, Member, Remove, Write

Entries = Mapping[str, Mapping[str, Entry]]

_SAYS_NOTHING_NEW = frozenset({"because", "owner", "links", "status"})


@dataclass(frozen=True)
class State:
    """One initiative as it stands; `entries` holds removed entities too, their record None."""

    id: str
    created: datetime
    created_by: str
    revision: int
    entries: Entries
    initiative: Initiative
    members: Mapping[str, Member]
    files: Mapping[str, DataFile]

    @cached_property
    def member_names(self) -> dict[tuple[str, str], Member]:
        """Members by name and team."""
        return {(m.name, m.team): m for m in self.members.values()}


@dataclass(frozen=True)
class Step:
    """One version to write: the entity's value before and after, and what that is called in the history."""

    action: str
    before: Entry | None
    after: Entry

    @property
    def value_before(self) -> Record | None:
        return self.before.record if self.before else None


@dataclass(frozen=True)
class Stamp:
    """Who writes and when; `event` is the id of the first event of the write."""

    actor: Actor
    at: datetime
    event: int


def present(entries: Entries, kind: str) -> list[Entry]:
    """Entries of a kind that are not removed, in the author's order."""
    there = (e for e in entries.get(kind, {}).values() if e.record is not None)
    return sorted(there, key=lambda e: (e.position, e.event))


def there(entries: Entries, kind: str, id: str) -> Entry:
    """The entry of an entity that is not removed; UsageError where there is none."""
    model_of(kind)
    entry = entries.get(kind, {}).get(id)
    if entry is None or entry.record is None:
        what = naming(kind, id).removeprefix("the ")
        raise UsageError(f"There is no {what}; {closest(id, [e.id for e in present(entries, kind)], kind)}")
    return entry


def assembled(entries: Entries) -> Initiative:
    """The initiative that the entries form; Refused where they do not fit together."""
    return put_together({kind: [(e.id, e.record) for e in present(entries, kind) if e.record] for kind in KINDS})


class Draftsman:
    """Applies writes one after another to a copy of the entries, and notes each step."""

    def __init__(self, entries: Entries, stamp: Stamp) -> None:
        self.entries: dict[str, Mapping[str, Entry]] = dict(entries)
        self.steps: list[Step] = []
        self.stamp = stamp
        self._touched: set[str] = set()

    def write(self, write: Write) -> Entry:
        """The entry that a write leads to; an edit that changes nothing leads to the entry as it is."""
        model = model_of(write.kind)
        if not isinstance(write, Remove) and type(write.record) is not model:
            raise UsageError(f"a record of {write.kind} is a {model.__name__}, not a {type(write.record).__name__}")
        if isinstance(write, Add):
            return self._add(write)
        entry = self.seen(write.kind, write.id, write.seen)
        return self._remove(entry) if isinstance(write, Remove) else self._edit(entry, write)

    def seen(self, kind: str, id: str, version: int) -> Entry:
        """The current entry, if it is at the version that was seen; Stale where it is not."""
        entry = self.entries.get(kind, {}).get(id)
        if entry is None:
            raise UsageError(f"there is no {naming(kind, id).removeprefix('the ')} to change; reload the page")
        if entry.version != version:
            raise stale(entry)
        return entry

    def put(self, action: str, kind: str, id: str, record: Record | None, position: float | None = None) -> Entry:
        """Writes the next version of an entity, in its place or at a new position."""
        before = self.entries.get(kind, {}).get(id)
        if position is None:
            position = before.position if before else self._end(kind)
        stamp = self.stamp
        after = Entry(
            kind, id, record, before.version + 1 if before else 1, position,
            stamp.actor.name, stamp.actor.team, stamp.at, stamp.event + len(self.steps),
        )
        if kind not in self._touched:
            self.entries[kind] = dict(self.entries.get(kind, {}))
            self._touched.add(kind)
        self.entries[kind][id] = after  # type: ignore[index]
        self.steps.append(Step(action, before, after))
        return after

    def _add(self, write: Add) -> Entry:
        known = self.entries.get(write.kind, {})
        id = new_id(write.kind, write.record, known)
        if id in known and known[id].record is not None:
            hint = "edit it" if write.kind in SINGLES else "give the new one its own"
            raise UsageError(f"{naming(write.kind, id)} is already there; {hint}")
        return self.put("added", write.kind, id, write.record, self._end(write.kind))

    def _edit(self, entry: Entry, write: Edit) -> Entry:
        if entry.record is None:
            raise stale(entry)
        own = own_id(write.kind, write.record)
        if own is not None and own != entry.id:
            what = naming(entry.kind, entry.id)
            raise UsageError(f"{what} keeps its name; record '{own}' as a new one and remove this one")
        record = fallen_back(entry.record, write.record)
        if record.written() == entry.record.written():
            return entry
        return self.put(_called(entry.record, record), entry.kind, entry.id, record)

    def _remove(self, entry: Entry) -> Entry:
        if entry.kind == "head":
            raise UsageError("the initiative's head stays; edit it instead")
        return self.put("removed", entry.kind, entry.id, None) if entry.record is not None else entry

    def _end(self, kind: str) -> float:
        return max((e.position for e in self.entries.get(kind, {}).values()), default=0.0) + 1


def stale(entry: Entry) -> Stale:
    """The error that carries what stands now."""
    return Stale(naming(entry.kind, entry.id), entry.record, entry.version, entry.by, entry.team, entry.at)


def same(one: Record, other: Record) -> bool:
    """Would two records be written with the same digits and the same order of keys?"""
    return repr(one.written()) == repr(other.written())


def fallen_back(before: Record, after: Record) -> Record:
    """The new value; an agreed constraint whose meaning changes is proposed again; a head keeps its order of keys."""
    if isinstance(before, Head) and isinstance(after, Head) and not after.keys:
        return Head.model_validate({**after.written(), "keys": before.keys})
    if not isinstance(before, Constraint) or not isinstance(after, Constraint):
        return after
    if (before.status, after.status) != ("agreed", "agreed"):
        return after
    meaning = [name for name in Constraint.model_fields if name not in _SAYS_NOTHING_NEW]
    if all(getattr(before, name) == getattr(after, name) for name in meaning):
        return after
    return Constraint.model_validate({**after.written(), "status": "proposed"})


def _called(before: Record, after: Record) -> str:
    was, now = getattr(before, "status", None), getattr(after, "status", None)
    if was == now or not isinstance(after, Constraint):
        return "edited"
    return {"agreed": "agreed", "retired": "retired", "proposed": "proposed again"}[after.status]
