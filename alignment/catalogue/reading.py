"""Reads a catalogue from CSV, Parquet, JSON, XLSX or a data frame into DuckDB, typed, with its key checked.

Numbers in text files with at most six decimals become decimals, so that bounds that touch are decided exactly.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignment.catalogue.shapes import MOST_DECIMALS, retype_text
from alignment.errors import DataError
from alignment.initiative.models import Initiative
from alignment.initiative.references import closest
from alignment.rules.types import Kind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORMATS = (".csv", ".parquet", ".json", ".jsonl", ".ndjson", ".xlsx")


@dataclass(frozen=True)
class Table:
    """A table in DuckDB: its columns by kind and by type, its size, and the hash of what it was read from."""

    connection: DuckDBPyConnection = field(repr=False)
    table: str
    name: str
    kinds: Mapping[str, Kind]
    types: Mapping[str, str]
    rows: int
    sha256: str


@dataclass(frozen=True)
class Catalogue(Table):
    """The items: a table with a key, unique and not null, and perhaps a column of what is at stake."""

    key: str
    value: str | None


def connect() -> DuckDBPyConnection:
    """A private DuckDB in memory that reads no configuration and loads no extension by itself."""
    import duckdb

    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    connection.execute("set preserve_insertion_order = true")
    return connection


def open_catalogue(
    initiative: Initiative, source: Any = None, connection: DuckDBPyConnection | None = None
) -> Catalogue:
    """The catalogue of an initiative, from its own source or from `source` (a path, pandas, Polars or Arrow).

    Raises DataError with one sentence on what is wrong: no file, a broken one, a missing column, keys alike.
    """
    declared = initiative.catalogue
    if declared is None:
        raise DataError("the initiative names no catalogue; add catalogue: {source: …, key: …}")
    given = initiative.folder / declared.source if source is None else source
    table = open_table(given, "catalogue", connection)
    for name in [declared.key] + ([declared.value] if declared.value else []):
        if name not in table.kinds:
            raise DataError(f"{table.name}: there is no column '{name}'; {closest(name, table.kinds, 'columns')}")
    if declared.value and table.kinds[declared.value] != "number":
        raise DataError(f"{table.name}: the value column '{declared.value}' is not a number; name a column of amounts")
    _check_names(initiative, table)
    check_key(table, declared.key)
    return Catalogue(**vars(table), key=declared.key, value=declared.value)


def open_table(source: Any, name: str, connection: DuckDBPyConnection | None = None) -> Table:
    """Any table by path, or a data frame, as the relation `name` of a DuckDB connection.

    Raises DataError with one sentence.
    """
    connection = connection or connect()
    if isinstance(source, (str, Path)):
        label, digest = _read_file(connection, Path(source), name)
    else:
        label, digest = _read_frame(connection, source, name)
    types = _types(connection, name)
    _check_columns(label, list(types))
    for column, type_ in types.items():
        if _UNREADABLE.match(type_.upper()):
            said = f"the column '{column}' holds {type_.lower()[:40]} values"
            raise DataError(f"{label}: {said}; keep numbers, text, dates and true or false, one a cell")
    count = connection.execute(f'select count(*) from "{name}"').fetchone()
    rows = count[0] if count else 0
    if rows == 0:
        raise DataError(f"{label}: there are no rows; a table has a line of names and at least one row")
    _without_infinities(connection, name, types)
    digest = digest or _rows_hash(connection, name, types)
    return Table(connection, name, label, {c: _kind(t) for c, t in types.items()}, types, rows, digest)


def _types(connection: DuckDBPyConnection, name: str) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f'describe "{name}"').fetchall()}


def _without_infinities(connection: DuckDBPyConnection, name: str, types: Mapping[str, str]) -> None:
    """Floating-point values that are no number become NULL: they are unknown, and would compare as the largest."""
    floats = [quoted(c) for c, t in types.items() if t.upper() in ("DOUBLE", "FLOAT", "REAL")]
    if not floats:
        return
    tests = " or ".join(f"not isfinite({c})" for c in floats)
    if not connection.execute(f'select 1 from "{name}" where {tests} limit 1').fetchone():
        return
    put = ", ".join(f"case when isfinite({c}) then {c} end as {c}" for c in floats)
    _replace(connection, name, f'select * replace ({put}) from "{name}"')


def _replace(connection: DuckDBPyConnection, name: str, query: str) -> None:
    """Puts the table that a query gives in the place of the relation it reads."""
    connection.execute(f'create or replace table "{name}_new" as {query}')
    row = connection.execute("select table_type from information_schema.tables where table_name = ?", [name]).fetchone()
    connection.execute(f'drop {"view" if row and row[0] == "VIEW" else "table"} "{name}"')
    connection.execute(f'alter table "{name}_new" rename to "{name}"')


def check_key(table: Table, key: str) -> None:
    """Raises DataError unless `key` is unique and never null; names an example."""
    column = quoted(key)
    distinct, nulls = table.connection.execute(
        f"select count(distinct {column}), count(*) - count({column}) from {quoted(table.table)}"
    ).fetchone()  # type: ignore[misc]
    if nulls:
        raise DataError(
            f"{table.name}: the key '{key}' is empty in {nulls:,} of {table.rows:,} rows; every item needs one"
        )
    if distinct == table.rows:
        return
    value, times = table.connection.execute(
        f"select {column}, count(*) as n from {quoted(table.table)} group by 1 having n > 1 order by n desc, 1 limit 1"
    ).fetchone()  # type: ignore[misc]
    raise DataError(f"{table.name}: the key '{key}' is not unique; '{value}' stands {times} times")


def quoted(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _check_names(initiative: Initiative, table: Table) -> None:
    folded = {column.lower() for column in table.kinds}
    for lever in initiative.levers:
        if lever.name.lower() in folded:
            raise DataError(
                f"{table.name}: the lever '{lever.name}' is also a column; give one of the two another name"
            )
        if lever.current is not None and lever.current not in table.kinds:
            hint = closest(lever.current, table.kinds, "columns")
            raise DataError(f"{table.name}: the lever '{lever.name}' names '{lever.current}' as today's value; {hint}")


def _check_columns(label: str, columns: list[str]) -> None:
    folded = [c.lower() for c in columns]
    for column in columns:
        if folded.count(column.lower()) > 1:
            raise DataError(
                f"{label}: the column '{column}' stands twice; names differ by more than upper and lower case"
            )
        if not column.strip():
            raise DataError(f"{label}: a column has no name; give it one in the first line")


def _read_file(connection: DuckDBPyConnection, path: Path, name: str) -> tuple[str, str]:
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise DataError(f"{path.name}: this kind of file is not read; use CSV, Parquet, JSON or XLSX")
    if not path.is_file():
        raise DataError(f"{path.name}: there is no such file; check the source, or name the file when you start")
    if path.stat().st_size == 0:
        raise DataError(f"{path.name}: the file is empty; a table has a line of names and at least one row")
    try:
        if suffix == ".parquet":
            _create(connection, name, f"select * from read_parquet({_literal(str(path))})")
        elif suffix == ".csv":
            _read_csv(connection, path, name)
        elif suffix == ".xlsx":
            _read_xlsx(connection, path, name)
        else:
            _create(connection, name, f"select * from read_json_auto({_literal(str(path))})")
            _retype_decimals(connection, name)
    except DataError:
        raise
    except Exception as error:  # whatever a reader says about a broken file becomes one sentence
        raise DataError(f"{path.name}: the file cannot be read as {suffix[1:].upper()}; {_first_line(error)}") from None
    with open(path, "rb") as file:
        return path.name, hashlib.file_digest(file, "sha256").hexdigest()


def _read_csv(connection: DuckDBPyConnection, path: Path, name: str) -> None:
    columns, mark = _header(path)
    _check_columns(path.name, columns)
    typed = ", ".join(f"{_literal(c)}: 'varchar'" for c in columns)
    options = (
        f"header = true, all_varchar = true, nullstr = '', delim = {_literal(mark)}, quote = '\"', escape = '\"', "
        "strict_mode = true, auto_detect = false, max_line_size = 10000000, "
        f"columns = {{{typed}}}"
    )
    try:
        _create(connection, name, f"select * from read_csv({_literal(str(path))}, {options})", kind="table")
    except Exception as error:
        raise DataError(f"{path.name}{_csv_trouble(str(error))}") from None
    retype_text(connection, name, [quoted(c) for c in columns])


def _header(path: Path) -> tuple[list[str], str]:
    """The names in the first line of a CSV file, and the mark between them."""
    import csv

    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            line = file.readline(1_000_000)
    except UnicodeDecodeError:
        raise DataError(f"{path.name}: the file is not UTF-8 text; save it as CSV UTF-8") from None
    mark = max(",;\t|", key=line.count)
    columns = next(csv.reader([line], delimiter=mark), [])
    if "\0" in line or not columns:
        raise DataError(f"{path.name}: the file has no line of names; start it with the names of the columns")
    return [c.strip() for c in columns], mark


def _csv_trouble(message: str) -> str:
    line = re.search(r"Line: (\d+)", message)
    where = f", line {line[1]}" if line else ""
    counts = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if counts:
        found = f"there are {counts[2]} values and the line of names has {counts[1]}"
        return f"{where}: {found}; mend the line or quote its text"
    if "utf-8" in message.lower() or "unicode" in message.lower():
        return f"{where}: the file is not UTF-8 text; save it as CSV UTF-8"
    if "quote" in message.lower():
        return f"{where}: a quote is opened and not closed; close it, or double a quote inside text"
    return f"{where}: the line cannot be read as CSV; mend it, or save the file anew"


def _read_xlsx(connection: DuckDBPyConnection, path: Path, name: str) -> None:
    import pandas as pd

    head, body = _sheet(path)
    _check_columns(path.name, head)
    texts = [[None if c is None else _cell_text(c) for c in row] + [None] * (len(head) - len(row)) for row in body]
    connection.register("_sheet", pd.DataFrame(texts, columns=head, dtype=object))
    columns = ", ".join(f"cast({quoted(c)} as varchar) as {quoted(c)}" for c in head)
    connection.execute(f'create or replace table "{name}" as select {columns} from _sheet')
    connection.unregister("_sheet")
    retype_text(connection, name, [quoted(c) for c in head])


def _sheet(path: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The line of names and the rows of the first sheet of a workbook."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        head = [str(c).strip() if c is not None else "" for c in next(rows, ())]
        while head and not head[-1]:
            head.pop()
        if not head:
            found = "the first sheet has no line of names"
            raise DataError(f"{path.name}: {found}; start it with the names of the columns")
        return head, [row[: len(head)] for row in rows if any(c is not None for c in row)]
    finally:
        book.close()


def _cell_text(value: Any) -> str:
    if hasattr(value, "hour") and hasattr(value, "date") and not any((value.hour, value.minute, value.second)):
        return str(value.date().isoformat())
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def _read_frame(connection: DuckDBPyConnection, frame: Any, name: str) -> tuple[str, str]:
    label = f"the {name}"
    columns = getattr(frame, "columns", None)
    if columns is not None and not hasattr(frame, "schema"):  # pandas: names are any values, and may stand twice
        if len(columns) == 0:
            raise DataError(f"{label}: the data frame has no columns; give it names and at least one row")
        _check_columns(label, [str(c) for c in columns])
    try:
        connection.register(f"_{name}_frame", frame)
        _create(connection, name, f'select * from "_{name}_frame"', kind="table")
        connection.unregister(f"_{name}_frame")
    except Exception as error:
        raise DataError(f"{label} cannot be read from a {type(frame).__name__}; {_first_line(error)}") from None
    return label, ""


def _rows_hash(connection: DuckDBPyConnection, name: str, types: Mapping[str, str]) -> str:
    """A hash of a table's names, types and rows, in whatever order the rows stand."""
    sums = ", ".join(f"sum(md5_number_{half}(to_json(t)::varchar))::varchar" for half in ("upper", "lower"))
    found = connection.execute(f'select count(*), {sums} from "{name}" as t').fetchone()
    return hashlib.sha256(repr((list(types.items()), found)).encode()).hexdigest()


