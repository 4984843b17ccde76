"""What turns an initiative's entries into those of a whole file: added, edited, moved, removed, nothing deleted."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from alignment.initiative.models import Initiative, Record
from alignment.store.kinds import KINDS, OUTSIDE_FILE, own_id, take_apart, unique
from alignment.store.state import Draftsman, Entries, present, same
from alignment.store.values import Entry


def create_all(draft: Draftsman, initiative: Initiative) -> None:
    """Writes a whole initiative into a `draft` without entries; its head is the one that is *created*."""
    replace_all(draft, initiative)
    draft.steps = [replace(step, action="created") if step.after.kind == "head" else step for step in draft.steps]


def replace_all(draft: Draftsman, initiative: Initiative) -> None:
    """Writes into `draft` what leads from its entries to the initiative, exactly as the file says it."""
    parts = take_apart(initiative)
    for kind in KINDS:
        if kind not in OUTSIDE_FILE:
            _replace_kind(draft, kind, [record for _, record in parts[kind]], [id for id, _ in parts[kind]])


def _replace_kind(draft: Draftsman, kind: str, records: Sequence[Record], wanted: Sequence[str]) -> None:
    known: Entries = draft.entries
    ids = _matched(kind, records, wanted, known.get(kind, {}))
    kept = set(ids)
    for entry in present(known, kind):
        if entry.id not in kept:
            draft.put("removed", kind, entry.id, None)
    positions = _positions([known.get(kind, {}).get(id) for id in ids])
    for id, record, position in zip(ids, records, positions, strict=True):
        old = draft.entries.get(kind, {}).get(id)
        if old is None or old.record is None:
            draft.put("added", kind, id, record, position)
        elif not same(old.record, record):
            draft.put("edited", kind, id, record, position)
        elif old.position != position:
            draft.put("moved", kind, id, record, position)


def _matched(kind: str, records: Sequence[Record], wanted: Sequence[str], known: Mapping[str, Entry]) -> list[str]:
    """The id of each record: its own, else that of an entry that says the same, else the one it would be named."""
    if not records or own_id(kind, records[0]) is not None:
        return list(wanted)
    saying = {repr(e.record.written()): e.id for e in known.values() if e.record is not None}
    ids: list[str | None] = [saying.pop(repr(record.written()), None) for record in records]
    taken = {id for id in ids if id is not None}
    for i, id in enumerate(wanted):
        if ids[i] is None:
            ids[i] = id if id not in taken else unique(id, taken | set(known) | set(wanted))
            taken.add(ids[i] or "")
    return [id for id in ids if id is not None]


def _positions(entries: Sequence[Entry | None]) -> list[float]:
    """Positions in the order given, which leave as many entries as possible where they are."""
    old = [e.position if e is not None and e.record is not None else None for e in entries]
    staying = _longest_rising(old)
    following: list[int | None] = [None] * (len(old) + 1)
    for i in range(len(old) - 1, -1, -1):
        following[i] = i if i in staying else following[i + 1]
    result: list[float] = []
    for i, after in enumerate(following[:-1]):
        if after is None:
            result.append((result[-1] if result else 0.0) + 1)
            continue
        low = result[-1] if result else staying[after] - (after - i) - 1
        result.append(staying[i] if after == i else low + (staying[after] - low) / (after - i + 1))
    rising = all(a < b for a, b in pairwise(result))
    return result if rising else [float(i + 1) for i in range(len(old))]


def _longest_rising(positions: Sequence[float | None]) -> dict[int, float]:
    """Index and value of a longest strictly rising subsequence."""
    tails: list[float] = []
    at: list[int] = []
    back: dict[int, int | None] = {}
    for i, position in enumerate(positions):
        if position is None:
            continue
        k = bisect_left(tails, position)
        back[i] = at[k - 1] if k else None
        tails[k:k + 1], at[k:k + 1] = [position], [i]
    chosen: dict[int, float] = {}
    here: int | None = at[-1] if at else None
    while here is not None:
        chosen[here] = float(positions[here] or 0.0)
        here = back[here]
    return chosen
