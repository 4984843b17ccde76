"""Lays a decision table out as arrays, candidates by items, so that behaviour is computed by NumPy in blocks.

Rows are streamed from DuckDB in chunks of whole items. A table that is small enough is kept in memory, so that weights
can be moved at once; a large one is read again for each pass, so that memory does not grow with it. Items with equally
many rows form a group; where many lengths occur, items are padded to the next of a few lengths.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from alignment.catalogue.decisions import ROW, DecisionTable
from alignment.catalogue.reading import quoted
from alignment.errors import DataError
from alignment.initiative.models import Initiative
from alignment.objective.chunks import CHUNK, Chunk, Slots, chunks, plain, slots_of
from alignment.objective.rules import Binding, domain_sql, words_sql

BLOCK = 1 << 16
THREADS = 2
WAITING = 8
MOST_LENGTHS = 12
MOST_KEPT = 800_000_000


@dataclass(frozen=True)
class Group:
    """N items with up to K candidates each; every array is K by N in candidate order, or as said.

    values: metrics by K by N. broken: one array of bit masks per 64 rules. items: their places in the order of keys.
    rows: table rows, −1 where there is none. complete: no needed value is missing; usable: in the levers' domains
    besides. Only if asked for: today, of each item the place of its candidate of today, −1 without; lever, else None.
    """

    values: np.ndarray
    objective: np.ndarray
    usable: np.ndarray
    complete: np.ndarray
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


def nowhere(allowed: np.ndarray) -> np.ndarray:
    """0 where allowed, NaN elsewhere: added to values, it leaves those of allowed candidates."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.divide(0.0, allowed))  # a good deal faster than choosing value by value


def each_block(groups: Iterable[Group], work: Callable[[Group, slice], Any]) -> list[Any]:
    """The results of `work` on every block, in order; two threads work while the next chunk is read."""
    results: list[Any] = []
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for group in groups:
            waiting += [pool.submit(work, group, part) for part in group.blocks()]
            while len(waiting) > WAITING:
                results.append(waiting.popleft().result())
        results += [future.result() for future in waiting]
    return results


@dataclass(frozen=True)
class Grid:
    """A decision table as groups of items.

    metrics: names in the order of a group's values, the goals' first (`needed` of them). widest: the most candidates of
    an item. lever: the one ordered lever, if there is just one.
    """

    metrics: tuple[str, ...]
    needed: int
    rules: tuple[str, ...]
    items: int
    candidates: int
    widest: int
    lever: str | None
    source: Source = field(repr=False)
    kept: tuple[Group, ...] | None = field(repr=False)

    def groups(self, others: bool = False, today: bool = False) -> Iterable[Group]:
        """All groups; with metrics that no goal wants, or with today's candidates and the lever, only if asked for."""
        return self.kept if self.kept is not None else self.source.stream(others, today)

    def column(self, metric: str) -> int:
        """The place of a metric among the values."""
        return self.metrics.index(metric)


def read_grid(
    initiative: Initiative,
    table: DecisionTable,
    binding: Binding,
    objective: str,
    names: set[str],
    needed: Sequence[str],
) -> Grid:
    """The grid of a decision table.

    objective: SQL of the objective, larger is better, and the names that it reads. needed: the goals' metrics.
    """
    numbers = [m.name for m in initiative.metrics if table.kinds.get(m.name) in ("number", "bool")]
    metrics = (*needed, *(name for name in numbers if name not in needed))
    lever = initiative.levers[0].name if len(initiative.levers) == 1 else None
    lever = lever if lever and table.kinds[lever] == "number" else None
    order = _order(table)
    rules = list(binding.rules.values())
    extras = [
        _Column(f"word{w}", sql, kind)
        for w, (sql, kind) in enumerate(zip(words_sql(rules), _kinds(len(rules)), strict=True))
    ]
    mark = f"coalesce({quoted(table.status_quo or '')}::double = 1, false)"
    domain = domain_sql(initiative.levers)
    columns = [_Column("usable", domain, "bool")] if domain != "true" else []
    joined = [(extra, binding.names()) for extra in extras] + [
        (_Column("wanted", f"({objective})::double", "float64"), names)
    ]
    flat = {}
    for column, read in joined:
        if table.source(read) == "decisions":
            columns.append(column)
        else:
            flat[column.name] = _flat(table, column, read)
    marked = [_Column("mark", mark, "bool")] if table.status_quo is not None else []
    marked += [_Column("lever", f"{quoted(lever)}::double", "float64")] if lever else []
    source = Source(table, metrics, len(needed), tuple(columns), tuple(marked), flat, len(extras), order)
    small = table.rows * (len(metrics) + 2) * 8 <= MOST_KEPT
    kept = tuple(source.stream(True, True)) if small else None
    return Grid(
        metrics, len(needed), tuple(binding.rules), len(order.counts), table.rows, order.widest, lever, source, kept
    )


