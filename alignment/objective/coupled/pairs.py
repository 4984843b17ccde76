"""Pair rules as rows over chosen candidates: of two neighbours, which candidates do not go together."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from alignment.catalogue.decisions import ROW, DecisionTable
from alignment.catalogue.reading import quoted
from alignment.initiative.models import Constraint
from alignment.objective.coupled.play import Play
from alignment.objective.coupled.rows import Drafts
from alignment.objective.coupled.sums import JOINT
from alignment.rules.algebra import NotNormal
from alignment.rules.parse import Rule
from alignment.rules.render import render, violated_sql

MOST_FORBIDDEN = 2_000_000
SIDES = ("lower", "upper")


def pair_rows(rule: Rule, constraint: Constraint, play: Play, table: DecisionTable) -> Drafts:
    """The rows of a pair rule over the items in play: a lower candidate with all upper ones that it forbids.

    Every pair of candidates is judged by the rule itself, so that any rule can be applied. Raises NotNormal where more
    pairs are forbidden than a programme can hold.
    """
    found = _forbidden(rule, constraint, play, table)
    if len(found["l"]) > MOST_FORBIDDEN:
        raise NotNormal(f"it forbids more than {MOST_FORBIDDEN:,} pairs of candidates")
    drafts = Drafts()
    lower, upper = np.asarray(found["l"], np.int64), np.asarray(found["u"], np.int64)
    if not len(lower):
        return drafts
    order = np.lexsort((upper, play.item[upper], lower))
    lower, upper, labels = lower[order], upper[order], np.asarray(found["label"])[order]
    new = (np.diff(lower) != 0) | (np.diff(play.item[upper]) != 0)
    starts = np.concatenate([[0], np.flatnonzero(new) + 1, [len(lower)]])
    for first, last in pairwise(starts):
        columns = np.concatenate([lower[first : first + 1], upper[first:last]])
        drafts.add(columns, np.ones(len(columns)), 1.0, False, str(labels[first]))
    return drafts


def _forbidden(rule: Rule, constraint: Constraint, play: Play, table: DecisionTable) -> dict[str, np.ndarray]:
    """Candidates of neighbours that the rule forbids together: lower, upper, and their group's label."""
    import pyarrow

    pairs = constraint.pairs
    assert pairs is not None
    within, own = [quoted(name) for name in pairs.within], {*rule.columns, *rule.levers}
    names = {*own, pairs.order, *pairs.within}
    tests = [f"{name} is not null" for name in [*within, quoted(pairs.order)]]
    tests += [] if rule.scope is None else [f"coalesce({render(rule.scope)}, false)"]
    over = f"partition by {', '.join(within)} order by" if within else "order by"
    cursor = table.connection.cursor()
    cursor.register("_play", pyarrow.table({"_candidate": np.arange(len(play.rows)), "r": play.rows}))
    ranked = (
        f"select j.*, _play._candidate, dense_rank() over ({over} {quoted(pairs.order)}) as _rank "
        f'from {table.source(names)} j join _play on _play.r = j."{ROW}" where {" and ".join(tests)}'
    )
    same = "".join(f" and lower.{name} = upper.{name}" for name in within)
    put = {f"{side}.{name}": f"{side}.{quoted(name)}" for side in SIDES for name in own}
    label = f"concat_ws('{JOINT}', {', '.join(f'lower.{name}' for name in within)})" if within else "''"
    query = (
        f"with ranked as ({ranked}) select lower._candidate as l, upper._candidate as u, {label} as label "
        f"from ranked lower join ranked upper on upper._rank = lower._rank + 1{same} "
        f"where {violated_sql(replace(rule, scope=None), put)} limit {MOST_FORBIDDEN + 1}"
    )
    return {name: np.asarray(column) for name, column in cursor.execute(query).fetchnumpy().items()}
