"""The items of a batch that are in scope of a rule that is a union, as cells of their line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from alignment.conflicts import cells
from alignment.conflicts.batches import Batch, Bools, Ints
from alignment.conflicts.endings import Pieces, pieces
from alignment.conflicts.frames import Frame, frame_of
from alignment.conflicts.gaps import gaps
from alignment.conflicts.pairs import Members
from alignment.conflicts.positions import FAR, Positions, positions
from alignment.conflicts.swept import Sweep, record
from alignment.initiative.models import Lever


class Union:
    """The items of a batch that are in scope of a rule that is a union, as cells of their line."""

    def __init__(self, found: Sweep, batch: Batch, rows: Ints) -> None:
        self.found, self.batch, self.rows, self.line = found, batch, rows, found.line
        self.frame: Frame = frame_of(found.line, batch, rows)
        self.at: Positions = positions(self.frame, found.line)
        self.ends = pieces(found.line, self.at)
        smooth = replace(found.line, lever=found.line.lever.model_copy(update={"step": None}))
        self.open_at = self.at if self.at.step is None else positions(self.frame, smooth)
        self.opened: Pieces | None = pieces(smooth, self.open_at)
        self.place = np.full(batch.size, -1)
        self.place[rows] = np.arange(len(rows))
        if self.ends is None and len(rows):
            found.complete, found.not_laid_out = False, True

    def unsure(self, size: int) -> Bools:
        marks = np.zeros(size, bool)
        marks[self.rows[self.at.unsure]] = True
        return marks

    def _outside(self, rows: Ints) -> Bools:
        return ~self.frame.in_scope[rows][:, len(self.line.intervals) :]

    def conflicts(self, sure: Bools) -> None:
        rows = np.flatnonzero(sure[self.rows])
        if self.ends is None or not len(rows):
            return
        given = self.frame.givens[rows]
        bad = rows[cells.infeasible(self.line, self.at.take(rows), given, self.ends, self._outside(rows))]
        if not len(bad):
            return
        soft = sum(1 << i for i, rule in enumerate(self.line.rules) if not rule.hard)
        together: dict[int, list[Ints]] = {}
        for pattern in cells.patterns(
            self.line, self.at.take(bad), self.frame.givens[bad], self.ends, self._outside(bad)
        ):
            self.found.complete &= pattern.complete
            for bits in pattern.conflicts:
                if self.found.focus is not None and not bits >> self.found.focus & 1:
                    continue
                together.setdefault(bits, []).append(bad[pattern.rows])
            if any(bits & soft == 0 for bits in pattern.conflicts):
                self.found.infeasible[self.batch.start + self.rows[bad[pattern.rows]]] = True
        for bits, parts in sorted(together.items()):
            members = tuple(i for i in range(len(self.line.rules)) if bits >> i & 1)
            self._record(members, np.sort(np.concatenate(parts)))

    def _record(self, members: Members, rows: Ints) -> None:
        gap = gaps(self.line, self.frame, self.open_at, members, rows)
        entry = self.found.conflicts.get(members)
        by_domain = entry is None or not entry.by_domain
        if by_domain and all(m < len(self.line.intervals) for m in members) and len(members) > 1:
            by_domain = self._overlap(members, rows)
        elif by_domain:
            by_domain = not self.found.leaning & set(members) and self._meet_freely(members, rows)
        record(self.found, self.batch, members, self.rows[rows], gap, by_domain)

    def _overlap(self, members: Members, rows: Ints) -> bool:
        """Would intervals that each leave some of the range overlap on some of the items, were there no lattice?"""
        chosen = np.ix_(rows, np.array(members))
        return bool((self.open_at.first[chosen].max(axis=1) <= self.open_at.last[chosen].min(axis=1)).any())

    def _meet_freely(self, members: Members, rows: Ints) -> bool:
        """Could the members hold together on some of the items if the lever had no range and no lattice?"""
        if self.at.domain == (-FAR, FAR) and self.at.step is None:
            return False
        free = replace(self.line, lever=Lever(name=self.line.lever.name))
        at = positions(self.frame, free).take(rows)
        ends = pieces(free, at)
        if ends is None:
            return False
        given = self.frame.givens[rows]
        return any(
            bool((exists & ~rules[:, :, list(members)].any(axis=2)).any())
            for _, exists, rules in cells.forbidden(free, at, given, ends, self._outside(rows))
        )

    def rooms(self, sure: Bools) -> None:
        """What each union rule leaves alone on the items in its scope."""
        n = len(self.line.intervals)
        for r in range(n, len(self.line.rules)):
            rows = np.flatnonzero(sure[self.rows] & self.frame.in_scope[:, r])
            if self.ends is None or not len(rows):
                continue
            room, givens = self.found.rooms[r], self.frame.givens[rows]
            values = cells.room(self.line, self.at.take(rows), givens, self.ends, r)
            room.cramped += int(np.count_nonzero(values <= 1))
            if self.found.bounded and self.opened is not None:
                width = cells.length(self.line, self.open_at.take(rows), givens, self.opened, r).astype(float)
                width = width if self.line.whole else width / self.open_at.scale
                room.total += float(width.sum())
                room.median.take(width)

    def allows_no_more(self, s: int | None, r: int, rows: Ints) -> Bools:
        """Items, by row of the batch, on which rule s (None: the range) allows only what rule r does; not where
        untold."""
        if self.ends is None:
            return np.zeros(len(rows), bool)
        places = self.place[rows]
        return cells.allows_no_more(self.line, self.at.take(places), self.frame.givens[places], self.ends, s, r)
