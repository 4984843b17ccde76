"""Minimal conflicts of small instances by Z3: every subset of rules is asked about, each straight from the contract's
words.

Rules are read from their text here, not with the product's own readers. A value is a Fraction, text, None (NULL) or a
Z3
number; a condition is a pair of Z3 truths: where it is TRUE, and where it is FALSE (neither: NULL).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import sqlglot
import z3
from sqlglot import exp

Item = Mapping[str, Any]
YES, NO = z3.BoolVal(True), z3.BoolVal(False)


@dataclass(frozen=True)
class Lever:
    """A number with its range and lattice."""

    name: str
    minimum: Fraction | None = None
    maximum: Fraction | None = None
    step: Fraction | None = None


@dataclass(frozen=True)
class Rule:
    """A constraint as people write it."""

    id: str
    text: str
    where: str | None = None
    within: tuple[str, ...] = ()
    order: str | None = None
    per: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        if self.order is not None:
            return "pair"
        tree = sqlglot.parse_one(self.text, read="duckdb")
        return "aggregate" if tree.find(exp.Sum, exp.Avg, exp.Count, exp.Min, exp.Max) else "item"


@dataclass
class Instance:
    """Items, levers and rules."""

    items: Sequence[Item]
    levers: Sequence[Lever]
    rules: Sequence[Rule]
    tables: dict[str, Any] = field(default_factory=dict)


def minimal_conflicts(instance: Instance) -> set[tuple[str, ...]]:
    """Ids of every minimal conflict: of item rules item by item, of others on the whole catalogue."""
    variables = [{v.name: z3.Real(f"{v.name}_{i}") for v in instance.levers} for i in range(len(instance.items))]
    asked = {rule.id: demands(rule, instance, variables) for rule in instance.rules}
    found: set[tuple[str, ...]] = set()
    item_rules = [r.id for r in instance.rules if r.family == "item"]
    for i in range(len(instance.items)):
        per_item = {id: asked[id][i] for id in item_rules if i in asked[id]}
        background = domain(instance.levers, variables[i], i)
        found |= set(_minimal(per_item, background, set()))
    background = [part for i in range(len(instance.items)) for part in domain(instance.levers, variables[i], i)]
    whole = {id: [z3.And(*parts)] if (parts := [p for at in asked[id].values() for p in at]) else [] for id in asked}
    coupled = set(_minimal(whole, background, found))
    return found | {s for s in coupled if any(id not in item_rules for id in s)}


def _minimal(
    demands: Mapping[str, list[Any]], background: list[Any], known: set[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    ids = sorted(demands)
    solver = z3.Solver()
    solver.add(*background)
    switch = {id: z3.Bool(f"on_{id}") for id in ids}
    for id in ids:
        for part in demands[id]:
            solver.add(z3.Implies(switch[id], part))
    failing = [set(s) for s in known if set(s) <= set(ids)]
    found: list[tuple[str, ...]] = []
    holding: list[set[str]] = []
    for size in range(1, len(ids) + 1):
        for chosen in combinations(ids, size):
            mine = set(chosen)
            if any(f <= mine for f in failing) or any(mine <= h for h in holding):
                continue
            verdict = solver.check(*(switch[id] for id in chosen))
            assert verdict != z3.unknown, chosen
            if verdict == z3.unsat:
                failing.append(mine)
                found.append(chosen)
            else:
                model = solver.model()
                holding.append(
                    {id for id in ids if all(z3.is_true(model.eval(p, model_completion=True)) for p in demands[id])}
                    | mine
                )
    return found


def domain(levers: Sequence[Lever], own: Mapping[str, Any], i: int) -> list[Any]:
    """Ranges and lattices of one item's levers."""
    found = []
    for lever in levers:
        x = own[lever.name]
        found += [x >= _z3(lever.minimum)] if lever.minimum is not None else []
        found += [x <= _z3(lever.maximum)] if lever.maximum is not None else []
        if lever.step is not None:
            found.append(
                x == _z3(lever.minimum or Fraction(0)) + _z3(lever.step) * z3.ToReal(z3.Int(f"k_{lever.name}_{i}"))
            )
    return found


def _z3(value: Any) -> Any:
    return z3.Q(value.numerator, value.denominator) if isinstance(value, Fraction) else value


# What rules demand, by item (item rules) or under -1


