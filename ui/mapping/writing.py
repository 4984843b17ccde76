"""From what a person typed to an objective: a formula, terms, a column, or pasted text. Nothing of Streamlit."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from alignment.errors import UsageError
from alignment.initiative.models import Initiative, Objective
from alignment.initiative.references import closest
from alignment.objective.terms import wanted_of
from alignment.rules.parse import Schema
from alignment.rules.types import Kind
from ui.words import number

Sense = Literal["maximise", "minimise"]
SENSES: tuple[Sense, ...] = ("maximise", "minimise")
_SENSE = re.compile(r"^\s*(maximi[sz]e|max|minimi[sz]e|min)\b\s*[:=]?\s*(?!\()", re.IGNORECASE)


def of_formula(text: str, sense: Sense, horizon_days: int | None, owner: str | None) -> Objective:
    """An objective by its formula. Raises UsageError in one sentence."""
    if not text.strip():
        raise UsageError("The formula is empty; write what the model wants more of, such as revenue - 0.5 * returns")
    return _made(sense, horizon_days, owner, expression=" ".join(text.split()))


def of_terms(rows: Sequence[Mapping[str, Any]], sense: Sense, horizon_days: int | None, owner: str | None) -> Objective:
    """An objective by its terms; rows with neither metric nor coefficient are passed over. Raises UsageError."""
    terms = []
    for row in rows:
        metric, coefficient, rate = (_given(row.get(name)) for name in ("metric", "coefficient", "rate"))
        if metric is None and coefficient is None:
            continue
        if metric is None:
            raise UsageError(f"The coefficient {coefficient} has no metric; pick one, or clear the row")
        if coefficient is None:
            raise UsageError(f"The term {metric} has no coefficient; write a number, or clear the row")
        terms.append(
            {"metric": metric, "coefficient": _decimal(metric, coefficient)} | ({"rate": rate} if rate else {})
        )
    if not terms:
        raise UsageError("There is no term yet; pick a metric and write its coefficient")
    twice = [t["metric"] for t in terms if sum(o["metric"] == t["metric"] for o in terms) > 1]
    if twice:
        raise UsageError(f"{twice[0]} stands in two terms; add their coefficients up in one")
    return _made(sense, horizon_days, owner, terms=terms)


def of_score(column: str | None, sense: Sense, horizon_days: int | None, owner: str | None) -> Objective:
    """An objective that is a column of the decision table. Raises UsageError."""
    if not column:
        raise UsageError("No column is picked; name the one in the decision table that holds the model’s own score")
    return _made(sense, horizon_days, owner, score=column)


def of_pasted(text: str) -> Objective:
    """An objective out of pasted text: the block of an initiative file, in YAML or JSON, or a formula with its sense.

    Raises UsageError in one sentence.
    """
    if not text.strip():
        raise UsageError("Nothing is pasted yet; paste the objective of an initiative file, or a formula")
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        read = None
    if isinstance(read, dict) and (isinstance(read.get("objective"), dict) or set(read) & set(Objective.model_fields)):
        return _validated(read["objective"] if isinstance(read.get("objective"), dict) else read)
    found = _SENSE.match(text)
    sense: Sense = "minimise" if found and found.group(1).lower().startswith("min") else "maximise"
    return of_formula(text[found.end() :] if found else text, sense, None, None)


def check(objective: Objective, initiative: Initiative, columns: Mapping[str, str]) -> None:
    """Raises AccordError, in one sentence, unless every name in the objective is known.

    columns: DuckDB types of the decision table's and the catalogue's columns, by name; empty where there is none.
    """
    metrics: dict[str, Kind] = {metric.name: "number" for metric in initiative.metrics}
    levers: dict[str, Kind] = {
        lever.name: "text" if lever.values and isinstance(lever.values[0], str) else "number"
        for lever in initiative.levers
    }
    kinds = {name: kind_of(type_) for name, type_ in columns.items() if name not in levers}
    for term in objective.terms or ():
        if term.metric not in metrics:
            raise UsageError(f"{term.metric} is not a recorded metric; {closest(term.metric, metrics, 'metrics')}")
    if objective.score is not None and columns and kinds.get(objective.score) != "number":
        numbers = [name for name, kind in kinds.items() if kind == "number"]
        raise UsageError(
            f"{objective.score} is not a column of numbers; {closest(objective.score, numbers, 'columns')}"
        )
    if objective.expression is not None:
        wanted_of(objective, Schema(metrics | kinds, levers))


def kind_of(type_: str) -> Kind:
    """What a column of a DuckDB type holds."""
    upper = type_.upper()
    if upper.startswith(("VARCHAR", "ENUM", "UUID")):
        return "text"
    return "bool" if upper == "BOOLEAN" else "date" if upper.startswith(("DATE", "TIME")) else "number"


def said(objective: Objective) -> str:
    """The objective as people read it: revenue − 0.5 × returns."""
    if objective.expression is not None:
        return _typeset(objective.expression)
    if objective.score is not None:
        return f"the score in column {objective.score}"
    parts = []
    for i, term in enumerate(objective.terms or ()):
        a = float(term.coefficient)
        sign = ("−" if a < 0 else "") if i == 0 else (" − " if a < 0 else " + ")
        factor = "" if abs(a) == 1 else f"{number(abs(a))} × "
        parts.append(f"{sign}{factor}{term.metric}")
    return "".join(parts)


def _typeset(expression: str) -> str:
    """A formula with the signs of print, where nothing in it is quoted."""
    if "'" in expression or '"' in expression:
        return expression
    return re.sub(r"\s*\*\s*", " × ", re.sub(r"(?<=\s)-(?=\s)|-(?=\d)", "−", expression))


def _made(sense: Sense, horizon_days: int | None, owner: str | None, **form: Any) -> Objective:
    given = {"horizon_days": horizon_days, "owner": (owner or "").strip() or None}
    return _validated({"sense": sense, **form, **{name: value for name, value in given.items() if value is not None}})


def _validated(data: Mapping[str, Any]) -> Objective:
    try:
        return Objective.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = str(first.get("ctx", {}).get("error", first["msg"]))
        raise UsageError(f"objective{'.' + where if where else ''}: {what[:1].lower()}{what[1:]}") from None


def _given(value: Any) -> Any:
    """A cell's value, None where it is empty or not a number."""
    if value is None or value != value or (isinstance(value, str) and not value.strip()):
        return None
    return value


def _decimal(metric: str, value: Any) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        raise UsageError(f"The coefficient of {metric} is '{value}'; write a number such as -0.5") from None
    if not found.is_finite():
        raise UsageError(f"The coefficient of {metric} is '{value}'; write a finite number")
    return found
