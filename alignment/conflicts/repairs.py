"""The smallest change of each member's own number that clears a conflict, as a person would write it, and tried out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from sqlglot import exp

from alignment.catalogue.reading import quoted
from alignment.conflicts.directions import direction, known_signs
from alignment.conflicts.line import scope_sql
from alignment.conflicts.members import Clash, exact_row, plain, rows_of
from alignment.conflicts.numbers import OwnNumber, added_numbers, own_numbers, text_with
from alignment.conflicts.pairwise import only_pairs, still_apart
from alignment.conflicts.solving import Need, Row, need, targets
from alignment.conflicts.trials import Bench, Ids, Keys, Move, Trial
from alignment.initiative.models import Lever
from alignment.rules.normal import Normal
from alignment.rules.render import render
from alignment.rules.ruleset import Checked, columns_needed

MOST_ITEMS = 120
MANY_CONFLICTS = 30
MOST_ROUNDS = 6
MOST_WORK = 10_000_000
LEAST_CONFLICTS = 20
OVERSHOOT = Fraction(2, 100)
MOST_DECIMALS = 9


@dataclass(frozen=True)
class Tried:
    """Moves that clear a conflict, and what they open: minimal conflicts on items where these were none before."""

    moves: tuple[Move, ...]
    opened: frozenset[Any]
    opens: tuple[str, ...]


@dataclass
class Search:
    """One member of one conflict while its number is looked for; it ends when `tried` is set or no plan is left."""

    clash: Clash
    rule: Checked
    keys: list[Any]
    whole: bool
    needs: list[dict[str, Need]] = field(default_factory=list)
    plans: list[tuple[str, ...]] = field(default_factory=list)
    bumps: int = 0
    done: bool = False
    tried: Tried | None = None


@dataclass
class Repairs:
    """The bench with what was read once: each rule's numbers, exact rows of items, and conflicts before any change."""

    bench: Bench
    clashes: Sequence[Clash]
    numbers: dict[str, list[OwnNumber]] = field(default_factory=dict)
    rows: dict[Any, Row] = field(default_factory=dict)
    sets: dict[Ids, Keys] = field(default_factory=dict)
    scoped: dict[str, int] = field(default_factory=dict)

    def clash(self, ids: Ids) -> Clash:
        """The clash of a set of rules; StopIteration where there is none."""
        return next(c for c in self.clashes if c.ids == ids)

    def before(self, ids: Ids) -> Keys:
        """Keys of a conflict's items before any change."""
        if ids not in self.sets:
            clash = next((c for c in self.clashes if c.ids == ids), None)
            self.sets[ids] = set() if clash is None else {plain(k) for k in clash.keys}
        return self.sets[ids]

    def touched(self, ids: Sequence[str]) -> tuple[Any, ...]:
        """Keys of all items on which one of the rules is in conflict, in a fixed order."""
        found: dict[Any, None] = {}
        for clash in self.clashes:
            if clash.family == "item" and set(ids) & set(clash.ids):
                found.update(dict.fromkeys(plain(k) for k in clash.keys))
        return tuple(found)

    def looked_at(self, clash: Clash) -> list[Any]:
        """Keys of a conflict's items, or of those most likely to need the furthest move where they are many."""
        return [plain(k) for k in (clash.keys if clash.items <= self.most_items else _extremes(clash, self.most_items))]

    @property
    def most_items(self) -> int:
        """Items of a conflict that are looked at first: fewer where there are many conflicts."""
        return MOST_ITEMS if len(self.clashes) <= MANY_CONFLICTS else MOST_ITEMS // 10

    def in_scope(self, rule: Checked) -> int:
        """Number of items in scope of a rule."""
        if rule.id not in self.scoped:
            query = f"select count(*) from {quoted(self.bench.catalogue.table)} where {scope_sql(rule)}"
            row = self.bench.catalogue.connection.execute(query).fetchone()
            self.scoped[rule.id] = int(row[0]) if row else 0
        return self.scoped[rule.id]

    def numbers_of(self, rule: Checked) -> list[OwnNumber]:
        """The rule's own numbers, then those that its bounds could be given."""
        if rule.id not in self.numbers:
            own = own_numbers(rule.id, rule.rule, self.bench.reader)
            added = added_numbers(rule.id, rule.rule, self.bench.reader)
            kept = [n for n in added if n.kind != "added factor" or self._is_positive(n, rule)]
            self.numbers[rule.id] = own + kept
        return self.numbers[rule.id]

    def loosens(self, move: Move) -> bool:
        """Is it certain that the move allows on every item all that was allowed?"""
        signs = known_signs(self.bench.signs, self.bench.rules.levers)
        return direction(move.number, signs) * (move.value - move.number.value) > 0

    def _is_positive(self, number: OwnNumber, rule: Checked) -> bool:
        """Is the bound to be multiplied above zero on every item in scope on which it is known?"""
        column = next(c for c in number.tree.find_all(exp.Column) if c.name == number.name)
        assert column.parent is not None
        table = quoted(self.bench.catalogue.table)
        query = f"select count(*) from {table} where {scope_sql(rule)} and ({render(column.parent.this)}) <= 0"
        row = self.bench.catalogue.connection.execute(query).fetchone()
        return not row or not row[0]

    def exact_rows(self, keys: Sequence[Any]) -> list[Row]:
        """Exact values of all columns that rules use, for items by key; read once."""
        missing = [k for k in dict.fromkeys(keys) if k not in self.rows]
        trees = [t for r in self.bench.rules.checked for t in (r.rule.tree, r.rule.scope) if t is not None]
        columns = [c for c in columns_needed(trees) if c in self.bench.catalogue.kinds]
        for start in range(0, len(missing), 1000):
            part = missing[start : start + 1000]
            for key, row in zip(part, rows_of(self.bench.catalogue, part, columns), strict=True):
                self.rows[key] = exact_row(row)
        return [self.rows[k] for k in keys]


