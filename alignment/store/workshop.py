"""The one door to the workshop: what people record, with history, roles and protection from stale writes.

Pages, exports and routes ask it and never see SQL or a connection. All values that it hands out are immutable.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace as changed
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from alignment.errors import UsageError
from alignment.initiative.models import Constraint, Initiative, Record, slugify
from alignment.store import files, people, statements
from alignment.store.bodies import from_body, to_body
from alignment.store.connection import Connection, now
from alignment.store.errors import Conflict, NotAllowed, StoreError
from alignment.store.kinds import KINDS, Stage, model_of, naming, subject, unique
from alignment.store.recording import (
    ACCORD,
    Happening,
    data_file_row,
    member_row,
    naive_utc,
    read_comment,
    read_event,
    read_state,
    record,
)
from alignment.store.replacing import create_all, replace_all
from alignment.store.roles import check_facilitator, check_write
from alignment.store.signal import Listener, Signal
from alignment.store.state import Draftsman, Stamp, State, assembled, present, stale, there
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
    Role,
    Summary,
    Write,
)

DEFAULT_PATH = Path("data/workshop/workshop.duckdb")

Which = Literal["catalogue", "decisions"]

_MOST_ASKED = 100  # answers about the history kept in memory, each valid for one revision

_open: dict[Path, tuple[Workshop, int]] = {}
_opening = threading.Lock()


class Workshop:
    """The workshop of one database file; safe to use from several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._files = connection.path.parent / "files"
        files.clear_arriving(self._files)
        self._last_event: int = connection.rows(statements.LAST_EVENT_ID)[0][0]
        self._states: dict[str, State] = {}
        self._summaries: tuple[int, list[Summary]] = (-1, [])
        self._asked: dict[tuple[Any, ...], tuple[Event, ...]] = {}
        self._signal = Signal()

    @classmethod
    def open(cls, path: str | Path = DEFAULT_PATH) -> Workshop:
        """The workshop in a DuckDB file, created where it is missing; opened twice in a process, it is the same one.

        Raises StoreError, in one sentence, where another process holds the file or it cannot be used.
        """
        if os.environ.get("ACCORD_DATABASE_URL"):
            raise StoreError("ACCORD_DATABASE_URL is set, but this version keeps the workshop in DuckDB; unset it")
        where = Path(path).resolve()
        with _opening:
            workshop, times = _open.get(where) or (cls(Connection(where)), 0)
            _open[where] = (workshop, times + 1)
            return workshop

    def close(self) -> None:
        """Gives the file free, when everyone in this process who opened it has closed it."""
        path = self._connection.path
        with _opening:
            times = _open[path][1] if path in _open else 0
            if times > 1:
                _open[path] = (self, times - 1)
                return
            _open.pop(path, None)
            self._connection.close()

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Initiatives

    def create(self, initiative: Initiative, by: Actor | None = None) -> str:
        """Records a new initiative and returns its id in this workshop: its slug, with -2, -3 … where that is taken.

        `by` becomes its first member and facilitator; with None the initiative is put in by Accord itself, and the
        first person who joins is its facilitator.
        """
        with self._connection.lock:
            known = [id for id, in self._connection.rows(statements.INITIATIVE_IDS)]
            id = unique(slugify(initiative.slug), known)
            stamp = self._stamp(by or ACCORD)
            draft = Draftsman({}, stamp)
            create_all(draft, initiative)
            members = {}
            if by is not None:
                member = people.newcomer(by.name, by.team, "facilitator", stamp.at)
                members[member.token] = member
            empty = State(id, stamp.at, stamp.actor.name, 0, {}, initiative, {}, {})
            row = (id, stamp.at, stamp.actor.name, stamp.actor.team)
            self._save(empty, stamp, draft, also=[(statements.ADD_INITIATIVE, row)], members=members)
        self._signal.tell(id, self.revision(id))
        return id

    def replace(self, initiative_id: str, initiative: Initiative, by: Actor) -> int:
        """Makes an initiative equal to a whole file, in one write; what the file lacks is removed, its history kept.

        Values stay exactly as the file says them, *agreed* too. Returns the number of records that changed.
        Facilitators only.
        """
        with self._writing(initiative_id, by) as (state, member):
            check_facilitator(member, "import a whole file")
            draft = Draftsman(state.entries, self._stamp(member.actor))
            replace_all(draft, initiative)
            self._save(state, draft.stamp, draft)
            return len(draft.steps)

    def initiative(self, initiative_id: str) -> Initiative:
        """The initiative as it stands; the same object until something in it changes."""
        return self._state(initiative_id).initiative

    def initiatives(self) -> list[Summary]:
        """A summary of every initiative, the one that changed last first."""
        with self._connection.lock:
            if self._summaries[0] != self._last_event:
                events = [read_event(row) for row in self._connection.rows(statements.LAST_EVENTS)]
                summaries = [_summary(self._state(event.initiative), event) for event in events]
                self._summaries = (self._last_event, sorted(summaries, key=lambda s: -s.revision))
            return list(self._summaries[1])

    def revision(self, initiative_id: str | None = None) -> int:
        """The number of the last event of an initiative, or of the whole workshop; it only grows, at no query."""
        return self._last_event if initiative_id is None else self._state(initiative_id).revision

    # Records

    def entries(self, initiative_id: str, kind: str) -> tuple[Entry, ...]:
        """The entities of a kind with id, version, author and time, in the author's order, removed ones left out."""
        model_of(kind)
        return tuple(present(self._state(initiative_id).entries, kind))

    def entry(self, initiative_id: str, kind: str, entity_id: str) -> Entry:
        """One entity as it stands; UsageError where it is not there."""
        return there(self._state(initiative_id).entries, kind, entity_id)

    def versions(self, initiative_id: str, kind: str) -> dict[str, int]:
        """The current version of each entity of a kind."""
        return {entry.id: entry.version for entry in self.entries(initiative_id, kind)}

    def add(self, initiative_id: str, kind: str, entity: Record, by: Actor) -> Entry:
        """Records a new entity at the end of its kind."""
        return self.apply(initiative_id, [Add(kind, entity)], by)[0]

    def edit(self, initiative_id: str, kind: str, entity_id: str, entity: Record, seen: int, by: Actor) -> Entry:
        """Records a new value of an entity whose version `seen` its author looked at.

        An agreed constraint whose meaning changes is *proposed* again. Raises Stale where somebody else was first.
        """
        return self.apply(initiative_id, [Edit(kind, entity_id, entity, seen)], by)[0]

    def put(self, initiative_id: str, kind: str, entity: Record, by: Actor) -> Entry:
        """Records what a person says again: edits the entry with the same speaker and subject, else adds one.

        For points, stances, readiness and signatures, of which each person has one per subject.
        """
        for entry in self.entries(initiative_id, kind):
            if entry.record is not None and subject(kind, entry.record) == subject(kind, entity):
                return self.edit(initiative_id, kind, entry.id, entity, entry.version, by)
        return self.add(initiative_id, kind, entity, by)

    def retire(self, initiative_id: str, kind: str, entity_id: str, seen: int, by: Actor) -> Entry:
        """Takes an entity out of force: a constraint is kept with status *retired*, any other kind is removed."""
        value = self.entry(initiative_id, kind, entity_id).record
        if not isinstance(value, Constraint):
            return self.remove(initiative_id, kind, entity_id, seen, by)
        return self.edit(initiative_id, kind, entity_id, value.model_copy(update={"status": "retired"}), seen, by)

    def remove(self, initiative_id: str, kind: str, entity_id: str, seen: int, by: Actor) -> Entry:
        """Takes an entity out of the initiative; its history stays, and undo brings it back."""
        return self.apply(initiative_id, [Remove(kind, entity_id, seen)], by)[0]

    def apply(self, initiative_id: str, writes: Sequence[Write], by: Actor) -> tuple[Entry, ...]:
        """Several writes together: all are recorded, or none. Returns the entry that each led to.

        Raises Stale, NotAllowed, Refused (a broken reference or a doubled id) or UsageError; then nothing was recorded.
        """
        with self._writing(initiative_id, by) as (state, member):
            draft = Draftsman(state.entries, self._stamp(member.actor))
            entries = tuple(draft.write(write) for write in writes)
            self._check(member, draft)
            self._save(state, draft.stamp, draft)
            return entries

    def undo(self, event_id: int, by: Actor) -> Entry:
        """Records the value from before an event as a new version; Stale where the entity has changed since."""
        event = self._event(event_id)
        with self._writing(event.initiative, by) as (state, member):
            if event.kind not in KINDS or event.version_after == event.version_before or event.action == "created":
                what = naming(event.kind, event.entity)
                raise UsageError(f"'{event.action}' of {what} cannot be undone; record what should hold")
            entry = state.entries[event.kind][event.entity]
            if entry.version != event.version_after:
                raise stale(entry)
            value = KINDS[event.kind].model_validate(event.before) if event.before is not None else None
            draft = Draftsman(state.entries, self._stamp(member.actor))
            undone = draft.put("undone", event.kind, event.entity, value)
            self._check(member, draft)
            self._save(state, draft.stamp, draft)
            return undone

    # History and talk

    def events(
        self, initiative_id: str, since: int | datetime | None = None, limit: int = 200,
        kind: str | None = None, entity_id: str | None = None, action: str | None = None,
    ) -> tuple[Event, ...]:
        """What happened, newest first: after event number or time `since`, of one kind, entity or action if given."""
        revision = self._state(initiative_id).revision
        asked = (initiative_id, revision, since, limit, kind, entity_id, action)
        if asked in self._asked:
            return self._asked[asked]
        number = since if isinstance(since, int) else 0
        time = naive_utc(since) if isinstance(since, datetime) else datetime(1970, 1, 1)
        values = (initiative_id, number, time, kind, kind, entity_id, entity_id, action, action, limit)
        found = tuple(read_event(row) for row in self._connection.rows(statements.EVENTS, values))
        self._asked = {asked: found} if len(self._asked) >= _MOST_ASKED else {**self._asked, asked: found}
        return found

    def comment(self, initiative_id: str, kind: str, entity_id: str, text: str, by: Actor) -> Comment:
        """Records what a member says about an entity; reviewers may, too."""
        if not text.strip():
            raise UsageError("The comment is empty; write what you think of the record")
        with self._writing(initiative_id, by) as (state, member):
            entry = there(state.entries, kind, entity_id)
            stamp = self._stamp(member.actor)
            said = Happening(kind, entity_id, "commented", entry.version, {"text": text})
            self._save(state, stamp, happenings=[said])
            return Comment(stamp.event, kind, entity_id, entry.version, text, member.name, member.team, stamp.at)

    def comments(
        self, initiative_id: str, kind: str | None = None, entity_id: str | None = None
    ) -> tuple[Comment, ...]:
        """Comments, oldest first, on one kind or entity where given."""
        found = self.events(initiative_id, limit=1_000_000, kind=kind, entity_id=entity_id, action="commented")
        return tuple(read_comment(event) for event in reversed(found))

    # People

    def join(
        self, initiative_id: str, name: str, team: str, role: Role = "participant", by: Actor | None = None
    ) -> Member:
        """Makes a person a member, or finds the member of that name and team again.

        The first to join is the facilitator. A further facilitator is taken in by one: `by`.
        """
        with self._connection.lock:
            state = self._state(initiative_id)
            known = state.member_names.get((name.strip(), team))
            if known is not None:
                return known
            invited = by is not None and self._member(state, by).role == "facilitator"
            stamp = self._stamp(Actor(name.strip(), team))
            member = people.joining(state, name, team, role, invited, stamp.at)
            self._save(state, stamp, members={member.token: member}, action="joined")
        self._signal.tell(initiative_id, self.revision(initiative_id))
        return member

    def set_role(self, initiative_id: str, name: str, team: str, role: Role, by: Actor) -> Member:
        """Gives a member another role; facilitators only, and one facilitator always stays."""
        with self._writing(initiative_id, by) as (state, member):
            check_facilitator(member, "change roles")
            other = people.with_role(state, name, team, role)
            self._save(state, self._stamp(member.actor), members={other.token: other}, action="given a role")
            return other

    def members(self, initiative_id: str) -> tuple[Member, ...]:
        """Who takes part, in the order of joining."""
        return tuple(sorted(self._state(initiative_id).members.values(), key=lambda m: (m.joined, m.name)))

    def member(self, token: str) -> tuple[str, Member] | None:
        """The initiative and member of a token, None where nobody has it."""
        for state in list(self._states.values()):
            if token in state.members:
                return state.id, state.members[token]
        found = self._connection.rows(statements.INITIATIVE_OF_TOKEN, (token,))
        return (found[0][0], self._state(found[0][0]).members[token]) if found else None

    def save_draft(self, initiative_id: str, form: str, values: Mapping[str, Any] | None, by: Actor) -> None:
        """Keeps what a person has typed into a form and not submitted; None clears it. No history, no new revision."""
        with self._connection.lock:
            member = self._member(self._state(initiative_id), by)
            body = to_body(values) if values is not None else None
            with self._connection.transaction():
                row = (initiative_id, member.name, member.team, form, body, now())
                self._connection.run(statements.SAVE_DRAFT, row)

    def draft(self, initiative_id: str, form: str, by: Actor) -> dict[str, Any] | None:
        """What the person last typed into a form, None where there is nothing."""
        found = self._connection.rows(statements.DRAFT, (initiative_id, by.name, by.team, form))
        return from_body(found[0][0]) if found and found[0][0] is not None else None

    def stage(self, initiative_id: str) -> Stage:
        """Where the workshop of an initiative stands; *frame* until a facilitator moves it."""
        entry = self._state(initiative_id).entries.get("stage", {}).get("stage")
        return entry.record if entry is not None and isinstance(entry.record, Stage) else Stage()

    def set_stage(self, initiative_id: str, stage: Stage, by: Actor) -> None:
        """Moves the workshop to a stage; facilitators only."""
        entry = self._state(initiative_id).entries.get("stage", {}).get("stage")
        self.apply(initiative_id, [Edit("stage", "stage", stage, entry.version) if entry else Add("stage", stage)], by)

    # Files

    def attach(
        self, initiative_id: str, which: Which, source: Path | bytes, filename: str, *, rows: int,
        columns: Mapping[str, str], by: Actor, parquet: Path | bytes | None = None, limit: int = files.LARGEST_UPLOAD,
    ) -> DataFile:
        """Keeps a catalogue or decision table, already validated by the caller, as the one in use.

        source: the original, as a path or its bytes, at most `limit` bytes; rows and columns describe it; parquet: the
        same rows, typed, for reading fast. An earlier file stays on disk and in the history. Facilitators only;
        `ACCORD` stands for the app itself, which puts in what comes with it.
        """
        if which not in ("catalogue", "decisions"):
            raise UsageError(f"'{which}' is not a table; attach a catalogue or decisions")
        self._check_attaching(initiative_id, which, by)
        kept = files.keep(self._files, source, filename, parquet, limit)
        with self._recording(initiative_id) as state:
            self._check_attaching(initiative_id, which, by)
            stamp = self._stamp(by)
            file = DataFile(
                which, kept.name, kept.path, kept.parquet, kept.sha256, rows, dict(columns), by.name, by.team, stamp.at,
            )
            about = state.entries.get(which, {}).get(which)
            said = {"name": file.name, "sha256": file.sha256, "rows": rows}
            happening = Happening(which, which, "attached", about.version if about else 0, said)
            also = [(statements.ADD_DATA_FILE, data_file_row(initiative_id, file, stamp.event))]
            self._save(state, stamp, happenings=[happening], also=also, data={which: file})
            return file

    def data_file(self, initiative_id: str, which: Which) -> DataFile | None:
        """The catalogue or decision table in use, None where none was attached."""
        return self._state(initiative_id).files.get(which)

    # Listeners

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Calls `callback(initiative id, revision)` after each write, in the writer's thread; returns what ends it.

        A listener on an event loop hands over with `loop.call_soon_threadsafe`.
        """
        return self._signal.subscribe(callback)

    # Inside

    def _state(self, initiative_id: str) -> State:
        state = self._states.get(initiative_id)
        if state is not None:
            return state
        with self._connection.lock:
            if initiative_id not in self._states:
                self._states[initiative_id] = read_state(self._connection, self._files, initiative_id)
            return self._states[initiative_id]

    def _member(self, state: State, actor: Actor) -> Member:
        member = state.member_names.get((actor.name, actor.team))
        if member is None:
            raise NotAllowed(f"{actor} is not a member of '{state.initiative.title}'; join it first")
        return member

    def _stamp(self, actor: Actor) -> Stamp:
        return Stamp(actor, now(), self._last_event + 1)

    def _event(self, event_id: int) -> Event:
        found = self._connection.rows(statements.EVENT, (event_id,))
        if not found:
            raise UsageError(f"There is no event {event_id}; reload the page")
        return read_event(found[0])

    def _check_attaching(self, initiative_id: str, which: Which, by: Actor) -> None:
        if by is not ACCORD:
            check_write(self._member(self._state(initiative_id), by), which, which, None, None)

    @contextmanager
    def _writing(self, initiative_id: str, by: Actor) -> Iterator[tuple[State, Member]]:
        with self._recording(initiative_id) as state:
            yield state, self._member(state, by)

    @contextmanager
    def _recording(self, initiative_id: str) -> Iterator[State]:
        with self._connection.lock:
            state = self._state(initiative_id)
            yield state
            wrote = self._states[initiative_id] is not state
        if wrote:
            self._signal.tell(initiative_id, self.revision(initiative_id))

    @staticmethod
    def _check(member: Member, draft: Draftsman) -> None:
        for step in draft.steps:
            check_write(member, step.after.kind, step.after.id, step.value_before, step.after.record)

    def _save(
        self, state: State, stamp: Stamp, draft: Draftsman | None = None, happenings: Sequence[Happening] = (), *,
        also: Sequence[tuple[str, tuple[Any, ...]]] = (), members: Mapping[str, Member] | None = None,
        data: Mapping[str, DataFile] | None = None, action: str = "joined",
    ) -> None:
        """One transaction: versions, events and rows; then, and only then, the new state."""
        steps = draft.steps if draft else []
        new = list((members or {}).values())
        happenings = [*happenings, *(people.happening(member, action) for member in new)]
        if not steps and not happenings:
            return
        entries = draft.entries if draft else state.entries
        initiative = assembled(entries) if steps else state.initiative
        try:
            with self._connection.transaction():
                for statement, values in also:
                    self._connection.run(statement, values)
                last = record(self._connection, state.id, stamp, steps, happenings)
                for member in new:
                    self._connection.run(statements.ADD_MEMBER, member_row(state.id, member, last, stamp.at))
        except Conflict:
            self._reread(state.id, draft)
            raise
        self._last_event = last
        self._states[state.id] = changed(
            state, revision=last, entries=entries, initiative=initiative,
            members={**state.members, **(members or {})}, files={**state.files, **(data or {})},
        )

    def _reread(self, initiative_id: str, draft: Draftsman | None) -> None:
        """After a conflict: what the other connection wrote, as Stale where it is an entity of this write."""
        self._states.pop(initiative_id, None)
        self._last_event = self._connection.rows(statements.LAST_EVENT_ID)[0][0]
        for step in draft.steps if draft else ():
            entry = self._state(initiative_id).entries.get(step.after.kind, {}).get(step.after.id)
            if entry is not None and entry.version >= step.after.version:
                raise stale(entry)


def _summary(state: State, last: Event) -> Summary:
    counts = {kind: len(present(state.entries, kind)) for kind in KINDS if kind not in ("head", "stage")}
    return Summary(
        state.id, state.initiative.title, state.initiative.summary, state.revision, state.created, state.created_by,
        last, counts, len(state.members),
    )
