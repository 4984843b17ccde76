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

from alignment.errors import DataError
from alignment.initiative.models import Initiative
from alignment.initiative.references import closest
from alignment.rules.types import Kind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_DECIMALS = 6
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
    described = connection.execute(f'describe "{name}"').fetchall()
    types = {row[0]: row[1] for row in described}
    _check_columns(label, list(types))
    count = connection.execute(f'select count(*) from "{name}"').fetchone()
    rows = count[0] if count else 0
    if rows == 0:
        raise DataError(f"{label}: there are no rows; a table has a line of names and at least one row")
    return Table(connection, name, label, {c: _kind(t) for c, t in types.items()}, types, rows, digest)


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
    for lever in initiative.levers:
        if lever.name in table.kinds:
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
    _retype_text(connection, name, columns)


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
        return f"{where}: there are {counts[2]} values and the line of names has {counts[1]}; mend the line or quote its text"
    if "utf-8" in message.lower() or "unicode" in message.lower():
        return f"{where}: the file is not UTF-8 text; save it as CSV UTF-8"
    if "quote" in message.lower():
        return f"{where}: a quote is opened and not closed; close it, or double a quote inside text"
    return f"{where}: the line cannot be read as CSV; mend it, or save the file anew"


def _retype_text(connection: DuckDBPyConnection, name: str, columns: list[str]) -> None:
    """Gives each column of text the narrowest type that all its values have."""
    tests = ", ".join(
        f"count({q}), count(*) filter (where {q} is not null and not regexp_full_match({q}, '-?[0-9]{{1,18}}')), "
        f"count(*) filter (where {q} is not null and not regexp_full_match({q}, '-?[0-9]{{1,12}}(\\.[0-9]{{1,{MOST_DECIMALS}}})?')), "
        f"coalesce(max(length(nullif(split_part({q}, '.', 2), ''))), 0), "
        f"count(*) filter (where {q} is not null and try_cast({q} as double) is null), "
        f"count(*) filter (where {q} is not null and not (regexp_full_match({q}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') "
        f"and try_cast({q} as date) is not null)), "
        f"count(*) filter (where {q} is not null and lower({q}) not in ('true', 'false')), "
        f"count(*) filter (where regexp_full_match({q}, '0[0-9]+'))"
        for q in map(quoted, columns)
    )
    found = connection.execute(f'select {tests} from "{name}"').fetchone() or ()
    chosen = [_narrowest(*found[i : i + 8]) for i in range(0, len(found), 8)]
    casts = ", ".join(
        f"cast({quoted(c)} as {t}) as {quoted(c)}" if t != "varchar" else quoted(c)
        for c, t in zip(columns, chosen, strict=True)
    )
    connection.execute(f'create or replace table "{name}" as select {casts} from "{name}"')


def _narrowest(
    filled: int,
    not_int: int,
    not_decimal: int,
    decimals: int,
    not_double: int,
    not_date: int,
    not_bool: int,
    padded: int,
) -> str:
    if filled == 0 or padded:
        return "varchar"
    if not_int == 0:
        return "bigint"
    if not_decimal == 0:
        return f"decimal(18, {decimals})"
    if not_double == 0:
        return "double"
    if not_date == 0:
        return "date"
    return "boolean" if not_bool == 0 else "varchar"


def _read_xlsx(connection: DuckDBPyConnection, path: Path, name: str) -> None:
    from itertools import islice

    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        head = [str(c) if c is not None else "" for c in next(rows, ())]
        while head and not head[-1]:
            head.pop()
        if not head:
            raise DataError(
                f"{path.name}: the first sheet has no line of names; start it with the names of the columns"
            )
        body = [row[: len(head)] for row in islice(rows, 1_048_576) if any(c is not None for c in row)]
    finally:
        book.close()
    import pandas as pd

    texts = [[None if c is None else _cell_text(c) for c in row] + [None] * (len(head) - len(row)) for row in body]
    frame = pd.DataFrame(texts, columns=head, dtype=object)
    connection.register("_sheet", frame)
    columns = ", ".join(f"cast({quoted(c)} as varchar) as {quoted(c)}" for c in dict.fromkeys(head))
    connection.execute(f'create or replace table "{name}" as select {columns} from _sheet')
    connection.unregister("_sheet")
    _retype_text(connection, name, list(dict.fromkeys(head)))


def _cell_text(value: Any) -> str:
    if hasattr(value, "hour") and not any((value.hour, value.minute, value.second)):
        return str(value.date().isoformat())
    return (
        repr(value)
        if isinstance(value, float) and not value.is_integer()
        else str(int(value) if isinstance(value, float) else value)
    )


def _read_frame(connection: DuckDBPyConnection, frame: Any, name: str) -> tuple[str, str]:
    try:
        connection.register(f"_{name}_frame", frame)
        _create(connection, name, f'select * from "_{name}_frame"', kind="table")
        connection.unregister(f"_{name}_frame")
    except Exception as error:
        raise DataError(f"the {name} cannot be read from a {type(frame).__name__}; {_first_line(error)}") from None
    digest = connection.execute(f'select md5(string_agg(cast(t as varchar), chr(10))) from "{name}" as t').fetchone()
    return f"the {name}", hashlib.sha256(str(digest).encode()).hexdigest()


def _retype_decimals(connection: DuckDBPyConnection, name: str) -> None:
    """Doubles whose every value has at most six decimals become decimals: in a text file that is how they were written."""
    described = connection.execute(f'describe "{name}"').fetchall()
    doubles = [row[0] for row in described if row[1] == "DOUBLE"]
    kept = [c for c in doubles if decimals_of(connection, name, c) is not None]
    if not kept:
        return
    casts = ", ".join(f"cast({quoted(c)} as decimal(18, {MOST_DECIMALS})) as {quoted(c)}" for c in kept)
    connection.execute(f'create or replace table "{name}_typed" as select * replace ({casts}) from "{name}"')
    connection.execute(f'drop view if exists "{name}"')
    connection.execute(f'alter table "{name}_typed" rename to "{name}"')


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


def _kind(type_: str) -> Kind:
    base = type_.upper()
    if base.startswith(
        ("DECIMAL", "DOUBLE", "FLOAT", "REAL", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "U")
    ):
        return "text" if base.startswith("UUID") or base.startswith("UNION") else "number"
    if base.startswith(("DATE", "TIMESTAMP")):
        return "date"
    return "bool" if base == "BOOLEAN" else "text"
