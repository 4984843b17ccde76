"""One numeric lever's rules on a catalogue: the ends of their intervals as SQL, and as arrays for the items that matter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import Catalogue, quoted
from alignment.initiative.models import Lever
from alignment.rules.exact import grid
from alignment.rules.algebra import Value, tree_of
from alignment.rules.formula import Both, Compare, Either, Formula, Given, Not, Residue
from alignment.rules.normal import Normal, Ray
from alignment.rules.render import render
from alignment.rules.ruleset import Checked

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FINEST_GRID = 10**12

@dataclass(frozen=True)
class End:
    """One bound that an interval rule sets, as SQL that is infinite where it does not apply."""

    rule: int
    ray: Ray
    sql: str
    grid: int | None

    @property
    def is_floor(self) -> bool:
        return self.ray.side != "ceiling"


@dataclass(frozen=True)
class Atom:
    """A comparison inside a union rule: SQL of its bound, NULL where the bound is."""

    part: Compare
    sql: str
    grid: int | None


@dataclass(frozen=True)
class Line:
    """Rules over one lever: interval rules with their ends, and union rules with their atoms and conditions."""

    lever: Lever
    intervals: tuple[Checked, ...]
    unions: tuple[Checked, ...]
    ends: tuple[End, ...]
    atoms: tuple[Atom, ...]
    givens: tuple[tuple[Given, str], ...]
    residues: tuple[Residue, ...]
    partial_grid: int
    whole: bool
    today_sql: str

    @property
    def grid(self) -> int | None:
        """Points per lever unit of the grid on which every bound lies; None where some bound lies on none."""
        return self.partial_grid if self.whole else None

    @property
    def rules(self) -> tuple[Checked, ...]:
        return self.intervals + self.unions


def line_of(lever: Lever, rules: Sequence[Checked], casts: Mapping[str, str], scales: Mapping[str, int | None]) -> Line:
    """The line of a lever. casts: SQL of each number column as a finite double. scales: decimals of each column."""
    intervals = tuple(r for r in rules if isinstance(r.form, Normal) and r.form.rays is not None)
    unions = tuple(r for r in rules if isinstance(r.form, Normal) and r.form.rays is None)
    ends = tuple(
        End(i, ray, _end_sql(rule, ray, casts), grid(ray.bound, scales))
        for i, rule in enumerate(intervals)
        for ray in _rays(rule)
    )
    parts: dict[Any, None] = {}
    for rule in unions:
        for part in _parts(_form(rule).logic.forbidden()):
            parts.setdefault(part)
    atoms = tuple(Atom(p, _number_sql(p.bound, casts), grid(p.bound, scales)) for p in parts if isinstance(p, Compare))
    givens = tuple((p, f"coalesce({render(p.tree)}, false)") for p in parts if isinstance(p, Given))
    residues = tuple(p for p in parts if isinstance(p, Residue))
    today = casts.get(lever.current or "", "cast(null as double)")
    return Line(
        lever, intervals, unions, ends, atoms, givens, residues, *_common_grid(lever, ends, atoms, residues), today
    )


def _form(rule: Checked) -> Normal:
    assert isinstance(rule.form, Normal)
    return rule.form


def _rays(rule: Checked) -> tuple[Ray, ...]:
    return _form(rule).rays or ()


def _parts(formula: Formula) -> list[Formula]:
    if isinstance(formula, (Both, Either)):
        return [p for part in formula.parts for p in _parts(part)]
    if isinstance(formula, Not):
        return _parts(formula.part)
    return [formula]


def scope_sql(rule: Checked) -> str:
    """SQL that is TRUE for the items in scope of a rule, else FALSE."""
    return "true" if rule.rule.scope is None else f"coalesce({render(rule.rule.scope)}, false)"


def _number_sql(value: Value, casts: Mapping[str, str]) -> str:
    return f"cast({render(tree_of(value), casts)} as double)"


def _end_sql(rule: Checked, ray: Ray, casts: Mapping[str, str]) -> str:
    tests = [t for t in (scope_sql(rule), render(ray.when) if ray.when is not None else "true") if t != "true"]
    applies = " and ".join(f"({t})" for t in tests) or "true"
    absent = "infinity" if ray.side == "ceiling" else "-infinity"
    bound = "cast('infinity' as double)" if ray.side == "nothing" else _number_sql(ray.bound, casts)
    inside = bound if applies == "true" else f"case when {applies} then {bound} end"
    return f"coalesce({inside}, cast('{absent}' as double))"


def _common_grid(
    lever: Lever, ends: Sequence[End], atoms: Sequence[Atom], residues: Sequence[Residue]
) -> tuple[int, bool]:
    """The grid of the bounds that lie on one, with the lever's own numbers, and whether all bounds do."""
    grids = [e.grid for e in ends if e.ray.side != "nothing"] + [a.grid for a in atoms]
    own = [Fraction(v).denominator for v in (lever.minimum, lever.maximum, lever.step) if v is not None]
    own += [v.denominator for r in residues for v in (r.modulus, r.value)]
    whole = math.lcm(*own, *(g for g in grids if g is not None))
    if whole > FINEST_GRID:
        return math.lcm(*own), False
    return whole, all(g is not None for g in grids)


