"""What repairs are worked out from: the rules' numbers, exact rows of items, conflicts before a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from sqlglot import exp

from alignment.catalogue.reading import quoted
from alignment.conflicts.directions import direction, known_signs
from alignment.conflicts.line import scope_sql
from alignment.conflicts.members import Clash, exact_row, plain, rows_of
from alignment.conflicts.members import Keys as ByNumber
from alignment.conflicts.numbers import OwnNumber, added_numbers, own_numbers
from alignment.conflicts.solving import Row, interval
from alignment.conflicts.telling import Mark, marks
from alignment.conflicts.trials import Bench, Ids, Keys, Move, Trial
from alignment.conflicts.troubled import Troubled
from alignment.rules.render import render
from alignment.rules.ruleset import Checked

MOST_ITEMS = 120
MANY_CONFLICTS = 30
MOST_EFFORT = 4_000_000


@dataclass
class Repairs:
    """The bench with what was read once: each rule's numbers, exact rows of items, and conflicts before any change."""

    bench: Bench
    clashes: Sequence[Clash]
    numbers: dict[str, list[OwnNumber]] = field(default_factory=dict)
    added: dict[str, list[OwnNumber]] = field(default_factory=dict)
    rows: dict[Any, Row] = field(default_factory=dict)
    sets: dict[Ids, Keys] = field(default_factory=dict)
    scoped: dict[str, int] = field(default_factory=dict)
    chosen: dict[Ids, list[Any]] = field(default_factory=dict)
    awaited: list[Any] = field(default_factory=list)
    looked: dict[Ids, list[Any]] = field(default_factory=dict)
    signs: dict[str, int] = field(default_factory=dict)
    readable: dict[str, bool] = field(default_factory=dict)
    spans: dict[tuple[str, str, Any], tuple[Any, Any]] = field(default_factory=dict)
    effort: int = 0

    @cached_property
    def by_ids(self) -> dict[Ids, Clash]:
        """Conflicts of item rules by the ids of their rules."""
        return {c.ids: c for c in self.clashes}

    @cached_property
    def troubled(self) -> Troubled:
        """The items of all conflicts, as arrays."""
        return Troubled(self.bench, self.clashes)

    @cached_property
    def marks(self) -> dict[tuple[str, Ids], list[Mark]]:
        """By rule and conflict what sets the conflict's items apart in the rule's scope."""
        return marks([c for c in self.clashes if c.family == "item"], self.bench, self.troubled.shelf)

    def before(self, ids: Ids) -> Keys:
        """Keys of a conflict's items before any change."""
        if ids not in self.sets:
            clash = self.by_ids.get(ids)
            self.sets[ids] = set() if clash is None else {plain(k) for k in clash.keys}
        return self.sets[ids]

    def touched(self, ids: Sequence[str]) -> tuple[Any, ...]:
        """Keys of all items on which one of the rules is in conflict, in a fixed order."""
        found: dict[Any, None] = {}
        for clash in self.clashes:
            if clash.family == "item" and set(ids) & set(clash.ids):
                found.update(dict.fromkeys(plain(k) for k in clash.keys))
        return tuple(found)

    def affords(self, trial: Trial) -> bool:
        """May the engine look at all that a trial can affect? Not once it has looked at four million items."""
        loosens = all(self.loosens(m) for m in trial.moves)
        self.effort += self._reach({m.rule for m in trial.moves}) if loosens else self.bench.catalogue.rows
        return self.effort <= MOST_EFFORT

    def _reach(self, ids: set[str]) -> int:
        """On how many items one of some rules is in conflict, at most."""
        touching = [c for c in self.clashes if c.family == "item" and ids & set(c.ids)]
        marked = np.zeros(self.bench.catalogue.rows, bool)
        for clash in touching:
            if isinstance(clash.keys, ByNumber):
                marked[clash.keys.rows] = True
        return int(np.count_nonzero(marked)) + sum(c.items for c in touching if not isinstance(c.keys, ByNumber))

    def looked_at(self, clash: Clash) -> list[Any]:
        """Keys of a conflict's items, or of those most likely to need the furthest move where they are many."""
        if clash.ids not in self.chosen:
            found = clash.keys if clash.items <= self.most_items else _extremes(clash, self.most_items)
            self.chosen[clash.ids] = [plain(k) for k in found]
            self.awaited += self.chosen[clash.ids]
        return list(self.chosen[clash.ids])

    def look_at(self, clash: Clash, keys: Sequence[Any]) -> None:
        """Notes items on which both sides of a conflict are to be moved far enough."""
        known = self.looked.setdefault(clash.ids, [])
        known += [k for k in keys if k not in known]

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
        """The rule's own numbers."""
        if rule.id not in self.numbers:
            self.numbers[rule.id] = own_numbers(rule.id, rule.rule, self.bench.reader)
        return self.numbers[rule.id]

    def added_to(self, rule: Checked) -> list[OwnNumber]:
        """The numbers that the bounds of a rule could be given."""
        if rule.id not in self.added:
            found = added_numbers(rule.id, rule.rule, self.bench.reader)
            self.added[rule.id] = [n for n in found if n.kind != "added factor" or self._is_positive(n, rule)]
        return self.added[rule.id]

    def loosens(self, move: Move) -> bool:
        """Is it certain that the move allows on every item all that was allowed?"""
        self.signs = self.signs or known_signs(self.bench.signs, self.bench.rules.levers)
        return direction(move.number, self.signs) * (move.value - move.number.value) > 0

    def _is_positive(self, number: OwnNumber, rule: Checked) -> bool:
        """Is the bound to be multiplied above zero on every item in scope on which it is known?"""
        column = next(c for c in number.tree.find_all(exp.Column) if c.name == number.name)
        assert column.parent is not None
        table = quoted(self.bench.catalogue.table)
        query = f"select count(*) from {table} where {scope_sql(rule)} and ({render(column.parent.this)}) <= 0"
        row = self.bench.catalogue.connection.execute(query).fetchone()
        return not row or not row[0]

    def exact_rows(self, keys: Sequence[Any]) -> list[Row]:
        """Exact values of all columns that rules use, by key; read once, together with what is looked at later."""
        if all(k in self.rows for k in keys):
            return [self.rows[k] for k in keys]
        missing = [k for k in dict.fromkeys([*keys, *self.awaited]) if k not in self.rows]
        self.awaited = []
        for key, row in zip(missing, rows_of(self.bench.catalogue, missing, self.troubled.columns), strict=True):
            self.rows[key] = exact_row(row)
        return [self.rows[k] for k in keys]

    def interval(self, rule: Checked, key: Any) -> tuple[Any, Any]:
        """Lower and upper end of an interval rule on an item, exactly, as `solving.interval` has them; read once."""
        name = rule.id, rule.rule.text, key
        if name not in self.spans:
            self.spans[name] = interval([rule], self.exact_rows([key])[0])
        return self.spans[name]


def _extremes(clash: Clash, most: int) -> list[Any]:
    """The worst items and some evenly spread ones; those that turn out to be harder still are added when found."""
    spread = np.linspace(0, clash.items - 1, most // 3).astype(int)
    return list(dict.fromkeys([*clash.worst_first()[: most // 2], *clash.keys[spread]]))
