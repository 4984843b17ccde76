"""What a move of an input does: the items that lose their last value, and how far it may go until two rules clash."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, Literal

import numpy as np

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.check import Situation, situation
from alignment.conflicts.members import plain, shown_value
from alignment.conflicts.moves import Breaking, breaking_moves
from alignment.conflicts.report import Amount
from alignment.errors import UsageError
from alignment.initiative.models import Initiative
from alignment.initiative.reading import load
from alignment.initiative.references import closest
from alignment.rules.ruleset import Stage

SAMPLE = 20
_COUNT = count(1)
_CHANGE = re.compile(r'\s*("?)(?P<column>.+?)\1\s*=\s*(?P<percent>[+-]?\s*\d+(?:\.\d{1,4})?)\s*%\s*')


@dataclass(frozen=True)
class Change:
    """A column that moves by some percent of its value on every item."""

    column: str
    percent: Decimal

    @property
    def said(self) -> str:
        return f"{self.column}={self.percent:+f}%"


@dataclass(frozen=True)
class Appeared:
    """A conflict under a change: items on which it is new, the worst first; `is_new` where today it is on no item."""

    constraints: tuple[str, ...]
    teams: tuple[str, ...]
    strength: Literal["hard", "soft"]
    items: int
    is_new: bool
    sample: tuple[Any, ...]


@dataclass(frozen=True)
class Stressed:
    """One change: items newly without a value by hard item rules, and moves at which opposing pairs begin to clash."""

    change: str
    column: str
    percent: float
    items: int
    share: float
    stake: Amount | None
    sample: tuple[Any, ...]
    conflicts: tuple[Appeared, ...]
    breaking: tuple[Breaking, ...]


@dataclass(frozen=True)
class StressReport:
    """The answer to `stress`: one entry per change, in the order in which they were asked for."""

    accord: int
    initiative: str
    items: int
    infeasible_items: int
    changes: tuple[Stressed, ...]


def stress(
    initiative: Initiative | str | Path,
    changes: Sequence[str],
    catalogue: Any = None,
    stage: Stage = "proposed",
    today: date | None = None,
) -> StressReport:
    """What each change would do, taken for itself; nothing is written.

    changes: such as `cost=+10%`, a number column of the catalogue and the percent by which it moves on every item.
    catalogue: a path or table in place of what the initiative names. Raises UsageError for a change that cannot be
    read, FileProblems and DataError as `check` does.
    """
    read = initiative if isinstance(initiative, Initiative) else load(initiative)
    case = situation(read, catalogue, stage, today)
    asked = [read_change(text, case.catalogue) for text in changes]
    if not asked:
        raise UsageError("name a change, such as cost=+10%")
    infeasible = int(case.answers.infeasible.sum())
    found = tuple(stressed(case, change, stage) for change in asked)
    return StressReport(1, read.slug, case.catalogue.rows, infeasible, found)


def read_change(text: str, catalogue: Catalogue) -> Change:
    """The change that a text names. Raises UsageError with one sentence."""
    match = _CHANGE.fullmatch(text)
    if match is None:
        raise UsageError(f"the change '{text}' cannot be read; write a column and percents, such as cost=+10%")
    column, percent = match["column"], Decimal(match["percent"].replace(" ", ""))
    if column not in catalogue.kinds:
        hint = closest(column, catalogue.kinds, "columns")
        raise UsageError(f"'{column}' is not a column of the catalogue; {hint}")
    if catalogue.kinds[column] != "number" or column == catalogue.key:
        raise UsageError(f"the column '{column}' does not hold amounts; name one that does, such as cost=+10%")
    if percent == 0 or percent < -100 or percent > 1000:
        raise UsageError(f"'{text}' moves by {percent} %; write a move from -100 to +1000 that is not 0")
    return Change(column, percent)


def stressed(case: Situation, change: Change, stage: Stage = "proposed") -> Stressed:
    """One change on a situation that was read before."""
    moved = moved_catalogue(case.catalogue, change)
    try:
        after = situation(case.initiative, moved, stage, case.today)
        newly = after.answers.infeasible & ~case.answers.infeasible
        keys, stake = _items(case, newly)
        appeared = _appeared(case, after)
    finally:
        case.catalogue.connection.execute(f"drop view if exists {quoted(moved.table)}")
    n = int(newly.sum())
    return Stressed(
        change.said, change.column, float(change.percent), n, n / case.catalogue.rows, stake, keys, appeared,
        breaking_moves(case, change.column, up=change.percent > 0),
    )  # fmt: skip


def moved_catalogue(catalogue: Catalogue, change: Change) -> Catalogue:
    """The catalogue with a column moved, as a view; decimals stay exact."""
    connection, name = catalogue.connection, f"accord_stress_{next(_COUNT)}"
    factor = 1 + change.percent / 100
    column = quoted(change.column)
    value = f"{column} * {factor:f}"
    if catalogue.types[change.column].upper() not in ("DOUBLE", "FLOAT", "REAL"):
        exact = f"cast({column} as decimal(38, {_decimals(catalogue, change.column)}))"
        value = f"{exact} * cast({factor:f} as decimal(18, 6))"
    table = quoted(catalogue.table)
    connection.execute(f"create view {quoted(name)} as select * replace ({value} as {column}) from {table}")
    described = connection.execute(f"describe {quoted(name)}").fetchall()
    types = {row[0]: row[1] for row in described}
    return replace(catalogue, table=name, types=types)


def _decimals(catalogue: Catalogue, column: str) -> int:
    kind = catalogue.types[column].upper()
    return int(kind.rstrip(")").split(",")[1]) if kind.startswith("DECIMAL") else 0


def _items(case: Situation, chosen: Any) -> tuple[tuple[Any, ...], Amount | None]:
    """Keys of up to twenty chosen items, those of the greatest value first, and the value of all."""
    if not chosen.any():
        return (), _amount(case, 0.0)
    catalogue = case.catalogue
    value = f"coalesce(cast({quoted(catalogue.value)} as double), 0)" if catalogue.value else "cast(0 as double)"
    query = f"select {quoted(catalogue.key)}, {value} from {quoted(catalogue.table)}"
    rows = catalogue.connection.execute(query).fetchall()
    mine = [rows[i] for i in np.flatnonzero(chosen)]
    ranked = sorted(range(len(mine)), key=lambda i: (-mine[i][1], i))[:SAMPLE]
    return tuple(shown_value(mine[i][0]) for i in ranked), _amount(case, sum(row[1] for row in mine))


def _amount(case: Situation, total: float) -> Amount | None:
    declared = case.initiative.catalogue
    if case.catalogue.value is None or declared is None:
        return None
    return Amount(float(f"{total:.12g}"), declared.value_unit or case.initiative.currency)


def _appeared(before: Situation, after: Situation) -> tuple[Appeared, ...]:
    """Conflicts on items on which they are not today; hard ones first, then by items and ids."""
    known = {c.ids: {plain(k) for k in c.keys} for c in before.answers.clashes}
    found = []
    for clash in after.answers.clashes:
        had = known.get(clash.ids, set())
        new = [plain(k) for k in clash.keys if plain(k) not in had]
        if not new:
            continue
        members = [after.rules.of(i) for i in clash.ids]
        hard: Literal["hard", "soft"] = "hard" if all(m.hard for m in members) else "soft"
        teams = tuple(sorted({m.constraint.team for m in members}))
        worst = [plain(k) for k in clash.worst_first() if plain(k) not in had]
        sample = tuple(shown_value(k) for k in list(dict.fromkeys([*worst, *new]))[:SAMPLE])
        found.append(Appeared(clash.ids, teams, hard, len(new), clash.ids not in known, sample))
    return tuple(sorted(found, key=lambda a: (a.strength != "hard", -a.items, a.constraints)))
