"""Segments of the catalogue, and those that the objective harms while it helps on the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.catalogue.decisions import DecisionTable
from alignment.catalogue.reading import quoted
from alignment.objective.findings import finding
from alignment.objective.intervals import achievable
from alignment.objective.report import Finding
from alignment.objective.sweep import Sweep
from alignment.words import counted
from alignment.words import share as percent

FEWEST_VALUES, MOST_VALUES, FEWEST_ITEMS = 2, 20, 30
LEVEL = 0.05


@dataclass(frozen=True)
class Column:
    """A column of the catalogue with few values: of every item, in the order of keys, the place of its value or −1."""

    name: str
    values: tuple[str, ...]
    codes: np.ndarray


def segment_columns(table: DecisionTable) -> tuple[Column, ...]:
    """Columns of the catalogue that have 2 to 20 values, aside from its key."""
    catalogue = table.catalogue
    if catalogue is None:
        return ()
    names = [name for name in catalogue.kinds if name != catalogue.key]
    if not names:
        return ()
    connection, source = table.connection.cursor(), quoted(catalogue.table)
    rough = ", ".join(f"approx_count_distinct({quoted(n)})" for n in names)
    few = connection.execute(f"select {rough} from {source}").fetchone() or ()
    likely = [name for name, count in zip(names, few, strict=True) if count <= 2 * MOST_VALUES]
    return tuple(found for name in likely if (found := _column(table, name)) is not None)


def _column(table: DecisionTable, name: str) -> Column | None:
    catalogue = table.catalogue
    assert catalogue is not None
    column, source = quoted(name), quoted(catalogue.table)
    connection = table.connection.cursor()
    rows = connection.execute(
        f"select distinct {column} from {source} where {column} is not null order by 1 limit {MOST_VALUES + 1}"
    ).fetchall()
    if not FEWEST_VALUES <= len(rows) <= MOST_VALUES:
        return None
    item = quoted(table.item)
    query = (
        f"with v as (select {column} as value, row_number() over (order by {column}) - 1 as code "
        f"from (select distinct {column} from {source} where {column} is not null)) "
        f"select coalesce(v.code, -1)::tinyint as code from (select distinct {item} from decisions) d "
        f"join {source} c on {table.same_item('d', 'c')} left join v on v.value = c.{column} order by d.{item}"
    )
    codes = np.asarray(connection.execute(query).fetchnumpy()["code"], np.int8)
    return Column(name, tuple(str(row[0]) for row in rows), codes)


def harmed_segments(columns: tuple[Column, ...], sweep: Sweep) -> list[Finding]:
    """Segments whose captured share is negative while overall it is positive, after Holm's correction.

    A segment with something to capture is tested on whether its mean utility under the model is 0 (Student's t,
    two-sided); the correction is over all segments looked at. Source: Holm (1979), "A simple sequentially rejective
    multiple test procedure".
    """
    from scipy.special import stdtr

    if achievable(sweep.best) <= 0 or sweep.model.sum() <= 0:
        return []
    looked = []
    for column in columns:
        codes = column.codes[sweep.places]
        for code, value in enumerate(column.values):
            model, best = sweep.model[codes == code], sweep.best[codes == code]
            if len(model) < FEWEST_ITEMS or achievable(best) <= 0:
                continue
            spread = model.std(ddof=1) / np.sqrt(len(model))
            mean = model.mean()
            p = float(2 * stdtr(len(model) - 1, -abs(mean) / spread)) if spread > 0 else float(mean == 0)
            looked.append((p, column.name, value, float(model.sum() / best.sum()), len(model)))
    return [_harmed(found, len(looked), sweep) for found in _rejected(looked) if found[3] < 0]


def _rejected(looked: list[tuple[float, str, str, float, int]]) -> list[tuple[float, str, str, float, int]]:
    kept = []
    for rank, found in enumerate(sorted(looked)):
        if found[0] > LEVEL / (len(looked) - rank):
            break
        kept.append(found)
    return kept


def _harmed(found: tuple[float, str, str, float, int], looked: int, sweep: Sweep) -> Finding:
    p, column, value, share, items = found
    overall = float(sweep.model.sum() / sweep.best.sum())
    return finding(
        "harmed_segment", "warning", [f"{column} = {value}"], [],
        f"Where {column} is {value} ({counted(items, 'item')}), the model captures {percent(share)} of what could be "
        f"gained there: worse than today, while overall it captures {percent(overall)}.",
        {"captured": share, "overall": overall, "items": items, "p": p, "segments_looked_at": looked},
        f"Keep the model off {column} = {value}, or give it a constraint or an objective of its own.",
    )  # fmt: skip