def _retype_decimals(connection: DuckDBPyConnection, name: str) -> None:
    """Doubles whose every value has at most six decimals become decimals: in a text file they were written so."""
    doubles = [column for column, type_ in _types(connection, name).items() if type_ == "DOUBLE"]
    kept = [c for c in doubles if decimals_of(connection, name, c) is not None]
    if not kept:
        return
    casts = ", ".join(f"cast({quoted(c)} as decimal(18, {MOST_DECIMALS})) as {quoted(c)}" for c in kept)
    _replace(connection, name, f'select * replace ({casts}) from "{name}"')


def decimals_of(connection: DuckDBPyConnection, table: str, column: str) -> int | None:
    """How many decimals, at most six, hold every value of a floating-point column exactly as printed; None if more."""
    c = quoted(column)
    tests = ", ".join(f"bool_and(cast(round({c}, {d}) as double) = {c})" for d in range(MOST_DECIMALS + 1))
    row = connection.execute(
        f'select coalesce(max(abs({c})) < 1e9, true), {tests} from "{table}" where {c} is not null'
    ).fetchone() or (False,)
    if not row[0]:
        return None
    return next((d for d, fits in enumerate(row[1:]) if fits or fits is None), None)


def _create(connection: DuckDBPyConnection, name: str, query: str, kind: str = "view") -> None:
    connection.execute(f'create or replace {kind} "{name}" as {query}')


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    text = text.split(": ", 1)[-1] if text.split(":")[0].endswith("Error") else text
    return text[:160]


_NUMBERS = re.compile(r"(DECIMAL|DOUBLE|FLOAT|REAL|U?(BIG|SMALL|TINY|HUGE)INT|U?INTEGER)")
_UNREADABLE = re.compile(r".*\]$|(STRUCT|MAP|UNION|BLOB|BIT|TIME\b(?!STAMP)|INTERVAL|GEOMETRY|VARIANT)")


def _kind(type_: str) -> Kind:
    base = type_.upper()
    if _NUMBERS.match(base):
        return "number"
    if base.startswith(("DATE", "TIMESTAMP")):
        return "date"
    return "bool" if base == "BOOLEAN" else "text"
