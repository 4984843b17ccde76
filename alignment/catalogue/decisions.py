"""Opens a decision table, item by candidate with predicted metrics, beside the catalogue that its items come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignment.catalogue.reading import Catalogue, _kind, connect, open_table, quoted
from alignment.errors import DataError
from alignment.initiative.hashing import file_hash
from alignment.initiative.models import Initiative
from alignment.initiative.references import closest
from alignment.rules.types import Kind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROW = "accord row"
SAMPLE = 5


@dataclass(frozen=True)
class DecisionTable:
    """A relation `decisions` in DuckDB: one row per item and candidate, `accord row` its place in the table, from 0.

    A name is read from the decision table, else from the catalogue.
    """

    connection: DuckDBPyConnection = field(repr=False)
    name: str
    item: str
    status_quo: str | None
    kinds: Mapping[str, Kind]
    types: Mapping[str, str]
    rows: int
    catalogue: Catalogue | None
    path: Path | None = None

    @property
    def context(self) -> Mapping[str, Kind]:
        """Columns of the catalogue that the decision table does not have itself."""
        kinds = self.catalogue.kinds if self.catalogue else {}
        return {name: kind for name, kind in kinds.items() if name not in self.kinds}

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file's bytes; of a data frame, a digest of its rows in their order."""
        if self.path is not None:
            return file_hash(self.path)
        row = self.connection.cursor().execute(_FRAME_DIGEST).fetchone()
        return "".join(f"{value:x}" for value in row or ())

    def source(self, names: set[str]) -> str:
        """What to read for these names: the decision table, joined with the catalogue where a name is only there."""
        if not names & set(self.context):
            return "decisions"
        assert self.catalogue is not None
        context = ", ".join(f"c.{quoted(name)}" for name in sorted(names & set(self.context)))
        other, same = quoted(self.catalogue.table), self.same_item("d", "c")
        return f"(select d.*, {context} from decisions d join {other} c on {same})"

    def same_item(self, decisions: str, catalogue: str) -> str:
        """SQL that joins rows of the decision table with their item of the catalogue."""
        assert self.catalogue is not None
        left, right = f"{decisions}.{quoted(self.item)}", f"{catalogue}.{quoted(self.catalogue.key)}"
        alike = self.kinds[self.item] == self.catalogue.kinds[self.catalogue.key]
        return f"{left} = {right}" if alike else f"cast({left} as varchar) = cast({right} as varchar)"


_FRAME_DIGEST = f"""
select count(*), bit_xor(hash(d)), sum(cast(hash(d) % 4294967296 as hugeint) * ("{ROW}" % 65521))
from decisions d
"""


def open_decisions(initiative: Initiative, source: Any = None, catalogue: Catalogue | None = None) -> DecisionTable:
    """The decision table of an initiative, from its own source or from `source` (a path, pandas, Polars or Arrow).

    It is opened in the catalogue's connection. Raises DataError with one sentence on what is wrong: no file, a missing
    column, an item that is not in the catalogue.
    """
    declared = initiative.decisions
    if declared is None:
        raise DataError("the initiative names no decision table; add decisions: {source: …, item: …}")
    given = initiative.folder / declared.source if source is None else source
    connection = catalogue.connection if catalogue else connect()
    name, path = _open(connection, given)
    types = {row[0]: row[1] for row in connection.execute("describe decisions").fetchall() if row[0] != ROW}
    kinds = {column: _kind(type_) for column, type_ in types.items()}
    count = connection.execute("select count(*) from decisions").fetchone()
    table = DecisionTable(
        connection, name, declared.item, declared.status_quo, kinds, types, count[0] if count else 0, catalogue, path
    )
    _check(initiative, table)
    return table


def _open(connection: DuckDBPyConnection, given: Any) -> tuple[str, Path | None]:
    if not isinstance(given, (str, Path)):
        _open_frame(connection, given)
        return "the decision table", None
    path = Path(given)
    name = open_table(path, "decisions", connection).name if path.suffix.lower() != ".parquet" else path.name
    if path.suffix.lower() == ".parquet":
        _open_parquet(connection, path)
    else:
        connection.execute("create or replace table decisions_rows as select * from decisions")
        _number_rows(connection)
    return name, path


