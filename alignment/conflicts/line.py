"""One numeric lever's rules on a catalogue: the ends of their intervals, the comparisons of their unions, and the
grid of both.

What is fetched is the columns behind the bounds, not the bounds: `cost * 1.08` and `cost * 1.2` are one column read
once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from sqlglot import exp

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.batches import Bools as Bools
from alignment.conflicts.batches import Floats as Floats
from alignment.conflicts.batches import Number
from alignment.initiative.models import Lever
from alignment.rules.algebra import Value, bare, number_of, tree_of
from alignment.rules.exact import grid
from alignment.rules.formula import FALSE, Both, Compare, Either, Formula, Given, Logic, Not, Residue
from alignment.rules.normal import Normal, Ray
from alignment.rules.render import render
from alignment.rules.ruleset import Checked

FINEST_GRID = 10**12


@dataclass(frozen=True)
class End:
    """One bound that an interval rule sets where all of `tests` (SQL of conditions, never NULL) are true."""

    rule: int
    ray: Ray
    number: Number
    tests: tuple[str, ...]
    grid: int | None

    @property
    def is_floor(self) -> bool:
        return self.ray.side != "ceiling"


@dataclass(frozen=True)
class Atom:
    """A comparison inside a union rule, false where its bound is NULL."""

    part: Compare
    number: Number
    grid: int | None


@dataclass(frozen=True)
class Line:
    """Rules over one lever: interval rules with their ends, and union rules with their atoms and conditions.

    scopes: SQL by rule, `true` where it applies to all items. unknowns: SQL by rule of where it is NULL on an interval;
    for the rules of `doubts` of where it may be. nulls: the same without the scope. doubts: by number of a rule, the
    line of one rule that forbids where it is NULL. partial_grid: points per lever unit of the grid on which the bounds
    lie that lie on one.
    """

    lever: Lever
    intervals: tuple[Checked, ...]
    unions: tuple[Checked, ...]
    ends: tuple[End, ...]
    atoms: tuple[Atom, ...]
    givens: tuple[tuple[Given, str], ...]
    residues: tuple[Residue, ...]
    scopes: tuple[str, ...]
    unknowns: tuple[str, ...]
    nulls: tuple[str, ...]
    doubts: Mapping[int, Line]
    partial_grid: int
    whole: bool
    today: Number | None
    today_grid: int | None

    @property
    def grid(self) -> int | None:
        """Points per lever unit of the grid on which every bound lies; None where some bound lies on none."""
        return self.partial_grid if self.whole else None

    @cached_property
    def rules(self) -> tuple[Checked, ...]:
        return self.intervals + self.unions

    @cached_property
    def floors(self) -> dict[int, list[End]]:
        """The lower ends of each interval rule that has some."""
        return _by_rule(e for e in self.ends if e.is_floor)

    @cached_property
    def ceilings(self) -> dict[int, list[End]]:
        """The upper ends of each interval rule that has some."""
        return _by_rule(e for e in self.ends if not e.is_floor)

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """SQL of the columns behind all bounds, each once."""
        every = [e.number for e in self.ends] + [a.number for a in self.atoms] + ([self.today] if self.today else [])
        own = [n.sql for n in every if n.sql is not None]
        return tuple(dict.fromkeys([*own, *(sql for line in self.doubts.values() for sql in line.numbers)]))

    @cached_property
    def flags(self) -> tuple[str, ...]:
        """SQL of all conditions that are not the same on every item, each once."""
        every = [
            *self.scopes,
            *self.unknowns,
            *(sql for _, sql in self.givens),
            *(t for e in self.ends for t in e.tests),
        ]
        every += [sql for line in self.doubts.values() for sql in line.flags]
        return tuple(dict.fromkeys(sql for sql in every if sql not in ("true", "false")))


def _by_rule(ends: Any) -> dict[int, list[End]]:
    found: dict[int, list[End]] = {}
    for end in ends:
        found.setdefault(end.rule, []).append(end)
    return found


def line_of(lever: Lever, rules: Sequence[Checked], casts: Mapping[str, str], scales: Mapping[str, int | None]) -> Line:
    """The line of a lever. casts: SQL of each number column as a finite double. scales: decimals of each column."""
    line = _asserted(lever, rules, casts, scales)
    doubts = {i: _doubt(r, lever, casts, scales) for i, r in enumerate(line.rules) if _is_doubtful(r)}
    nulls = tuple(_null_sql(r, lever) for r in line.rules)
    unknowns = tuple(_both(scope, null) for scope, null in zip(line.scopes, nulls, strict=True))
    return replace(line, unknowns=unknowns, nulls=nulls, doubts=doubts)


def _asserted(
    lever: Lever, rules: Sequence[Checked], casts: Mapping[str, str], scales: Mapping[str, int | None]
) -> Line:
    """The line, not asking where rules are NULL."""
    intervals = tuple(r for r in rules if _form(r).rays is not None)
    unions = tuple(r for r in rules if _form(r).rays is None)
    ends = tuple(
        End(i, ray, number_at(ray.bound, casts), tests_of(rule, ray), grid(ray.bound, scales))
        for i, rule in enumerate(intervals)
        for ray in _form(rule).rays or ()
    )
    parts = list(dict.fromkeys(part for rule in unions for part in leaves(_form(rule).logic.forbidden())))
    atoms = tuple(Atom(p, number_at(p.bound, casts), grid(p.bound, scales)) for p in parts if isinstance(p, Compare))
    givens = tuple((p, f"coalesce({render(p.tree)}, false)") for p in parts if isinstance(p, Given))
    residues = tuple(p for p in parts if isinstance(p, Residue))
    today = None if lever.current is None else Number(casts.get(lever.current, "cast(null as double)"))
    scale = scales.get(lever.current or "")
    today_grid = None if scale is None else 10**scale
    ordered = (*intervals, *unions)
    return Line(
        lever, intervals, unions, ends, atoms, givens, residues,
        tuple(scope_sql(r) for r in ordered), ("false",) * len(ordered), ("false",) * len(ordered), {},
        *_common_grid(lever, ends, atoms, residues, today_grid), today, today_grid,
    )  # fmt: skip


def _is_doubtful(rule: Checked) -> bool:
    form = _form(rule)
    return (form.rays is None or form.unknown_when is None) and form.logic.unknown() != FALSE


def _doubt(rule: Checked, lever: Lever, casts: Mapping[str, str], scales: Mapping[str, int | None]) -> Line:
    """A line with one rule, without scope, that forbids the values at which the rule is NULL."""
    unknown = _form(rule).logic.unknown()
    dressed = replace(
        rule, rule=replace(rule.rule, scope=None), form=Normal(lever.name, Logic(FALSE, unknown), None, FALSE_TREE)
    )
    smooth = lever.model_copy(update={"step": None, "current": None})
    return _asserted(smooth, [dressed], casts, scales)


def part_of(line: Line, members: Sequence[int]) -> tuple[Line, list[int], list[int], list[int]]:
    """The line with only some of its rules, by number; the members' new numbers, and which intervals and atoms are
    left."""
    n = len(line.intervals)
    intervals, unions = [m for m in members if m < n], [m for m in members if m >= n]
    order = [*intervals, *unions]
    wanted = {part for m in unions for part in leaves(_form(line.rules[m]).logic.forbidden())}
    atoms = [t for t, atom in enumerate(line.atoms) if atom.part in wanted]
    part = replace(
        line, intervals=tuple(line.rules[m] for m in intervals), unions=tuple(line.rules[m] for m in unions),
        ends=tuple(replace(e, rule=intervals.index(e.rule)) for e in line.ends if e.rule in intervals),
        atoms=tuple(line.atoms[t] for t in atoms), scopes=tuple(line.scopes[m] for m in order),
        unknowns=tuple(line.unknowns[m] for m in order), nulls=tuple(line.nulls[m] for m in order), doubts={},
    )  # fmt: skip
    return part, [order.index(m) for m in members], intervals, atoms


def _form(rule: Checked) -> Normal:
    assert isinstance(rule.form, Normal)
    return rule.form


def leaves(formula: Formula) -> list[Formula]:
    """The comparisons, endings, conditions and constants that a formula is made of."""
    if isinstance(formula, (Both, Either)):
        return [p for part in formula.parts for p in leaves(part)]
    return leaves(formula.part) if isinstance(formula, Not) else [formula]


def leans_on_range(rule: Checked, lever: Lever) -> bool:
    """May the normal form of a rule be another one without the lever's range: does it divide by the lever, or end at
    the range?"""
    divisors = (node.expression for node in rule.rule.tree.find_all(exp.Div, exp.Mod))
    if any(c.name == lever.name for divisor in divisors for c in divisor.find_all(exp.Column)):
        return True
    ends = {Fraction(v) for v in (lever.minimum, lever.maximum) if v is not None}
    rays = _form(rule).rays
    return any(isinstance(ray.bound, Fraction) and ray.bound in ends for ray in rays or ())


def scope_sql(rule: Checked) -> str:
    """SQL that is TRUE for the items in scope of a rule, else FALSE."""
    return "true" if rule.rule.scope is None else f"coalesce({render(rule.rule.scope)}, false)"


def tests_of(rule: Checked, ray: Ray) -> tuple[str, ...]:
    """SQL of the conditions, never NULL, under which a rule sets an end; none where it always does."""
    told = ray.when is None or _says_known(ray.when, ray.bound)
    when = "true" if told or ray.when is None else f"coalesce({render(ray.when)}, false)"
    return tuple(t for t in (scope_sql(rule), when) if t != "true")


def _says_known(when: exp.Expression, bound: Value) -> bool:
    """Does a condition say no more than that the column of a bound is not NULL?"""
    test = bare(when)
    inside = bare(test.this) if isinstance(test, exp.Not) else None
    if isinstance(bound, Fraction) or not isinstance(inside, exp.Is) or not isinstance(inside.expression, exp.Null):
        return False
    multiple, column = _multiple(bound), bare(inside.this)
    return multiple is not None and isinstance(column, exp.Column) and column.name == multiple[0].name


def _both(scope: str, test: str) -> str:
    return test if scope == "true" or test == "false" else f"({scope} and {test})"


def _null_sql(rule: Checked, lever: Lever) -> str:
    """SQL that is TRUE where a rule is NULL on an interval of the lever, or may be where that is in doubt."""
    form = _form(rule)
    if form.rays is not None and form.unknown_when is not None:
        return (
            f"coalesce({render(_on_columns(form.unknown_when))}, false)" if form.unknown_when != FALSE_TREE else "false"
        )
    return _may_be_null(rule, lever) if _is_doubtful(rule) else "false"


def _on_columns(tree: exp.Expression) -> exp.Expression:
    """A condition in which multiples of a column that are asked to be NULL are the column itself."""
    root = exp.Paren(this=tree.copy())
    for test in root.find_all(exp.Is):
        multiple = _multiple(test.this) if isinstance(test.expression, exp.Null) else None
        if multiple is not None:
            test.set("this", multiple[0].copy())
    found: exp.Expression = root.this
    return found


def _may_be_null(rule: Checked, lever: Lever) -> str:
    """SQL that is TRUE where some column of a rule is NULL or some divisor zero; everywhere where it may be NULL
    otherwise."""
    tree = rule.rule.tree
    if tree.find(*_NULL_MAKERS) or any(not case.args.get("default") for case in tree.find_all(exp.Case)):
        return "true"
    columns = sorted({c.name for c in tree.find_all(exp.Column)} - {lever.name})
    tests = [f"{quoted(c)} is null" for c in columns]
    for node in tree.find_all(exp.Div, exp.Mod):
        if all(c.name != lever.name for c in node.expression.find_all(exp.Column)):
            tests.append(f"coalesce(({render(node.expression)}) = 0, true)")
    return f"({' or '.join(dict.fromkeys(tests))})" if tests else "true"


_NULL_MAKERS = (exp.Null, exp.Nullif, exp.Ln, exp.Sqrt, exp.Exp)
FALSE_TREE = exp.Boolean(this=False)


def number_at(value: Value, casts: Mapping[str, str]) -> Number:
    """A bound as a multiple of a column where it is one, else as SQL of its own."""
    if isinstance(value, Fraction):
        return Number(None, Fraction(0), value)
    multiple = _multiple(value)
    if multiple is not None and multiple[0].name in casts:
        column, factor, offset = multiple
        return Number(casts[column.name], factor, offset)
    return Number(f"cast({render(tree_of(value), casts)} as double)")


def _multiple(tree: exp.Expression) -> tuple[exp.Column, Fraction, Fraction] | None:
    """A column with a factor and an offset, where the tree is no more than that."""
    tree = bare(tree)
    if isinstance(tree, exp.Column):
        return tree, Fraction(1), Fraction(0)
    if isinstance(tree, exp.Neg):
        inner = _multiple(tree.this)
        return None if inner is None else (inner[0], -inner[1], -inner[2])
    if not isinstance(tree, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
        return None
    left, right = number_of(tree.this), number_of(tree.expression)
    inner = _multiple(tree.this) if right is not None else _multiple(tree.expression) if left is not None else None
    if inner is None:
        return None
    column, factor, offset = inner
    if isinstance(tree, (exp.Add, exp.Sub)):
        return _shifted(tree, inner, left, right)
    if isinstance(tree, exp.Div):
        return (column, factor / right, offset / right) if right else None
    by = right if right is not None else left
    return None if by is None else (column, factor * by, offset * by)


def _shifted(
    tree: exp.Expression, inner: tuple[exp.Column, Fraction, Fraction], left: Fraction | None, right: Fraction | None
) -> tuple[exp.Column, Fraction, Fraction]:
    column, factor, offset = inner
    minus = isinstance(tree, exp.Sub)
    if right is not None:
        return column, factor, offset - right if minus else offset + right
    assert left is not None
    return (column, -factor, left - offset) if minus else (column, factor, left + offset)


def _common_grid(
    lever: Lever, ends: Sequence[End], atoms: Sequence[Atom], residues: Sequence[Residue], today: int | None
) -> tuple[int, bool]:
    """The grid of the bounds that lie on one, with the lever's own numbers, and whether all bounds do."""
    grids = [e.grid for e in ends if e.ray.side != "nothing"] + [a.grid for a in atoms]
    own = [Fraction(v).denominator for v in (lever.minimum, lever.maximum, lever.step) if v is not None]
    own += [v.denominator for r in residues for v in (r.modulus, r.value)]
    whole = math.lcm(*own, *(g for g in grids if g is not None))
    if whole > FINEST_GRID:
        return math.lcm(*own), False
    with_today = math.lcm(whole, today or 1)
    return with_today if with_today <= FINEST_GRID else whole, all(g is not None for g in grids)


def casts_of(catalogue: Catalogue) -> dict[str, str]:
    """SQL of every number column as a double that is NULL where it is infinite or not a number."""
    casts: dict[str, str] = {}
    for name, kind in catalogue.kinds.items():
        if kind != "number":
            continue
        column = quoted(name)
        floating = catalogue.types[name].upper() in ("DOUBLE", "FLOAT", "REAL")
        casts[name] = (
            f"case when isfinite({column}) then cast({column} as double) end"
            if floating
            else f"cast({column} as double)"
        )
    return casts
