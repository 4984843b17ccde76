"""Lays a decision table out as arrays, candidates by items, so that behaviour is computed by NumPy in blocks.

Items with equally many rows form a group; where many lengths occur, items are padded to the next of a few lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from alignment.catalogue.decisions import ROW, DecisionTable
from alignment.catalogue.reading import quoted
from alignment.errors import DataError
from alignment.initiative.models import Initiative
from alignment.objective.rules import Binding, domain_sql, words_sql

BLOCK = 1 << 16
THREADS = 2
MOST_LENGTHS = 12


@dataclass(frozen=True)
class Group:
    """N items with up to K candidates each; every array is K by N in candidate order, or as said.

    values: M metrics by K by N. broken: one array of bit masks per 64 rules. today: of each item the place of its
    candidate of today, −1 without. items: their places in the order of keys. rows: table rows, −1 where there is none.
    usable: complete and in the levers' domains. known: the goals' metrics are.
    """

    values: np.ndarray
    objective: np.ndarray
    usable: np.ndarray
    known: np.ndarray
    broken: tuple[np.ndarray, ...]
    today: np.ndarray
    items: np.ndarray
    rows: np.ndarray
    lever: np.ndarray | None

    def feasible(self, part: slice) -> np.ndarray:
        """F on a block of items: candidates that are usable and break no rule."""
        found = self.usable[:, part]
        for word in self.broken:
            found = found & (word[:, part] == 0)
        return found

    def blocks(self) -> Iterator[slice]:
        """Parts of the items, small enough for a processor's cache."""
        k, n = self.objective.shape
        step = max(64, BLOCK // max(k, 1))
        for start in range(0, n, step):
            yield slice(start, min(n, start + step))


@dataclass(frozen=True)
class Grid:
    """A decision table in memory: its groups, the names of its metrics and rules, and what was left out.

    lever: the one ordered lever whose values the groups carry, None where there is not exactly one.
    """

    metrics: tuple[str, ...]
    rules: tuple[str, ...]
    groups: tuple[Group, ...]
    items: int
    candidates: int
    incomplete: int
    lever: str | None

    def column(self, metric: str) -> int:
        """The place of a metric among the values."""
        return self.metrics.index(metric)


def each_block(groups: Sequence[Group], work: Callable[[Group, slice], Any]) -> list[Any]:
    """The results of `work` on every block, in order; blocks are worked on by two threads."""
    tasks = [(group, part) for group in groups for part in group.blocks()]
    if len(tasks) < 2:
        return [work(*task) for task in tasks]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda task: work(*task), tasks))


def read_grid(
    initiative: Initiative, table: DecisionTable, binding: Binding, objective: str, names: set[str], needed: Sequence[str]
) -> Grid:
    """The grid of a decision table.

    objective: SQL of the objective, larger is better, and the names that it reads. needed: metrics without which a
    candidate is incomplete. Raises DataError where several rows of an item are marked as today's.
    """
    metrics = tuple(m.name for m in initiative.metrics if table.kinds.get(m.name) in ("number", "bool"))
    lever = initiative.levers[0].name if len(initiative.levers) == 1 else None
    lever = lever if lever and table.kinds[lever] == "number" else None
    layout = _layout(table)
    load = _Loader(table, layout)
    values = [np.empty((len(metrics), *rows.shape)) for rows in layout.rows]
    for m, metric in enumerate(metrics):
        load.into(f"{quoted(metric)}::double", set(), [v[m] for v in values])
    wanted = load.fresh(f"({objective})::double", names)
    in_domain = load.fresh(domain_sql(initiative.levers), set(), "bool")
    rules = list(binding.rules.values())
    words = [load.fresh(sql, binding.names(), kind) for sql, kind in zip(words_sql(rules), _kinds(len(rules)), strict=True)]
    marks = [np.zeros(rows.shape, bool) for rows in layout.rows]
    if table.status_quo is not None:
        marks = load.fresh(f"coalesce({quoted(table.status_quo)}::double = 1, false)", set(), "bool")
    levers = load.fresh(f"{quoted(lever)}::double", set()) if lever else [None] * len(layout.rows)
    places = [metrics.index(m) for m in needed]
    groups, incomplete = [], 0
    for g, rows in enumerate(layout.rows):
        known, usable, missing = _complete(values[g], places, wanted[g], rows, in_domain[g])
        incomplete += missing
        today = _today(table, marks[g], known, rows)
        broken = tuple(word[g] for word in words)
        groups.append(
            Group(values[g], wanted[g], usable, known, broken, today, layout.items[g], rows, levers[g])
        )  # fmt: skip
    return Grid(metrics, tuple(binding.rules), tuple(groups), layout.count, table.rows, incomplete, lever)


def _kinds(rules: int) -> list[str]:
    sizes = [min(64, rules - start) for start in range(0, rules, 64)]
    return [next(f"uint{bits}" for bits in (8, 16, 32, 64) if size <= bits) for size in sizes]


