"""Changed bounds tried out: many changes in one pass over the items that they can affect, instead of a check for each.

Loosening a rule changes minimal conflicts only on items on which it takes part in one: a new minimal set holds it, and
before the change some part of that set with the rule was minimal already. Those items are written down once per trial,
with the moved numbers as columns, and the item engine runs over them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count
from typing import Any

from sqlglot import exp

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.items import ItemAnswers, item_answers
from alignment.conflicts.members import plain
from alignment.conflicts.numbers import OwnNumber, Reader, fixed, marked_rule, rule_with, text_with
from alignment.initiative.models import Lever
from alignment.rules.normal import Normal, normalise
from alignment.rules.ruleset import Checked, RuleSet, signs_of

ITEM = "accord item"
_COUNT = count(1)

Ids = tuple[str, ...]
Keys = set[Any]


@dataclass(frozen=True)
class Move:
    """One number of one rule, moved."""

    rule: str
    number: OwnNumber
    value: Fraction
    decimals: int

    @property
    def amount(self) -> Fraction:
        return abs(self.value - self.number.value)


@dataclass(frozen=True)
class Trial:
    """Moves made together, and the items to look at (None: all)."""

    moves: tuple[Move, ...]
    keys: tuple[Any, ...] | None


@dataclass(frozen=True)
class Bench:
    """What trials are run on: the rules in force, the catalogue, and how changed texts are read."""

    rules: RuleSet
    catalogue: Catalogue
    reader: Reader
    signs: Mapping[str, int]
    read: dict[tuple[str, str], Checked] = field(default_factory=dict, compare=False)

    def run(self, trials: Sequence[Trial]) -> list[dict[Ids, Keys]]:
        """For each trial the minimal conflicts on its items, with the keys of the items."""
        found: list[dict[Ids, Keys]] = [{} for _ in trials]
        together: dict[Any, list[int]] = {}
        for i, trial in enumerate(trials):
            lever = self.lever(trial.moves[0].rule)
            together.setdefault((lever, self._alone(trial) and trial.moves), []).append(i)
        for (lever, alone), chosen in together.items():
            mine = [trials[i] for i in chosen]
            for i, clashes in zip(chosen, self._on_lever(lever, mine, bool(alone)), strict=True):
                found[i] = clashes
        return found

    def _alone(self, trial: Trial) -> bool:
        """Is a number part of a divisor? Bounds then lie on a common grid only while it is written as a number."""
        return any(_divides(move) for move in trial.moves)

    def lever(self, id: str) -> str | None:
        form = self.rules.of(id).form
        return form.lever if isinstance(form, Normal) else None

    def _on_lever(self, lever: str | None, trials: Sequence[Trial], alone: bool) -> list[dict[Ids, Keys]]:
        changed = {move.rule for trial in trials for move in trial.moves}
        taking_part = [r for r in self.rules.checked if self._takes_part(r, lever, changed)]
        numbers = [] if alone else list({m.number.name: m.number for t in trials for m in t.moves}.values())
        rules = [
            r if r.id not in changed else self.changed(r, trials[0].moves) if alone else self._marked(r, trials)
            for r in taking_part
        ]
        name = f"accord_trials_{next(_COUNT)}"
        stacked, keys = self._stacked(name, trials, numbers)
        try:
            levers: dict[str, Lever] = {lever: self.rules.levers[lever]} if lever else {}
            return _by_trial(item_answers(RuleSet(tuple(rules), (), levers), stacked), keys, len(trials))
        finally:
            self.catalogue.connection.execute(f"drop table if exists {quoted(name)}")

    def changed(self, rule: Checked, moves: Sequence[Move]) -> Checked:
        """The rule with its moves made in its text."""
        mine = [(m.number, m.value, m.decimals) for m in moves if m.rule == rule.id]
        text = text_with(rule.rule.text, mine)
        if (rule.id, text) not in self.read:
            alone = len(mine) == 1 and mine[0][1] >= 0
            read = rule_with(rule.rule, *mine[0], text) if alone else self.reader.rule(text, rule.rule)
            assert read is not None  # a number was replaced by a number
            self.read[rule.id, text] = Checked(rule.constraint, read, normalise(read, self.rules.levers, self.signs))
        return self.read[rule.id, text]

    def _takes_part(self, rule: Checked, lever: str | None, changed: set[str]) -> bool:
        if not isinstance(rule.form, Normal):
            return False
        return rule.form.lever == lever if lever else rule.id in changed

    def _marked(self, rule: Checked, trials: Sequence[Trial]) -> Checked:
        """The rule with each number that some trial moves as a column."""
        numbers = {m.number.name: m.number for t in trials for m in t.moves if m.rule == rule.id}
        read = marked_rule(rule.rule, list(numbers.values()), self.reader)
        assert read is not None  # each of the numbers was found in this text
        signs = {**self.signs, **{n.name: 1 for n in numbers.values() if _stays_positive(n, trials)}}
        return Checked(rule.constraint, read, normalise(read, self.rules.levers, signs))

    def _stacked(
        self, name: str, trials: Sequence[Trial], numbers: Sequence[OwnNumber]
    ) -> tuple[Catalogue, list[tuple[int, Any]]]:
        """A table of the trials' items, one after the other, with the moved numbers as columns; what each row is."""
        connection, table, key = self.catalogue.connection, quoted(self.catalogue.table), quoted(self.catalogue.key)
        rows = self._rows(trials)
        scale = _scale(trials)
        columns = "".join(f", n.c{i} as {quoted(number.name)}" for i, number in enumerate(numbers))
        items = "(select unnest(?) as item, unnest(?) as trial, unnest(?) as key) i"
        values = _numbers_table(trials, numbers, scale)
        connection.execute(
            f"create or replace table {quoted(name)} as select i.item as {quoted(ITEM)}{columns}, c.* "
            f"from {items} join {values} on n.trial = i.trial "
            f"join {table} c on c.{key} = i.key order by i.item",
            [list(range(len(rows))), [row[0] for row in rows], [row[1] for row in rows]],
        )
        kind = f"DECIMAL(18,{scale})"
        names = [number.name for number in numbers]
        stacked = replace(
            self.catalogue, table=name, key=ITEM, value=None, rows=len(rows),
            kinds={**self.catalogue.kinds, ITEM: "number", **dict.fromkeys(names, "number")},
            types={**self.catalogue.types, ITEM: "BIGINT", **dict.fromkeys(names, kind)},
        )  # fmt: skip
        return stacked, rows

    def _rows(self, trials: Sequence[Trial]) -> list[tuple[int, Any]]:
        every: list[Any] | None = None
        rows: list[tuple[int, Any]] = []
        for i, trial in enumerate(trials):
            if trial.keys is None and every is None:
                every = self.all_keys()
            rows += [(i, key) for key in (every if trial.keys is None else trial.keys) or ()]
        return rows

    def all_keys(self) -> list[Any]:
        """Keys of all items."""
        query = f"select {quoted(self.catalogue.key)} from {quoted(self.catalogue.table)}"
        return [row[0] for row in self.catalogue.connection.execute(query).fetchall()]


