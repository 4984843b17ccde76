"""The tables of Frame: which columns each has, and how rows become records and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, get_args

import streamlit as st
from pydantic import ValidationError

from alignment.errors import UsageError
from alignment.initiative.models import Evidence, Initiative, Record, slugify
from alignment.store.kinds import KINDS, naming, own_id

Settings = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """One kind of records as a table: columns by the names of the file, in order, with Streamlit's settings."""

    kind: str
    one: str
    columns: Mapping[str, Any]
    empty: str


def tables(initiative: Initiative) -> list[Table]:
    """The four tables, with the choices that this initiative allows."""
    text, choice = st.column_config.TextColumn, st.column_config.SelectboxColumn
    number = partial(st.column_config.NumberColumn, format="localized")
    metrics, teams = [m.name for m in initiative.metrics], list(initiative.teams)
    better = choice("Better", options=["higher", "lower"], width=90)
    return [
        Table(
            "levers", "lever",
            {
                "name": text("Lever", required=True), "unit": text("Unit", width=80),
                "minimum": number("Minimum", width=100), "maximum": number("Maximum", width=100),
                "step": number("Step", width=80),
                "values": text("or one of", help="Words with commas between them, in place of a range"),
                "current": text("Today's value", help="The column of the catalogue that holds it"),
            },
            "What does the model decide? Give it a name, a unit and a range.",
        ),
        Table(
            "metrics", "metric",
            {
                "name": text("Metric", required=True), "unit": text("Unit", width=90), "better": better,
                "horizon_days": number("Seen after days", width=140, min_value=0, step=1),
                "aggregate": choice("Adds up as", options=["sum", "mean"], width=90),
                "measured": choice("Measured", options=["direct", "proxy", "none"], width=90),
                "definition": text("Definition", width=290), "owner": text("Owner"), "source": text("Source"),
            },
            "What do goals and the objective speak about? A metric has a unit and a definition.",
        ),
        Table(
            "links", "link",
            {
                "from": text("From", required=True),
                "to": text("To", required=True),
                "sign": choice("Sign", options=["positive", "negative"], required=True, width=100),
                "strength": number("Strength", min_value=0.0, max_value=1.0, width=90),
                "lag_days": number("Lag in days", min_value=0, step=1, width=100),
                "evidence": choice("Evidence", options=list(get_args(Evidence)), width=130),
            },
            "What drives what? A link says with which sign, how strongly, and on what evidence.",
        ),
        Table(
            "goals", "goal",
            {
                "id": text("Goal", required=True), "team": choice("Team", options=teams, required=True, width=110),
                "metric": choice("Metric", options=metrics, required=True, width=130), "want": better,
                "weight": number("Weight", min_value=0.0, width=80),
                "swing": number("per change of", width=130, help="The change of the metric that the weight is for"),
                "horizon_days": number("Within days", min_value=0, step=1, width=100), "target": text("Target"),
                "because": text("Because", width=320),
            },
            "What does each team want? A goal names a metric, a direction and a weight.",
        ),
    ]  # fmt: skip


def row_of(record: Record, table: Table) -> dict[str, Any]:
    """A record as a row: decimals as numbers, lists as words with commas."""
    written = {**dict.fromkeys(table.columns), **defaults(record)}
    return {name: _cell(written.get(name)) for name in table.columns}


def defaults(record: Record) -> dict[str, Any]:
    """All values of a record under the names of the file, those that were left out included."""
    names = {name: field.alias or name for name, field in type(record).model_fields.items()}
    return {alias: getattr(record, name) for name, alias in names.items()}


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, tuple):
        return ", ".join(str(v) for v in value)
    return value


def changed(record: Record, changes: Mapping[str, Any], kind: str) -> Record:
    """The record with some cells changed. Raises UsageError, with one sentence, for a value that does not fit."""
    return made({**record.written(), **changes}, kind, own_id(kind, record) or f"{kind}")


def made(cells: Mapping[str, Any], kind: str, called: str = "") -> Record:
    """A record from the cells of a row. Raises UsageError, with one sentence."""
    values = {name: _value(name, cell) for name, cell in cells.items()}
    values = {name: value for name, value in values.items() if value is not None}
    if kind == "goals" and not called and "id" in values:
        values["id"] = slugify(str(values["id"]))
    what = naming(kind, called) if called and called != kind else f"The new {naming(kind, '').split(' ')[0]}"
    try:
        return KINDS[kind].model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        if first["type"] == "missing":
            raise UsageError(f"{what} has no {where}; fill it in") from None
        said = str(first.get("ctx", {}).get("error", first["msg"]))
        raise UsageError(f"{what}, {where}: {said[:1].lower()}{said[1:]}" if where else f"{what}: {said}") from None


def _value(name: str, cell: Any) -> Any:
    if cell is None or cell == "" or cell != cell:
        return None
    if name == "values":
        return [v.strip() for v in str(cell).split(",") if v.strip()] if isinstance(cell, str) else cell
    if isinstance(cell, (bool, Decimal, date, str, list, tuple)):
        return cell.strip() if isinstance(cell, str) else cell
    if isinstance(cell, (int, float)):
        return int(cell) if float(cell).is_integer() and name.endswith("days") else Decimal(repr(cell))
    return cell