def _complete(
    values: np.ndarray, places: Sequence[int], objective: np.ndarray, rows: np.ndarray, in_domain: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    present = rows >= 0
    known = present.copy()
    for m in places:
        known &= np.isfinite(values[m])
    complete = known & np.isfinite(objective)
    missing = int(present.sum() - complete.sum())
    return known, complete & in_domain, missing


def _today(table: DecisionTable, marks: np.ndarray, known: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The place of each item's candidate of today, −1 where none is marked or its metrics are unknown."""
    if not marks.any():
        return np.full(marks.shape[1], -1)
    twice = np.flatnonzero(marks.sum(axis=0) > 1)
    if len(twice):
        row = int(rows[marks[:, twice[0]].argmax(), twice[0]])
        item = table.connection.execute(f'select {quoted(table.item)} from decisions where "{ROW}" = {row}').fetchone()
        more = f", and {len(twice) - 1:,} more items" if len(twice) > 1 else ""
        raise DataError(
            f"{table.name}: several rows of the item '{item[0] if item else ''}' are marked as today's by "
            f"'{table.status_quo}'{more}; mark at most one row of each item"
        )
    marked = marks & known
    return np.where(marked.any(axis=0), marked.argmax(axis=0), -1)


@dataclass(frozen=True)
class _Layout:
    """Where each item's rows stand: per group the table rows, K by N, and the items' places in the order of keys."""

    rows: tuple[np.ndarray, ...]
    items: tuple[np.ndarray, ...]
    count: int


def _layout(table: DecisionTable) -> _Layout:
    item = quoted(table.item)
    query = f'select count(*) as n, min("{ROW}") as a, max("{ROW}") as b from decisions group by {item} order by {item}'
    found = table.connection.execute(query).fetchnumpy()
    counts, first = np.asarray(found["n"], np.int64), np.asarray(found["a"], np.int64)
    sorted_rows = None
    if not bool((np.asarray(found["b"]) - first + 1 == counts).all()):
        sorted_rows = _sorted_rows(table)
        first = np.cumsum(counts) - counts
    kind = np.int32 if table.rows < 2**31 - 1 else np.int64
    lengths = _padded(counts)
    rows, items = [], []
    for length in np.unique(lengths):
        here = np.flatnonzero(lengths == length)
        places = np.arange(length, dtype=np.int64)[:, None]
        slots = first[here].astype(kind) + places.astype(kind)
        if bool((counts[here] < length).any()):
            slots[places >= counts[here]] = -1
        if sorted_rows is not None:
            slots = np.where(slots < 0, slots, sorted_rows[slots]).astype(kind)
        rows.append(slots)
        items.append(here)
    return _Layout(tuple(rows), tuple(items), len(counts))


def _padded(counts: np.ndarray) -> np.ndarray:
    lengths = np.unique(counts)
    if len(lengths) <= MOST_LENGTHS:
        return counts
    steps = np.unique(np.concatenate([[lengths[-1]], np.ceil(2.0 ** np.arange(0, 40, 0.5)).astype(np.int64)]))
    steps = steps[steps <= lengths[-1]]
    return np.asarray(steps[np.searchsorted(steps, counts)])


def _sorted_rows(table: DecisionTable) -> np.ndarray:
    """Table rows sorted by item, rows of one item in table order."""
    item = quoted(table.item)
    query = f'select "{ROW}" as r from decisions order by {item}, "{ROW}"'
    return np.asarray(table.connection.execute(query).fetchnumpy()["r"], np.int64)


@dataclass(frozen=True)
class _Loader:
    """Reads one column of SQL at a time, so that no more than one flat column stands in memory beside the grid."""

    table: DecisionTable
    layout: _Layout

    def fresh(self, sql: str, names: set[str], kind: str = "float64") -> list[np.ndarray]:
        """A column in new arrays, one per group; numbers that are unknown are NaN."""
        out = [np.empty(rows.shape, kind) for rows in self.layout.rows]
        self.into(sql, names, out, kind)
        return out

    def into(self, sql: str, names: set[str], out: Iterable[np.ndarray], kind: str = "float64") -> None:
        """A column into arrays shaped as the groups."""
        flat = self._flat(sql, names, kind)
        for rows, target in zip(self.layout.rows, out, strict=True):
            _place(flat, rows, target)

    def _flat(self, sql: str, names: set[str], kind: str) -> np.ndarray:
        if kind == "bool":
            sql = f"({sql})::utinyint"
        if kind == "float64":
            sql = f"coalesce({sql}, 'nan'::double)"
        source = self.table.source(names)
        if source == "decisions":
            return _numpy(self._arrow(f"select {sql} as x from decisions"), "x", kind)
        found = self._arrow(f'select "{ROW}" as r, {sql} as x from {source} j')
        flat = np.empty(self.table.rows, kind)
        flat[_numpy(found, "r", "int64")] = _numpy(found, "x", kind)
        return flat

    def _arrow(self, query: str) -> Any:
        return self.table.connection.sql(query).to_arrow_table()


def _numpy(arrow: Any, name: str, kind: str) -> np.ndarray:
    column = arrow[name]
    flat = np.empty(len(column), kind)
    at = 0
    for chunk in column.chunks:
        flat[at : at + len(chunk)] = chunk.to_numpy(zero_copy_only=False)
        at += len(chunk)
    return flat


def _place(flat: np.ndarray, rows: np.ndarray, target: np.ndarray) -> None:
    step = max(64, BLOCK // max(1, len(rows)))
    empty = np.nan if target.dtype.kind == "f" else 0

    def one(start: int) -> None:
        part = rows[:, start : start + step]
        target[:, start : start + step] = flat[part]
        gaps = part < 0
        if gaps.any():
            target[:, start : start + step][gaps] = empty

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, range(0, rows.shape[1], step)))