def _by_trial(answers: ItemAnswers, rows: Sequence[tuple[int, Any]], trials: int) -> list[dict[Ids, Keys]]:
    found: list[dict[Ids, Keys]] = [{} for _ in range(trials)]
    for clash in answers.clashes:
        for item in clash.keys:
            trial, key = rows[int(plain(item))]
            found[trial].setdefault(clash.ids, set()).add(key)
    return found


def _divides(move: Move) -> bool:
    """Does solving for the lever divide by the number, as in `(price - cost) / price >= 0.2`?"""
    number = move.number
    column = next(c for c in number.comparison.find_all(exp.Column) if c.name == number.name)
    if number.kind == "factor" and not isinstance(column.parent, exp.Mul):
        return True
    sides = (number.comparison.this, number.comparison.expression)
    is_quotient = any(side.find(exp.Div) for side in sides) and not any(side.find(exp.Abs) for side in sides)
    return number.kind == "bound" and is_quotient


def _stays_positive(number: OwnNumber, trials: Sequence[Trial]) -> bool:
    values = [m.value for t in trials for m in t.moves if m.number.name == number.name]
    return number.value > 0 and all(v > 0 for v in values)


def _scale(trials: Sequence[Trial]) -> int:
    moves = [m for t in trials for m in t.moves]
    return max(max(m.decimals, m.number.decimals) for m in moves)


def _numbers_table(trials: Sequence[Trial], numbers: Sequence[OwnNumber], scale: int) -> str:
    """The numbers of each trial as SQL: moved where the trial moves them, else as they are written."""
    rows = []
    for i, trial in enumerate(trials):
        moved = {m.number.name: m.value for m in trial.moves}
        cells = [_decimal(moved.get(n.name, n.value), scale) for n in numbers]
        rows.append(f"({', '.join([str(i), *cells])})")
    names = ", ".join(["trial", *(f"c{i}" for i in range(len(numbers)))])
    return f"(values {', '.join(rows)}) as n({names})"


def _decimal(value: Fraction, scale: int) -> str:
    sign = "-" if value < 0 else ""
    return f"cast('{sign}{fixed(abs(value), scale)}' as decimal(18, {scale}))"


def bench_of(rules: RuleSet, catalogue: Catalogue, reader: Reader) -> Bench:
    """A bench for the rules in force on a catalogue."""
    return Bench(rules, catalogue, reader, signs_of(catalogue, [c.rule for c in rules.checked]))
