"""What each candidate adds to the aggregates of a rule, by group, and which aggregates no choice changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from sqlglot import exp

from alignment.catalogue.decisions import ROW, DecisionTable
from alignment.catalogue.reading import quoted
from alignment.initiative.models import Constraint
from alignment.objective.coupled.play import Play
from alignment.rules.exact import exact
from alignment.rules.parse import AGGREGATES, Rule
from alignment.rules.render import render

JOINT = ", "

Kind = Literal["sum", "count", "min", "max"]


@dataclass(frozen=True)
class Gathered:
    """An aggregate in a rule: the column that stands for it, how it gathers, what, and from which candidates.

    of_average: it counts what an average beside it sums.
    """

    name: str
    kind: Kind
    argument: exp.Expression | None
    condition: exp.Expression | None
    of_average: bool = False


def gathered_of(rule: Rule) -> tuple[exp.Expression, list[Gathered]]:
    """The rule with each aggregate as a column `#0`, `#1`, …; an average is a sum over a count."""
    tree = exp.Paren(this=rule.tree.copy())
    found: list[Gathered] = []
    nodes: list[exp.Expression] = list(tree.find_all(*AGGREGATES))
    for node in nodes:
        whole: exp.Expression = node.parent if isinstance(node.parent, exp.Filter) else node
        whole.replace(_standing_for(node, whole.copy(), found))
    return tree.this, found


def _standing_for(node: exp.Expression, whole: exp.Expression, found: list[Gathered]) -> exp.Expression:
    condition = whole.expression.this if isinstance(whole, exp.Filter) else None
    argument = None if isinstance(node, exp.Count) and isinstance(node.this, exp.Star) else node.this

    def column(kind: Kind, of_average: bool = False) -> exp.Expression:
        name = f"#{len(found)}"
        found.append(Gathered(name, kind, argument, condition, of_average))
        return exp.column(name, quoted=True)

    if isinstance(node, exp.Avg):
        return exp.Paren(this=exp.Div(this=column("sum"), expression=column("count", of_average=True)))
    kinds: dict[type, Kind] = {exp.Sum: "sum", exp.Count: "count", exp.Min: "min", exp.Max: "max"}
    return column(kinds[type(node)])


@dataclass(frozen=True)
class Amounts:
    """One aggregate on all candidates. values: C; inside: C, whether a candidate counts, its value 0 where not."""

    gathered: Gathered
    values: np.ndarray
    inside: np.ndarray


@dataclass(frozen=True)
class Groups:
    """The candidates of an aggregate rule. group: C, −1 for none; labels: of each group; amounts: of each aggregate."""

    group: np.ndarray
    labels: tuple[str, ...]
    amounts: tuple[Amounts, ...]

    def fixed(self, play: Play) -> set[str]:
        """Aggregates that are the same whatever is chosen."""
        if not _is_fixed(play, self.group):
            return set()
        return {
            a.gathered.name for a in self.amounts if _is_fixed(play, a.values) and _is_fixed(play, a.inside.astype(int))
        }

    def given(self, play: Play, names: set[str]) -> list[dict[str, Fraction | None]]:
        """Of each group the values of fixed aggregates; None where nothing is gathered."""
        first = play.start[:-1]
        group = self.group[first]
        rows: list[dict[str, Fraction | None]] = [{} for _ in self.labels]
        for amounts in self.amounts:
            if amounts.gathered.name not in names:
                continue
            inside = amounts.inside[first] & (group >= 0)
            for g, value in enumerate(_totals(amounts, first[inside], group[inside], len(rows))):
                rows[g][amounts.gathered.name] = value
        return rows


def _is_fixed(play: Play, values: np.ndarray) -> bool:
    return bool((values == values[play.start[:-1]][play.item]).all())


def _totals(amounts: Amounts, at: np.ndarray, group: np.ndarray, groups: int) -> Iterator[Fraction | None]:
    kind, values = amounts.gathered.kind, amounts.values[at]
    counts = np.bincount(group, minlength=groups)
    if kind == "count":
        yield from (Fraction(int(n)) for n in counts)
        return
    if kind == "sum":
        totals = np.bincount(group, values, groups)
    else:
        totals = np.full(groups, -np.inf if kind == "max" else np.inf)
        (np.maximum if kind == "max" else np.minimum).at(totals, group, values)
    yield from (exact(float(t)) if n else None for t, n in zip(totals, counts, strict=True))


def groups_of(
    rule: Rule, constraint: Constraint, gathered: Sequence[Gathered], play: Play, table: DecisionTable
) -> Groups:
    """Reads what each candidate adds. A candidate with NULL in some term is left out of all of the rule's sums."""
    import pyarrow

    per = [f"cast({quoted(name)} as varchar)" for name in constraint.per]
    label = f"concat_ws('{JOINT}', {', '.join(per)})" if per else "''"
    tests = [_known(g, rule) for g in gathered] + [f"{name} is not null" for name in per]
    tests += [] if rule.scope is None else [f"coalesce({render(rule.scope)}, false)"]
    columns = ", ".join(f"{_value(g)} as v{k}, {_counts(g)} as i{k}" for k, g in enumerate(gathered))
    names = {*rule.columns, *rule.levers, *constraint.per}
    cursor = table.connection.cursor()
    cursor.register("_play", pyarrow.table({"c": np.arange(len(play.rows)), "r": play.rows}))
    source = f'{table.source(names)} j join _play on _play.r = j."{ROW}"'
    query = f"select _play.c as c, {label} as label, {columns} from {source} where {' and '.join(tests)}"
    found = cursor.sql(query).to_arrow_table()
    at = _plain(found["c"]).astype(np.int64)
    labels = found["label"].combine_chunks().dictionary_encode()
    names_of = labels.dictionary.to_pylist()
    order = sorted(range(len(names_of)), key=names_of.__getitem__)
    group = np.full(len(play.rows), -1)
    group[at] = np.argsort(order)[_plain(labels.indices).astype(np.int64)] if len(at) else 0
    amounts = tuple(_amounts(g, found[f"v{k}"], found[f"i{k}"], at, len(play.rows)) for k, g in enumerate(gathered))
    return Groups(group, tuple(names_of[k] for k in order), amounts)