def bound_repairs(repairs: Repairs) -> dict[tuple[Ids, str], Tried]:
    """For each conflict of item rules and each member the smallest move of its number that clears all of the items.

    Members whose number cannot do that alone are absent. Every answer has been tried on the catalogue.
    """
    searches = [_search(clash, id, repairs) for clash in _first(repairs) for id in clash.ids]
    repairs.exact_rows([k for s in searches for k in s.keys])
    for search in searches:
        _plan(search, repairs)
    for _ in range(MOST_ROUNDS):
        active = [(s, t) for s in searches if not s.done and (t := _trial(s, repairs)) is not None]
        if not active:
            break
        engine = [(s, t) for s, t in active if not _judged_alone(s, t, repairs)]
        whole = [Trial(t.moves, _affected(s, t, repairs)) for s, t in engine]
        for (search, _), trial, after in zip(engine, whole, repairs.bench.run(whole), strict=True):
            _judge(search, trial, after, repairs)
    return {(s.clash.ids, s.rule.id): s.tried for s in searches if s.tried is not None}


def _first(repairs: Repairs) -> list[Clash]:
    """Conflicts of item rules whose bounds are looked at: all, unless there are very many on very many items.

    Then those that are hard and have most items come first.
    """
    found = [c for c in repairs.clashes if c.family == "item"]
    most = max(LEAST_CONFLICTS, MOST_WORK // repairs.bench.catalogue.rows)
    hard = {r.id for r in repairs.bench.rules.checked if r.hard}
    return sorted(found, key=lambda c: (not set(c.ids) <= hard, -c.items, c.ids))[:most]


def _search(clash: Clash, id: str, repairs: Repairs) -> Search:
    keys = repairs.looked_at(clash)
    return Search(clash, repairs.bench.rules.of(id), keys, clash.items <= repairs.most_items)


def _extremes(clash: Clash, most: int) -> list[Any]:
    """The worst items and some evenly spread ones; those that turn out to be harder still are added when found."""
    spread = np.linspace(0, clash.items - 1, most // 3).astype(int)
    return list(dict.fromkeys([*clash.worst_first()[: most // 2], *clash.keys[spread]]))


# Plans


def _plan(search: Search, repairs: Repairs) -> None:
    """Which numbers to move, the likeliest first: one if it serves all items, else the first that serves each."""
    names = [n.name for n in repairs.numbers_of(search.rule)]
    plans = [(first, *(n for n in names if n != first)) for first in names]
    search.plans = list(dict.fromkeys(plans))
    if isinstance(search.rule.form, Normal):
        return
    search.done = True


def _needs(search: Search, repairs: Repairs) -> list[dict[str, Need]]:
    """For each item the least move of each number that can let a value in."""
    rules = repairs.bench.rules
    lever = rules.levers.get(search.clash.lever or "")
    others = [rules.of(i) for i in search.clash.ids if i != search.rule.id]
    new = search.keys[len(search.needs) :]
    search.needs += [_item_needs(search.rule, others, lever, row, repairs) for row in repairs.exact_rows(new)]
    return search.needs


def _item_needs(
    rule: Checked, others: Sequence[Checked], lever: Lever | None, row: Row, repairs: Repairs
) -> dict[str, Need]:
    found: dict[str, Need] = {}
    for target in targets(rule, others, lever, row):
        for number in repairs.numbers_of(rule):
            wanted = need(number, target, lever.name if lever else None, row)
            before = found.get(number.name)
            if wanted is not None and (before is None or _size(wanted, number) < _size(before, number)):
                found[number.name] = wanted
    return found


def _size(wanted: Need, number: OwnNumber) -> tuple[Fraction, bool]:
    return abs(wanted.value - number.value), wanted.beyond


def _trial(search: Search, repairs: Repairs) -> Trial | None:
    """The next trial of a search; None when nothing is left to try."""
    needs = _needs(search, repairs)
    while search.plans:
        chosen = _assigned(needs, search.plans[0], repairs.numbers_of(search.rule))
        if chosen is not None:
            moves = tuple(_move(search, number, wanted) for number, wanted in chosen)
            return Trial(moves, None)
        search.plans.pop(0)
        search.bumps = 0
    search.done = True
    return None


def _assigned(
    needs: Sequence[Mapping[str, Need]], plan: Sequence[str], numbers: Sequence[OwnNumber]
) -> list[tuple[OwnNumber, Need]] | None:
    """Each item served by the first number of the plan that can; per number the furthest move.

    None where an item is not served, or a number would have to go both ways.
    """
    by_name = {n.name: n for n in numbers}
    furthest: dict[str, Need] = {}
    for item in needs:
        name = next((n for n in plan if n in item), None)
        if name is None:
            return None
        number, wanted = by_name[name], item[name]
        before = furthest.get(name)
        if before is not None and before.way != wanted.way:
            return None
        if before is None or _size(wanted, number) > _size(before, number):
            furthest[name] = wanted
    return [(by_name[name], furthest[name]) for name in sorted(furthest)]


def _move(search: Search, number: OwnNumber, wanted: Need) -> Move:
    value, decimals = outward(number, wanted, search.bumps)
    return Move(search.rule.id, number, value, decimals)


def outward(number: OwnNumber, wanted: Need, bumps: int = 0) -> tuple[Fraction, int]:
    """A needed value as a person would write it: in the decimals of the number, more only if that went much too far.

    It is reached or passed, never missed. bumps: how many units further, where less was tried and did not do.
    """
    way = wanted.way
    for decimals in range(number.decimals, MOST_DECIMALS + 1):
        unit = Fraction(1, 10**decimals)
        steps = wanted.value / unit
        whole = math.ceil(steps) if way > 0 else math.floor(steps)
        on_it = whole == steps
        value = (whole + way * (bumps + (wanted.beyond and on_it))) * unit
        if on_it or abs(value - wanted.value) <= OVERSHOOT * abs(wanted.value - number.value):
            break
    return value, decimals


# Judging


def _judged_alone(search: Search, trial: Trial, repairs: Repairs) -> bool:
    """Decides a trial by one query where only pairs of intervals can conflict; False where that is not enough."""
    if not all(repairs.loosens(m) for m in trial.moves):
        return False
    if not only_pairs(search.clash, search.rule, repairs.bench, repairs.clashes):
        return False
    left = still_apart(search.clash, search.rule, trial.moves, repairs.bench)
    if left is None:
        return False
    _judge(search, trial, {search.clash.ids: left} if left else {}, repairs)
    return True


def _affected(search: Search, trial: Trial, repairs: Repairs) -> tuple[Any, ...] | None:
    """Keys of the items that a trial can affect; None for all, where it is not certain that it only loosens."""
    return repairs.touched([search.rule.id]) if all(repairs.loosens(m) for m in trial.moves) else None


def _judge(search: Search, trial: Trial, after: Mapping[Ids, Keys], repairs: Repairs) -> None:
    left = after.get(search.clash.ids, set())
    left = left & repairs.before(search.clash.ids) if left else left
    if not left:
        search.tried, search.done = tried(trial, after, repairs), True
        return
    known = set(search.keys)
    if not search.whole and left - known:
        search.keys += sorted(left - known, key=str)[: repairs.most_items // 2]
        return
    search.bumps += 1
    if search.bumps > 2:
        search.plans.pop(0)
        search.bumps = 0


def tried(trial: Trial, after: Mapping[Ids, Keys], repairs: Repairs) -> Tried:
    """What a trial opened: items that are now in a conflict in which they were not, and conflicts that are new."""
    opened: set[Any] = set()
    opens = []
    known = {c.ids for c in repairs.clashes}
    for ids, keys in sorted(after.items()):
        new = keys - repairs.before(ids)
        opened |= new
        if new and ids not in known:
            opens.append("+".join(ids))
    return Tried(trial.moves, frozenset(opened), tuple(opens))


def new_texts(moves: Sequence[Move], bench: Bench) -> Iterator[tuple[str, str, list[Move]]]:
    """For each rule that moves: its id, its whole new text, and its moves."""
    for id in dict.fromkeys(m.rule for m in moves):
        mine = [m for m in moves if m.rule == id]
        text = bench.rules.of(id).constraint.rule
        yield id, text_with(text, [(m.number, m.value, m.decimals) for m in mine]), mine
