"""Between rows and values: what a write puts into the tables, and what the tables say an initiative holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alignment.errors import UsageError
from alignment.initiative.references import closest
from alignment.store import statements
from alignment.store.bodies import from_body, to_body
from alignment.store.connection import Connection
from alignment.store.kinds import KINDS
from alignment.store.state import Stamp, State, Step, assembled
from alignment.store.values import Actor, Comment, DataFile, Entry, Event, Member


@dataclass(frozen=True)
class Happening:
    """Something for the history that writes no version: a comment, a member, a file."""

    kind: str
    entity: str
    action: str
    version: int
    said: Mapping[str, Any]


def record(
    connection: Connection, initiative: str, stamp: Stamp, steps: Sequence[Step], happenings: Sequence[Happening]
) -> int:
    """Writes steps and happenings, each with its event, into the open transaction; returns the last event's id."""
    who = (stamp.at, stamp.actor.name, stamp.actor.team)
    records, events = [], []
    for step in steps:
        before, after = step.before, step.after
        was, now = (to_body(value.written()) if value else None for value in (step.value_before, after.record))
        records.append((initiative, after.kind, after.id, after.version, after.position, now, after.event, *who))
        versions = (before.version if before else 0, after.version)
        events.append((
            after.event, stamp.event, initiative, after.kind, after.id, step.action, *versions, was, now, *who
        ))
    for number, h in enumerate(happenings, stamp.event + len(steps)):
        said = to_body(h.said)
        events.append((
            number, stamp.event, initiative, h.kind, h.entity, h.action, h.version, h.version, None, said, *who
        ))
    _insert(connection, statements.ADD_RECORD, statements.ADD_RECORDS, records)
    _insert(connection, statements.ADD_EVENT, statements.ADD_EVENTS, events)
    return int(events[-1][0])


_FEW = 20  # up to here row by row is faster than as lists of columns


def _insert(connection: Connection, one: str, many: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if len(rows) > _FEW:
        connection.run(many, [list(column) for column in zip(*rows, strict=True)])
        return
    for row in rows:
        connection.run(one, row)


def read_state(connection: Connection, files: Path, initiative: str) -> State:
    """Everything an initiative holds, in one query per table; UsageError where there is no such initiative."""
    found = connection.rows(statements.INITIATIVE, (initiative,))
    if not found:
        known = [id for id, in connection.rows(statements.INITIATIVE_IDS)]
        raise UsageError(f"There is no initiative '{initiative}'; {closest(initiative, known, 'initiatives')}")
    created, created_by = found[0]
    entries: dict[str, dict[str, Entry]] = {}
    rows = connection.rows(statements.CURRENT_RECORDS, (initiative,))
    for kind, id, version, position, body, event, at, by, team in rows:
        value = KINDS[kind].model_validate(from_body(body)) if body is not None else None
        entries.setdefault(kind, {})[id] = Entry(kind, id, value, version, position, by, team, at, event)
    members = {row[0]: _member(row) for row in connection.rows(statements.MEMBERS, (initiative,))}
    data = {row[0]: _data_file(files, row) for row in connection.rows(statements.DATA_FILES, (initiative,))}
    revision = connection.rows(statements.LAST_EVENT_OF, (initiative,))[0][0]
    return State(initiative, created, created_by, revision, entries, assembled(entries), members, data)


def _member(row: tuple[Any, ...]) -> Member:
    token, name, team, role, _, joined = row
    return Member(name, team, role, token, joined)


def _data_file(folder: Path, row: tuple[Any, ...]) -> DataFile:
    which, sha256, name, suffix, parquet, rows, columns, at, by, team = row
    typed = folder / f"{sha256}.parquet" if parquet else None
    return DataFile(which, name, folder / f"{sha256}{suffix}", typed, sha256, rows, from_body(columns), by, team, at)


def read_event(row: tuple[Any, ...]) -> Event:
    """The event of a row of the table `event`."""
    id, batch, initiative, kind, entity, action, before, after, was, now, at, by, team = row
    value_before = from_body(was) if was is not None else None
    value_after = from_body(now) if now is not None else None
    return Event(
        id, batch, initiative, kind, entity, action, before, after, value_before, value_after, at, by, team
    )


def read_comment(event: Event) -> Comment:
    """The comment that an event recorded."""
    text = (event.after or {})["text"]
    return Comment(event.id, event.kind, event.entity, event.version_after, text, event.by, event.team, event.at)


def member_row(initiative: str, member: Member, event: int, at: datetime) -> tuple[Any, ...]:
    """The row that says a member has a role from `event` on."""
    return member.token, initiative, member.name, member.team, member.role, event, at


def data_file_row(initiative: str, file: DataFile, event: int) -> tuple[Any, ...]:
    """The row that says a file is the catalogue or decision table from `event` on."""
    return (
        initiative, file.which, file.sha256, file.name, file.path.suffix, file.parquet is not None, file.rows,
        to_body(file.columns), event, file.at, file.by, file.team,
    )


def naive_utc(at: datetime) -> datetime:
    """A time as the database keeps it; one without a zone is taken as UTC."""
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


ACCORD = Actor("Accord", "", "facilitator")