def _kinds(rules: int) -> list[str]:
    sizes = [min(64, rules - start) for start in range(0, rules, 64)]
    return [next(f"uint{bits}" for bits in (8, 16, 32, 64) if size <= bits) for size in sizes]


@dataclass(frozen=True)
class _Order:
    """Items as they are streamed: how many rows each has, padded to what length, and its place by key.

    clustered: rows of an item stand together in the table; else they are streamed sorted by item.
    """

    counts: np.ndarray
    lengths: np.ndarray
    places: np.ndarray
    clustered: bool

    @property
    def widest(self) -> int:
        """The longest padded length."""
        return int(self.lengths.max()) if len(self.lengths) else 0


def _order(table: DecisionTable) -> _Order:
    counts = _ascending(table)
    if counts is not None:
        return _Order(counts, _padded(counts), np.arange(len(counts)), True)
    item = quoted(table.item)
    query = f'select count(*) as n, min("{ROW}") as a, max("{ROW}") as b from decisions group by {item} order by {item}'
    found = table.connection.cursor().execute(query).fetchnumpy()
    counts, first = np.asarray(found["n"], np.int64), np.asarray(found["a"], np.int64)
    clustered = bool((np.asarray(found["b"]) - first + 1 == counts).all())
    places = np.arange(len(counts))
    if clustered and bool((np.diff(first) < 0).any()):
        places = np.argsort(first)
    return _Order(counts[places], _padded(counts)[places], places, clustered)


def _ascending(table: DecisionTable) -> np.ndarray | None:
    """How many rows each item has, where items are whole numbers that never fall from row to row; else None."""
    if table.types[table.item].upper() not in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT"):
        return None
    starts, last, read = [], None, 0
    for batch in table.connection.cursor().sql(f"select {quoted(table.item)} from decisions").to_arrow_reader(CHUNK):
        keys = plain(batch.column(0))
        steps = keys[1:] != keys[:-1]
        if (keys[1:] < keys[:-1]).any() or (last is not None and keys[0] < last):
            return None
        new = last is None or keys[0] != last
        starts.append(np.flatnonzero(np.concatenate([[new], steps])) + read)
        last, read = keys[-1], read + len(keys)
    return np.diff(np.concatenate([*starts, [read]]))


def _padded(counts: np.ndarray) -> np.ndarray:
    lengths = np.unique(counts)
    if len(lengths) <= MOST_LENGTHS:
        return counts
    steps = np.unique(np.concatenate([[lengths[-1]], np.ceil(2.0 ** np.arange(0, 40, 0.5)).astype(np.int64)]))
    steps = steps[steps <= lengths[-1]]
    return np.asarray(steps[np.searchsorted(steps, counts)])


@dataclass(frozen=True)
class _Column:
    """A column to read: SQL and the NumPy type of its values; unknown numbers are NaN."""

    name: str
    sql: str
    kind: str

    @property
    def written(self) -> str:
        """The column in a select list, without NULL."""
        if self.kind == "float64":
            return f"coalesce({self.sql}, 'nan'::double) as {quoted(self.name)}"
        return (
            f"({self.sql})::utinyint as {quoted(self.name)}"
            if self.kind == "bool"
            else f"{self.sql} as {quoted(self.name)}"
        )


def _flat(table: DecisionTable, column: _Column, names: set[str]) -> np.ndarray:
    """A column that needs the catalogue, by table row: a join does not keep the order of rows."""
    flat = np.empty(table.rows, column.kind)

    def read(first: int) -> None:
        rows = f'"{ROW}" >= {first} and "{ROW}" < {first + part}'
        query = f'select "{ROW}" as r, {column.written} from {table.source(names)} j where {rows}'
        for batch in table.connection.cursor().sql(query).to_arrow_reader(CHUNK):
            flat[plain(batch.column(0))] = plain(batch.column(1))

    part = -(-table.rows // THREADS)  # a stream of batches is read by one thread, so there is one for each
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(read, range(0, table.rows, part)))
    return flat


