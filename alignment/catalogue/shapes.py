"""The types of columns that came as text: the narrowest that every value of a column has as it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_DECIMALS = 6
_WHOLE = "(0|[1-9][0-9]{0,11})"
_SHAPES = {  # what one value looks like: the first that matches
    "whole": f"-?{_WHOLE}",
    "decimal": f"-?{_WHOLE}[.][0-9]{{1,{MOST_DECIMALS}}}",
    "long": "-?[1-9][0-9]{12,17}",
    "padded": "-?0[0-9]+([.].*)?",
    "number": r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?",
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "boolean": "(?i:true|false)",
}
_CASTS = {"number": "double", "date": "date"}  # these shapes also hold texts that are no value
_HOLDS = {  # the shapes each type holds, the narrowest type first
    "bigint": {"whole", "long"},
    "decimal": {"whole", "decimal"},
    "double": {"whole", "decimal", "long", "number"},
    "date": {"date"},
    "boolean": {"boolean"},
}


def retype_text(connection: DuckDBPyConnection, name: str, columns: list[str]) -> None:
    """Gives each column of text the narrowest type that all its values have; numbers with leading zeros stay text.

    `columns` are all columns of the table `name`, as quoted identifiers.
    """
    tests = ", ".join(test for column in columns for test in _type_tests(column))
    found = connection.execute(f'select {tests} from "{name}"').fetchone() or ()
    chosen = map(_narrowest, found[::2], found[1::2])
    casts = ", ".join(f"cast({c} as {t}) as {c}" if t != "varchar" else c for c, t in zip(columns, chosen, strict=True))
    connection.execute(f'create or replace table "{name}" as select {casts} from "{name}"')


def _type_tests(column: str) -> list[str]:
    """Aggregates over a column of text: the set of the shapes of its values as bits, and the most decimals."""
    cases = " ".join(
        f"when regexp_full_match({column}, '{shape}')"
        + (f" and try_cast({column} as {_CASTS[kind]}) is not null" if kind in _CASTS else "")
        + f" then {1 << bit}"
        for bit, (kind, shape) in enumerate(_SHAPES.items())
    )
    shapes = f"bit_or(case when {column} is null then 0 {cases} else {1 << len(_SHAPES)} end)"
    return [f"coalesce({shapes}, 0)", f"max(length(split_part({column}, '.', 2)))"]


def _narrowest(shapes: int, decimals: int) -> str:
    seen = {kind for bit, kind in enumerate([*_SHAPES, "other"]) if shapes >> bit & 1}
    fitting = next((kind for kind, held in _HOLDS.items() if seen and seen <= held), "varchar")
    return f"decimal(18, {decimals})" if fitting == "decimal" else fitting
