"""A loosened bound against one other bound, decided by one query: enough where all rules of a lever are intervals.

Of intervals that are not in conflict with the domain alone, only pairs conflict. Loosening one of them then opens
nothing; what is left of its conflict with another are the items on which the two still leave no value between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignment.catalogue.reading import quoted
from alignment.conflicts.ends import end_sql, is_bound, nothing_sql
from alignment.conflicts.exactly import forbids, in_scope, representatives
from alignment.conflicts.line import casts_of
from alignment.conflicts.members import Clash, exact_row, rows_of
from alignment.conflicts.solving import Row
from alignment.conflicts.trials import Bench, Move
from alignment.initiative.models import Lever
from alignment.rules.normal import Normal
from alignment.rules.ruleset import Checked, columns_needed

MOST_EXACT = 60
NEAR = 1e-9


def only_pairs(clash: Clash, rule: Checked, bench: Bench, clashes: Sequence[Clash]) -> bool:
    """Is a conflict one of two intervals, on a lever with intervals alone, and the rule never in conflict by itself?"""
    if len(clash.ids) != 2 or clash.lever is None:
        return False
    on_lever = [r for r in bench.rules.checked if isinstance(r.form, Normal) and r.form.lever == clash.lever]
    return all(is_bound(r) for r in on_lever) and not any(c.ids == (rule.id,) for c in clashes)


def still_apart(clash: Clash, rule: Checked, moves: Sequence[Move], bench: Bench) -> set[Any] | None:
    """Keys of items on which the moved rule and the other one leave no value, of those furthest apart in doubles.

    At most `MOST_EXACT` are looked for. None where a query cannot tell.
    """
    lever = bench.rules.levers[str(clash.lever)]
    other = bench.rules.of(next(i for i in clash.ids if i != rule.id))
    changed = bench.changed(rule, moves)
    if not is_bound(changed):
        return None
    keys = _doubtful([changed, other], lever, bench)
    trees = [t for r in (changed, other) for t in (r.rule.tree, r.rule.scope) if t is not None]
    columns = [c for c in columns_needed(trees) if c in bench.catalogue.kinds]
    rows = zip(keys, rows_of(bench.catalogue, keys, columns), strict=True)
    return {key for key, row in rows if not _meet([changed, other], lever, exact_row(row))}


def _meet(pair: Sequence[Checked], lever: Lever, row: Row) -> bool:
    """Do two intervals leave a value of the lever on an item, decided in fractions?"""
    applying = [rule for rule in pair if in_scope(rule, row)]
    points = representatives(applying, lever, row)
    return any(not any(forbids(rule, x, row) for rule in applying) for x in points)


def _doubtful(pair: Sequence[Checked], lever: Lever, bench: Bench) -> list[Any]:
    """Keys of items on which it is not plain from doubles that a value is left, those furthest apart first."""
    casts = casts_of(bench.catalogue)
    ends = [_extreme(pair, side, lever, casts) for side in ("floor", "ceiling")]
    key, table = quoted(bench.catalogue.key), quoted(bench.catalogue.table)
    nothing = " or ".join(nothing_sql(rule) for rule in pair)
    inner = f"select {key} as k, {ends[0]} as l, {ends[1]} as h, {nothing} as n from {table}"
    slack = f"{NEAR} * greatest(1.0, abs(l), abs(h))"
    room = f"l + {slack} <= h"
    if lever.step is not None:
        step, base = float(lever.step), float(lever.minimum or 0)
        room = f"ceil((l + {slack} - {base}) / {step}) <= floor((h - {slack} - {base}) / {step})"
    left = f"isinf(l) or isinf(h) or ({room})"
    query = f"select k from ({inner}) where n or not ({left}) order by l - h desc, k limit {MOST_EXACT}"
    return [row[0] for row in bench.catalogue.connection.execute(query).fetchall()]


def _extreme(pair: Sequence[Checked], side: Any, lever: Lever, casts: Mapping[str, str]) -> str:
    """The greater floor or the lesser ceiling of two rules within the domain."""
    ends = [end_sql(rule, side, casts) for rule in pair]
    own = lever.minimum if side == "floor" else lever.maximum
    ends += [] if own is None else [f"cast('{own}' as double)"]
    return f"{'greatest' if side == 'floor' else 'least'}({', '.join(ends)})"