@dataclass(frozen=True)
class Source:
    """Reads groups from a decision table.

    marked: columns that are read only with today's candidates. flat: columns by table row that were read before,
    through the catalogue. words: how many arrays of bit masks.
    """

    table: DecisionTable
    metrics: tuple[str, ...]
    needed: int
    columns: tuple[_Column, ...]
    marked: tuple[_Column, ...]
    flat: dict[str, np.ndarray]
    words: int
    order: _Order

    def stream(self, others: bool, today: bool) -> Iterator[Group]:
        """Groups of chunk after chunk of whole items."""
        metrics = self.metrics if others else self.metrics[: self.needed]
        columns = [_Column(f"m{m}", f"{quoted(name)}::double", "float64") for m, name in enumerate(metrics)]
        columns += [*self.columns, *(self.marked if today else ())]
        ends = np.cumsum(self.order.counts)
        waiting: deque[Future[list[Group]]] = deque()
        with ThreadPoolExecutor(THREADS) as pool:
            for chunk in chunks(self._reader(columns), ends, CHUNK):
                waiting.append(pool.submit(self._groups, chunk, ends, len(metrics)))
                if len(waiting) > THREADS:
                    yield from waiting.popleft().result()
            for future in waiting:
                yield from future.result()

    def _reader(self, columns: Sequence[_Column]) -> Any:
        item = quoted(self.table.item)
        sort = "" if self.order.clustered else f' order by {item}, "{ROW}"'
        row = [] if self.order.clustered else [f'"{ROW}" as row']
        names = ", ".join([*row, *(column.written for column in columns)]) or "1 as nothing"
        cursor = self.table.connection.cursor()
        return cursor.sql(f"select {names} from decisions{sort}").to_arrow_reader(CHUNK)

    def _groups(self, chunk: Chunk, ends: np.ndarray, metrics: int) -> list[Group]:
        items = slice(int(np.searchsorted(ends, chunk.first, "right")), int(np.searchsorted(ends, chunk.last, "right")))
        chunk = replace(chunk, flat=self._flat_of(chunk))
        counts, lengths = self.order.counts[items], self.order.lengths[items]
        first = np.cumsum(counts) - counts
        groups = []
        for length in np.unique(lengths):
            here = np.flatnonzero(lengths == length)
            slots = slots_of(first[here], counts[here], int(length), len(here) == len(counts))
            groups.append(self._group(chunk, slots, self.order.places[items][here], metrics))
        return groups

    def _flat_of(self, chunk: Chunk) -> dict[str, np.ndarray]:
        """Columns that were read before, and the table rows, of a chunk."""
        if self.order.clustered:
            return {name: flat[chunk.first : chunk.last] for name, flat in self.flat.items()}
        rows = chunk.column("row")
        return {"row": rows, **{name: flat[rows] for name, flat in self.flat.items()}}

    def _group(self, chunk: Chunk, slots: Slots, items: np.ndarray, metrics: int) -> Group:
        values = np.empty((metrics, *slots.shape))
        buffer = np.empty(chunk.last - chunk.first)
        for m in range(metrics):
            slots.put(chunk.column(f"m{m}", buffer), values[m])
        objective = slots.get(chunk.column("wanted", buffer))
        rows = slots.get(chunk.column("row")) if "row" in chunk else slots.rows(chunk.first)
        present = rows >= 0
        known = present.copy()
        for m in range(self.needed):
            known &= np.isfinite(values[m])
        complete = known & np.isfinite(objective)
        usable = complete & slots.get(chunk.column("usable")).view(bool) if "usable" in chunk else complete
        marks = slots.get(chunk.column("mark")).view(bool) if "mark" in chunk else np.zeros(slots.shape, bool)
        today = self._today(marks, known, rows)
        broken = tuple(slots.get(chunk.column(f"word{w}")) for w in range(self.words))
        lever = slots.get(chunk.column("lever", buffer)) if "lever" in chunk else None
        return Group(values, objective, usable, complete, broken, today, items, rows, lever)

    def _today(self, marks: np.ndarray, known: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The place of each item's candidate of today, −1 where none is marked or its metrics are unknown."""
        if not marks.any():
            return np.full(marks.shape[1], -1)
        twice = np.flatnonzero(marks.sum(axis=0) > 1)
        if len(twice):
            row = int(rows[marks[:, twice[0]].argmax(), twice[0]])
            query = f'select {quoted(self.table.item)} from decisions where "{ROW}" = {row}'
            item = self.table.connection.cursor().execute(query).fetchone()
            raise DataError(
                f"{self.table.name}: several rows of the item '{item[0] if item else ''}' are marked as today's by "
                f"'{self.table.status_quo}'; mark at most one row of each item"
            )
        marked = marks & known
        return np.where(marked.any(axis=0), marked.argmax(axis=0), -1)