def demands(rule: Rule, instance: Instance, variables: list[dict[str, Any]]) -> dict[int, list[Any]]:
    """What a rule demands of the variables: by item for an item rule, else under -1."""
    tree = sqlglot.parse_one(rule.text, read="duckdb")
    scoped = [i for i, item in enumerate(instance.items) if rule.where is None or _fixed(rule.where, item)]
    if rule.family == "item":
        return {i: [z3.Not(_Reader(_names(instance.items[i], variables[i])).truth(tree)[1])] for i in scoped}
    if rule.family == "pair":
        return {-1: [z3.Not(_Reader(names).truth(tree)[1]) for names in _pairs(rule, instance, variables, scoped)]}
    groups: dict[tuple[Any, ...], list[int]] = {} if rule.per else {(): []}
    for i in scoped:
        key = tuple(instance.items[i][c] for c in rule.per)
        if None not in key:
            groups.setdefault(key, []).append(i)
    return {-1: [z3.Not(_Aggregates(instance, variables, members).truth(tree)[1]) for members in groups.values()]}


def _fixed(where: str, item: Item) -> bool:
    return z3.is_true(z3.simplify(_Reader(dict(item)).truth(sqlglot.parse_one(where, read="duckdb"))[0]))


def _names(item: Item, own: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    return {f"{prefix}{name}": value for name, value in {**item, **own}.items()}


def _pairs(rule: Rule, instance: Instance, variables: list[dict[str, Any]], scoped: list[int]) -> list[dict[str, Any]]:
    groups: dict[tuple[Any, ...], list[int]] = {}
    for i in scoped:
        key = tuple(instance.items[i][c] for c in rule.within)
        if None not in key and instance.items[i][rule.order] is not None:
            groups.setdefault(key, []).append(i)
    found = []
    for members in groups.values():
        levels = sorted({instance.items[i][rule.order] for i in members})
        for low, high in pairwise(levels):
            for a in members:
                for b in members:
                    if instance.items[a][rule.order] == low and instance.items[b][rule.order] == high:
                        found.append(
                            {
                                **_names(instance.items[a], variables[a], "lower."),
                                **_names(instance.items[b], variables[b], "upper."),
                            }
                        )
    return found


class _Reader:
    """Values and truths of trees under some names."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names

    def number(self, tree: exp.Expression) -> Any:
        if isinstance(tree, exp.Paren):
            return self.number(tree.this)
        if isinstance(tree, exp.Column):
            value = self.names[f"{tree.table}.{tree.name}" if tree.table else tree.name]
            return Fraction(value) if isinstance(value, (int, Decimal)) else value
        if isinstance(tree, exp.Literal):
            return tree.name if tree.is_string else Fraction(Decimal(tree.name))
        if isinstance(tree, exp.Null):
            return None
        if isinstance(tree, exp.Neg):
            value = self.number(tree.this)
            return None if value is None else -value
        if isinstance(tree, exp.Abs):
            value = self.number(tree.this)
            return (
                value
                if value is None
                else abs(value)
                if isinstance(value, Fraction)
                else z3.If(value >= 0, value, -value)
            )
        if isinstance(tree, exp.Case):
            return self._case(tree)
        a, b = self.number(tree.this), self.number(tree.expression)
        return None if a is None or b is None else self._arithmetic(tree, a, b)

    def _arithmetic(self, tree: exp.Expression, a: Any, b: Any) -> Any:
        if isinstance(tree, exp.Div):
            if isinstance(b, Fraction) and b == 0:
                return None
            return a / b if isinstance(a, Fraction) and isinstance(b, Fraction) else _z3(a) / _z3(b)
        if isinstance(tree, exp.Mod):
            assert isinstance(b, Fraction)
            if isinstance(a, Fraction):
                return a - b * (a // b)
            whole = z3.ToInt(a / _z3(b))
            return a - _z3(b) * z3.ToReal(whole)
        operation = _TWO[type(tree)]
        return operation(a, b) if isinstance(a, Fraction) and isinstance(b, Fraction) else operation(_z3(a), _z3(b))

    def _case(self, tree: exp.Case) -> Any:
        value = self.number(tree.args["default"]) if tree.args.get("default") else None
        for branch in reversed(tree.args["ifs"]):
            then, test = self.number(branch.args["true"]), z3.simplify(self.truth(branch.this)[0])
            if z3.is_true(test):
                value = then
            elif not z3.is_false(test):
                assert value is not None and then is not None
                value = z3.If(test, _z3(then), _z3(value))
        return value

    def truth(self, tree: exp.Expression) -> tuple[Any, Any]:
        if isinstance(tree, exp.Paren):
            return self.truth(tree.this)
        if isinstance(tree, exp.And):
            (a, na), (b, nb) = self.truth(tree.this), self.truth(tree.expression)
            return z3.And(a, b), z3.Or(na, nb)
        if isinstance(tree, exp.Or):
            (a, na), (b, nb) = self.truth(tree.this), self.truth(tree.expression)
            return z3.Or(a, b), z3.And(na, nb)
        if isinstance(tree, exp.Not):
            a, na = self.truth(tree.this)
            return na, a
        if isinstance(tree, exp.Between):
            x, low, high = (self.number(t) for t in (tree.this, tree.args["low"], tree.args["high"]))
            (a, na), (b, nb) = _compare(exp.GTE, x, low), _compare(exp.LTE, x, high)
            return z3.And(a, b), z3.Or(na, nb)
        if isinstance(tree, exp.In):
            parts = [_compare(exp.EQ, self.number(tree.this), self.number(o)) for o in tree.expressions]
            return z3.Or(*(p[0] for p in parts)), z3.And(*(p[1] for p in parts))
        if isinstance(tree, exp.Is):
            value = self.number(tree.this)
            return (YES, NO) if value is None else (NO, YES)
        return _compare(type(tree), self.number(tree.this), self.number(tree.expression))


class _Aggregates(_Reader):
    """The same with aggregates over the items of a group; an item with NULL in any term is left out of all of them."""

    def __init__(self, instance: Instance, variables: list[dict[str, Any]], members: list[int]) -> None:
        super().__init__({})
        self.rows = [_Reader(_names(instance.items[i], variables[i])) for i in members]
        self.known: list[_Reader] | None = None

    def truth(self, tree: exp.Expression) -> tuple[Any, Any]:
        if self.known is None:
            nodes = list(tree.find_all(exp.Sum, exp.Avg, exp.Count, exp.Min, exp.Max))
            self.known = [row for row in self.rows if all(self._is_known(row, node) for node in nodes)]
        return super().truth(tree)

    def _is_known(self, row: _Reader, node: exp.Expression) -> bool:
        test = node.parent.expression.this if isinstance(node.parent, exp.Filter) else None
        if test is not None:
            true, false = row.truth(test)
            if z3.is_false(z3.simplify(z3.Or(true, false))):
                levers = any(isinstance(row.number(c), z3.ExprRef) for c in test.find_all(exp.Column))
                return not levers
            if z3.is_false(z3.simplify(true)):
                return True
        return isinstance(node.this, exp.Star) or row.number(node.this) is not None

    def number(self, tree: exp.Expression) -> Any:
        if isinstance(tree, exp.Filter):
            return self._gathered(tree.this, tree.expression.this)
        if isinstance(tree, (exp.Sum, exp.Avg, exp.Count, exp.Min, exp.Max)):
            return self._gathered(tree, None)
        return super().number(tree)

    def _gathered(self, node: exp.Expression, test: exp.Expression | None) -> Any:
        assert self.known is not None
        parts = []
        for row in self.known:
            holds = YES if test is None else z3.simplify(row.truth(test)[0])
            if z3.is_false(holds):
                continue
            value = Fraction(1) if isinstance(node, exp.Count) else row.number(node.this)
            parts.append((holds, _z3(value)))
        if isinstance(node, exp.Count):
            return z3.Sum([z3.If(h, v, z3.RealVal(0)) for h, v in parts] or [z3.RealVal(0)])
        if not parts:
            return None
        if isinstance(node, (exp.Sum, exp.Avg)):
            total = z3.Sum([z3.If(h, v, z3.RealVal(0)) for h, v in parts])
            return total / len(parts) if isinstance(node, exp.Avg) else total
        best = parts[0][1]
        for _, value in parts[1:]:
            best = z3.If(value > best, value, best) if isinstance(node, exp.Max) else z3.If(value < best, value, best)
        return best


_TWO: dict[type[exp.Expression], Callable[[Any, Any], Any]] = {
    exp.Add: lambda a, b: a + b,
    exp.Sub: lambda a, b: a - b,
    exp.Mul: lambda a, b: a * b,
}


def _compare(kind: type[exp.Expression], a: Any, b: Any) -> tuple[Any, Any]:
    if a is None or b is None:
        return NO, NO
    if isinstance(a, str) or isinstance(b, str):
        same = a == b
        return (YES, NO) if same == (kind is exp.EQ) else (NO, YES)
    a, b = _z3(a), _z3(b)
    tests = {exp.LT: a < b, exp.LTE: a <= b, exp.GT: a > b, exp.GTE: a >= b, exp.EQ: a == b, exp.NEQ: a != b}
    return tests[kind], z3.Not(tests[kind])