def casts_of(catalogue: Catalogue) -> dict[str, str]:
    """SQL of every number column as a double that is NULL where it is infinite or not a number."""
    casts: dict[str, str] = {}
    for name, kind in catalogue.kinds.items():
        if kind != "number":
            continue
        column = quoted(name)
        floating = catalogue.types[name].upper() in ("DOUBLE", "FLOAT", "REAL")
        casts[name] = f"case when isfinite({column}) then cast({column} as double) end" if floating else f"cast({column} as double)"
    return casts


@dataclass(frozen=True)
class Frame:
    """Bounds of N items by R interval rules and T atoms, in lever units.

    low and high are infinite where a rule sets no bound; an open end does not belong to the allowed set. Atoms are NaN
    where their bound is NULL. today is NaN where it is unknown. `start` is the number of the first item in the catalogue.
    """

    start: int
    keys: pa.Array
    value: Floats
    today: Floats
    low: Floats
    high: Floats
    low_open: Bools
    high_open: Bools
    atoms: Floats
    givens: Bools
    in_scope: Bools
    unknown: Bools

    def __len__(self) -> int:
        return len(self.today)


BATCH = 65_536


def frames(line: Line, catalogue: Catalogue, where: str = "true") -> Iterator[Frame]:
    """The items for which a condition holds, in the order of the catalogue, in batches."""
    value = f"coalesce(cast({quoted(catalogue.value)} as double), 0)" if catalogue.value else "cast(0 as double)"
    nan = "cast('nan' as double)"
    columns = [f"{quoted(catalogue.key)} as k", f"{value} as v", f"coalesce({line.today_sql}, {nan}) as t"]
    columns += [f"{end.sql} as e{i}" for i, end in enumerate(line.ends)]
    columns += [f"coalesce({atom.sql}, {nan}) as a{i}" for i, atom in enumerate(line.atoms)]
    columns += [f"cast({sql} as utinyint) as g{i}" for i, (_, sql) in enumerate(line.givens)]
    columns += [f"cast({scope_sql(rule)} as utinyint) as s{i}" for i, rule in enumerate(line.rules)]
    columns += [f"cast({_unknown_sql(rule)} as utinyint) as u{i}" for i, rule in enumerate(line.intervals)]
    query = f"select {', '.join(columns)} from {quoted(catalogue.table)} where {where}"
    start = 0
    for batch in catalogue.connection.cursor().sql(query).to_arrow_reader(BATCH):
        if batch.num_rows:
            yield _frame(line, batch, start)
            start += batch.num_rows


def _unknown_sql(rule: Checked) -> str:
    """SQL that is TRUE where an interval rule in scope may be NULL on an interval of the lever."""
    form = _form(rule)
    if form.unknown_when is None:
        return "false"
    test = render(form.unknown_when)
    return f"({scope_sql(rule)} and coalesce({test}, false))"


def _frame(line: Line, batch: Any, start: int) -> Frame:
    n, r = batch.num_rows, len(line.intervals)
    low, high = np.full((n, r), -np.inf), np.full((n, r), np.inf)
    low_open, high_open = np.zeros((n, r), bool), np.zeros((n, r), bool)
    for i, end in enumerate(line.ends):
        _tighten(low, low_open, high, high_open, end, _numbers(batch, f"e{i}"))
    return Frame(
        start=start, keys=batch.column("k"), value=_numbers(batch, "v"), today=_numbers(batch, "t"),
        low=low, high=high, low_open=low_open, high_open=high_open,
        atoms=_stacked([_numbers(batch, f"a{i}") for i in range(len(line.atoms))], n, float),
        givens=_stacked([_flags(batch, f"g{i}") for i in range(len(line.givens))], n, bool),
        in_scope=_stacked([_flags(batch, f"s{i}") for i in range(len(line.rules))], n, bool),
        unknown=_stacked([_flags(batch, f"u{i}") for i in range(len(line.intervals))], n, bool),
    )  # fmt: skip


def _numbers(batch: Any, name: str) -> Floats:
    """A column of doubles without NULL, read in place."""
    return _values(batch.column(name), np.float64)


def _flags(batch: Any, name: str) -> Bools:
    return _values(batch.column(name), np.uint8).astype(bool)


def _values(array: Any, kind: type) -> NDArray[Any]:
    """The values of an Arrow array without NULL; `to_numpy` would load pandas."""
    return np.frombuffer(array.buffers()[1], dtype=kind)[array.offset : array.offset + len(array)]


def _stacked(columns: list[NDArray[Any]], n: int, kind: type) -> NDArray[Any]:
    return np.column_stack(columns) if columns else np.zeros((n, 0), kind)


def _tighten(low: Floats, low_open: Bools, high: Floats, high_open: Bools, end: End, bound: Floats) -> None:
    """Narrows a rule's interval by one end; of two equal ends the open one is tighter."""
    r, is_open = end.rule, not end.ray.closed
    if end.is_floor:
        tighter = (bound > low[:, r]) | ((bound == low[:, r]) & is_open)
        low[tighter, r] = bound[tighter]
        low_open[tighter, r] = is_open
    else:
        tighter = (bound < high[:, r]) | ((bound == high[:, r]) & is_open)
        high[tighter, r] = bound[tighter]
        high_open[tighter, r] = is_open