def _plain(column: object) -> np.ndarray:
    return np.asarray(column.to_numpy(zero_copy_only=False) if not hasattr(column, "chunks") else column.to_numpy())  # type: ignore[attr-defined]


def _amounts(gathered: Gathered, values: object, inside: object, at: np.ndarray, size: int) -> Amounts:
    counted, numbers = np.zeros(size, bool), np.zeros(size)
    counted[at] = _plain(inside).astype(bool)
    numbers[at] = np.nan_to_num(_plain(values).astype(float), nan=0.0)
    return Amounts(gathered, np.where(counted, numbers, 0.0), counted)


def _counts(gathered: Gathered) -> str:
    return "true" if gathered.condition is None else f"coalesce({render(gathered.condition)}, false)"


def _value(gathered: Gathered) -> str:
    if gathered.kind == "count" or gathered.argument is None:
        return "1.0::double"
    return f"cast({render(gathered.argument)} as double)"


def _known(gathered: Gathered, rule: Rule) -> str:
    """SQL that is TRUE where an aggregate's term is not NULL; of a condition with a lever, where it is neither."""
    condition = gathered.condition
    argument = "true" if gathered.argument is None else f"({render(gathered.argument)}) is not null"
    if condition is None:
        return argument
    by_lever = any(column.name in rule.levers for column in condition.find_all(exp.Column))
    other = f"({render(condition)}) is not null" if by_lever else "true"
    return f"(case when {_counts(gathered)} then {argument} else {other} end)"


def by_name(groups: Groups) -> Mapping[str, Amounts]:
    """The amounts by the column that stands for their aggregate."""
    return {amounts.gathered.name: amounts for amounts in groups.amounts}