def _open_parquet(connection: DuckDBPyConnection, path: Path) -> None:
    if not path.is_file():
        raise DataError(f"{path.name}: there is no such file; check the source, or name the file with --decisions")
    text = str(path).replace("'", "''")
    _drop(connection)
    try:
        connection.execute(
            f'create view decisions as select * exclude (file_row_number), file_row_number as "{ROW}" '
            f"from read_parquet('{text}', file_row_number = true)"
        )
        connection.execute("select 1 from decisions limit 1")
    except Exception as error:
        said = str(error).splitlines()[0][:160]
        raise DataError(f"{path.name}: the file cannot be read as Parquet; {said}") from None


def _open_frame(connection: DuckDBPyConnection, frame: Any) -> None:
    _drop(connection)
    try:
        connection.register("_decisions_frame", frame)
        connection.execute("create or replace table decisions_rows as select * from _decisions_frame")
        connection.unregister("_decisions_frame")
    except Exception as error:
        said = str(error).splitlines()[0][:160]
        raise DataError(f"the decision table cannot be read from a {type(frame).__name__}; {said}") from None
    _number_rows(connection)


def _number_rows(connection: DuckDBPyConnection) -> None:
    _drop(connection)
    connection.execute(f'create view decisions as select *, rowid as "{ROW}" from decisions_rows')


def _drop(connection: DuckDBPyConnection) -> None:
    for kind, name in connection.execute(
        "select table_type, table_name from information_schema.tables where table_name = 'decisions'"
    ).fetchall():
        connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} {quoted(name)}")


def _check(initiative: Initiative, table: DecisionTable) -> None:
    for name, what in ((table.item, "item"), (table.status_quo, "status_quo")):
        if name is not None and name not in table.kinds:
            hint = closest(name, table.kinds, "columns")
            raise DataError(f"{table.name}: there is no column '{name}', named as its {what}; {hint}")
    if table.rows == 0:
        raise DataError(f"{table.name}: there are no rows; a decision table has one per item and candidate")
    if table.status_quo is not None and table.kinds[table.status_quo] not in ("bool", "number"):
        raise DataError(f"{table.name}: '{table.status_quo}' does not mark rows; it holds true or false, or 1 and 0")
    for lever in initiative.levers:
        if lever.name not in table.kinds:
            hint = closest(lever.name, table.kinds, "columns")
            raise DataError(f"{table.name}: the lever '{lever.name}' is not a column of the decision table; {hint}")
    for goal in initiative.goals:
        if table.kinds.get(goal.metric, "number") not in ("number", "bool"):
            raise DataError(f"{table.name}: the metric '{goal.metric}' is not a column of numbers")
    _check_items(table)


def _check_items(table: DecisionTable) -> None:
    item = quoted(table.item)
    row = table.connection.execute(f"select count(*) - count({item}) from decisions").fetchone()
    if row and row[0]:
        said = "row has" if row[0] == 1 else "rows have"
        raise DataError(f"{table.name}: {row[0]:,} {said} no '{table.item}'; every row belongs to an item")
    if table.catalogue is None:
        return
    unknown = (
        f"select distinct {item} from decisions d where not exists "
        f"(select 1 from {quoted(table.catalogue.table)} c where {table.same_item('d', 'c')})"
    )
    found = table.connection.execute(f"{unknown} order by 1 limit {SAMPLE}").fetchall()
    if found:
        count = table.connection.execute(f"select count(*) from ({unknown})").fetchone()
        names = ", ".join(f"'{value}'" for (value,) in found)
        many = count[0] if count else len(found)
        said = "item is" if many == 1 else "items are"
        raise DataError(f"{table.name}: {many:,} {said} not in the catalogue, such as {names}; add them or drop them")
