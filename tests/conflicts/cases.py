"""Small initiatives for tests of the engine: rules and rows in, a situation or its report out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from alignment.catalogue.reading import open_catalogue
from alignment.conflicts.check import Situation, situation
from alignment.conflicts.report import ConflictReport, as_json
from alignment.initiative.models import Initiative

NUMBER = pa.decimal128(18, 6)


def initiative(rules: Sequence[Any], levers: Sequence[Mapping[str, Any]] = (), value: str | None = None) -> Initiative:
    """rules: texts, or mappings of a constraint's fields; ids are r0, r1, … where none is given."""
    constraints = [
        {"id": f"r{i}", "team": "operations", **({"rule": rule} if isinstance(rule, str) else rule)}
        for i, rule in enumerate(rules)
    ]
    catalogue = {"source": "items.csv", "key": "k", "value": value}
    levers = levers or [{"name": "price", "unit": "USD"}]
    return Initiative.model_validate(
        {
            "accord": 1,
            "id": "small",
            "currency": "USD",
            "levers": levers,
            "catalogue": catalogue,
            "constraints": constraints,
        }
    )


def table(rows: Sequence[Mapping[str, Any]], types: Mapping[str, pa.DataType] | None = None) -> pa.Table:
    """Rows as an Arrow table: numbers as decimals of six places, unless `types` says otherwise; k counts from 1.

    Text stays text, and a float stands for the decimal that prints it.
    """
    kinds = {"k": pa.int64(), **(types or {})}
    numbered = [{"k": i + 1, **row} for i, row in enumerate(rows)]
    names = list(dict.fromkeys(name for row in numbered for name in row))
    columns = {n: [row.get(n) for row in numbered] for n in names}
    return pa.table({n: _array(values, kinds.get(n)) for n, values in columns.items()})


def _array(values: Sequence[Any], kind: pa.DataType | None) -> pa.Array:
    if kind is not None:
        return pa.array(values, kind)
    if any(isinstance(v, (str, bool)) for v in values):
        return pa.array(values)
    return pa.array([Decimal(repr(v)) if isinstance(v, float) else v for v in values], NUMBER)


def case_of(
    rules: Sequence[Any],
    rows: Sequence[Mapping[str, Any]] = ({},),
    levers: Sequence[Mapping[str, Any]] = (),
    types: Mapping[str, pa.DataType] | None = None,
    value: str | None = None,
    connection: Any = None,
) -> Situation:
    """connection: a DuckDB connection to use again; the table of the case before is replaced."""
    read = initiative(rules, levers, value)
    return situation(read, open_catalogue(read, table(rows, types), connection))


def listed(report: ConflictReport) -> dict[str, int]:
    """Conflicts by id with their number of items."""
    return {c.id: c.items for c in report.conflicts}


def status_of(report: ConflictReport, id: str) -> Any:
    return as_json(next(s for s in report.constraints if s.id == id))
