"""One item of the decision table: what the model and the goals see in each of its candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alignment.catalogue.decisions import ROW
from alignment.catalogue.reading import quoted
from alignment.errors import UsageError
from alignment.objective.prepare import Choices, Prepared
from alignment.objective.rules import domain_sql, schema_of
from alignment.objective.sweep import TIE, coefficients_of
from alignment.objective.terms import wanted_of, wanted_sql
from alignment.rules.render import allows_sql


@dataclass(frozen=True)
class Candidate:
    """One row of an item.

    metrics: those of goals and objective. objective: larger is what the model wants. utility: in shares of the goals'
    swings, by their weights, against today; None where a value is unknown. breaks: hard rules it breaks; allowed: in F.
    model, best: is it what the model chooses, what the goals would choose: all that tie, or where rules tie items
    together the joint choice.
    """

    levers: Mapping[str, Any]
    metrics: Mapping[str, float | None]
    objective: float | None
    utility: float | None
    breaks: tuple[str, ...]
    allowed: bool
    today: bool
    model: bool
    best: bool


def candidates_of(prepared: Prepared, item: Any, weights: Mapping[str, float]) -> tuple[Candidate, ...]:
    """The candidates of one item in table order, judged under normalised weights of the goals, by id.

    item: its key, as it is or as text. Raises UsageError where there is no decision table or no such item in it.
    """
    choices = prepared.choices
    if choices is None:
        raise UsageError("there is no decision table, so no item has candidates")
    rows = _rows(prepared, choices, item)
    if not rows:
        raise UsageError(f"'{item}' is not an item of the decision table")
    stakes = [stake for stake in choices.stakes if stake.scale > 0]
    total = sum(weights[stake.goal.id] for stake in stakes) or 1.0
    per_unit = coefficients_of(stakes, [weights[s.goal.id] / total for s in stakes], len(choices.ground.metrics))
    needed = choices.ground.metrics
    values = np.array([[np.nan if row[f"m {m}"] is None else row[f"m {m}"] for m in needed] for row in rows], float)
    base = choices.ground.bases[:, _place(choices, item)]
    parts = np.where(per_unit == 0, 0.0, (values.reshape(len(rows), len(needed)) - base) * per_unit)
    utility, size = parts.sum(axis=1), np.abs(parts).sum(axis=1)
    objective = np.array([np.nan if row["wanted"] is None else row["wanted"] for row in rows], float)
    known = np.isfinite(values).all(axis=1) & np.isfinite(objective)
    rules = list(choices.binding.rules)
    breaks = [tuple(rule for r, rule in enumerate(rules) if row[f"r {r}"]) for row in rows]
    allowed = known & [bool(row["usable"]) for row in rows] & [not broken for broken in breaks]
    model, best = _chosen(choices, item, per_unit, np.array([row["row"] for row in rows])) or (
        _top(objective, allowed, 0.0),
        _top(utility, allowed, TIE * float(np.where(allowed, size, 0.0).max(initial=0.0))),
    )
    names = _shown(prepared)
    return tuple(
        Candidate(
            {lever.name: row[f"l {lever.name}"] for lever in prepared.initiative.levers},
            {m: row[f"m {m}"] for m in names}, row["wanted"], float(utility[i]) if np.isfinite(utility[i]) else None,
            breaks[i], bool(allowed[i]), bool(row["today"]), bool(model[i]), bool(best[i]),
        )
        for i, row in enumerate(rows)
    )  # fmt: skip


def _chosen(
    choices: Choices, item: Any, per_unit: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Which table rows the model and the goals choose for an item, where rules tie items together; else None."""
    coupling, _ = choices.joint
    if coupling is None:
        return None
    play = coupling.play
    chosen = [joint.chosen[play.places == _place(choices, item)] for joint in (coupling.model, coupling.best(per_unit))]
    model, best = (np.isin(rows, play.rows[candidates]) for candidates in chosen)
    return model, best


def _top(values: np.ndarray, allowed: np.ndarray, tolerance: float) -> np.ndarray:
    if not allowed.any():
        return np.zeros(len(values), bool)
    return allowed & (values >= np.max(values[allowed]) - tolerance)


def _shown(prepared: Prepared) -> list[str]:
    """Metrics of goals and terms that the table has."""
    assert prepared.choices is not None
    metrics = [*prepared.choices.ground.metrics, *(term.metric for term in prepared.terms)]
    return [m for m in dict.fromkeys(metrics) if m in prepared.choices.table.kinds]


def _rows(prepared: Prepared, choices: Choices, item: Any) -> list[dict[str, Any]]:
    table, initiative = choices.table, prepared.initiative
    assert initiative.objective is not None
    wanted = wanted_of(initiative.objective, schema_of(initiative, table))
    shown = {f"l {lever.name}": quoted(lever.name) for lever in initiative.levers}
    shown |= {f"m {m}": f"{quoted(m)}::double" for m in dict.fromkeys([*choices.ground.metrics, *_shown(prepared)])}
    shown |= {"wanted": f"({wanted_sql(wanted, table)})::double", "usable": domain_sql(initiative.levers)}
    shown["row"] = f'"{ROW}"'
    shown["today"] = "false" if table.status_quo is None else f"coalesce({quoted(table.status_quo)}::double = 1, false)"
    shown |= {f"r {r}": f"not ({allows_sql(rule)})" for r, rule in enumerate(choices.binding.rules.values())}
    columns = ", ".join(f"{sql} as {quoted(name)}" for name, sql in shown.items())
    source = table.source(choices.binding.names() | wanted.names)
    query = f'select {columns} from {source} j where cast({quoted(table.item)} as varchar) = ? order by "{ROW}"'
    found = table.connection.cursor().execute(query, [str(item)])
    return [dict(zip(shown, row, strict=True)) for row in found.fetchall()]


def _place(choices: Choices, item: Any) -> int:
    """The item's place in the order of keys."""
    name = quoted(choices.table.item)
    own = f"(select any_value({name}) from decisions where cast({name} as varchar) = ?)"
    query = f"select count(distinct {name}) from decisions where {name} < {own}"
    row = choices.table.connection.cursor().execute(query, [str(item)]).fetchone()
    return int(row[0]) if row else 0


def today_of(choices: Choices, items: Sequence[Any], levers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Levers of today's candidate of some items, by the item's key as text; items without one are left out."""
    table = choices.table
    if table.status_quo is None or not items:
        return {}
    name = quoted(table.item)
    columns = ", ".join([f"cast({name} as varchar)", *map(quoted, levers)])
    query = (
        f"select {columns} from decisions where coalesce({quoted(table.status_quo)}::double = 1, false) "
        f"and cast({name} as varchar) in ({', '.join('?' * len(items))})"
    )
    rows = table.connection.cursor().execute(query, [str(item) for item in items]).fetchall()
    return {row[0]: dict(zip(levers, row[1:], strict=True)) for row in rows}
