"""Everything that coupled rules speak about, in arrays: slots with their cells, rows, and the components they fall
into.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.coupled.aggregates import AggregateForm, read_aggregate
from alignment.conflicts.coupled.groups import Builder, add_groups, known_sql
from alignment.conflicts.coupled.points import PointForm, Told, add_points, read_points
from alignment.conflicts.coupled.rows import Drafts, ExactRows, Rows
from alignment.conflicts.coupled.strips import Strip, Words, finite_strip, strip_of
from alignment.conflicts.endings import Pieces
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints
from alignment.rules.algebra import NotNormal
from alignment.rules.formula import Formula
from alignment.rules.normal import Linked, Normal
from alignment.rules.parse import Rule
from alignment.rules.ruleset import Checked, Choice, RuleSet, bind_aggregates, signs_of


@dataclass(frozen=True)
class Slots:
    """V levers of items, with C cells each (absent: `first` NaN). lever, item: numbers; -1 for an auxiliary unknown."""

    lever: Ints
    item: Ints
    first: Floats
    last: Floats
    first_open: Bools
    last_open: Bools
    pattern: NDArray[np.int16]
    forbidden: Words
    today: Floats
    unsure: Bools
    unit: Floats

    def __len__(self) -> int:
        return len(self.lever)


@dataclass(frozen=True)
class Grid:
    """How values of one lever lie: points per unit, steps, and endings where there are several."""

    scale: int
    step: int | None
    origin: int
    ends: Pieces | None


@dataclass(frozen=True)
class Component:
    """Slots and rows that no row ties to others, and the rules that speak about them, as bits of whole numbers."""

    number: int
    slots: Ints
    rows: Ints
    rules: int


@dataclass
class Model:
    """Rules 0…I-1 are item rules, then the coupled ones; sets of rules are bits of whole numbers.

    builders: by id what the rows of each aggregate rule were built from. scopes: items in scope of item rules, by
    number, read when first asked for.
    """

    catalogue: Catalogue
    items: tuple[Checked, ...]
    coupled: tuple[Checked, ...]
    opaque: dict[str, str]
    told: dict[str, Told]
    known: dict[str, str]
    builders: dict[str, Builder]
    slots: Slots
    grids: tuple[Grid, ...]
    strips: tuple[Strip, ...]
    rows: Rows
    components: list[Component]
    lever_rules: tuple[tuple[int, ...], ...]
    keys: list[Any]
    numbers: Ints
    component_of_slot: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    scopes: dict[int, Bools] = field(default_factory=dict)

    def bound_rule(self, rule: Checked) -> Rule:
        """A rule with its aggregates over columns alone replaced by their values."""
        return bind_aggregates(rule.rule, self.catalogue)

    def id(self, rule: int) -> str:
        return (self.items + self.coupled)[rule].id

    def ids(self, rules: int) -> tuple[str, ...]:
        """Sorted ids of a set of rules."""
        return tuple(sorted(self.id(r) for r in range(rules.bit_length()) if rules >> r & 1))

    @property
    def coupled_bits(self) -> int:
        return ((1 << len(self.coupled)) - 1) << len(self.items)

    def words(self, rules: int) -> NDArray[np.uint64]:
        """A set of rules as words of each lever's own item rules: levers by words."""
        width = self.slots.forbidden.shape[2]
        found = np.zeros((len(self.grids), width), np.uint64)
        for lever, numbers in enumerate(self.lever_rules):
            for bit, rule in enumerate(numbers):
                if rules >> rule & 1:
                    found[lever, bit // 64] |= np.uint64(1 << (bit % 64))
        return found

    def active(self, rules: int) -> Bools:
        """Which coupled rules are in a set."""
        base = len(self.items)
        return np.array([bool(rules >> (base + k) & 1) for k in range(len(self.coupled))], bool)


def is_coupled(rule: Checked) -> bool:
    """A ladder, an aggregate, or a rule that links levers."""
    return rule.form is None or isinstance(rule.form, Linked)


def model_of(rules: RuleSet, catalogue: Catalogue) -> Model:
    """Reads the coupled rules of a rule set and lays out the items they touch."""
    coupled = [r for r in rules.checked if is_coupled(r)]
    opaque: dict[str, str] = {}
    signs = signs_of(catalogue, [r.rule for r in coupled])
    forms = [(rule, _form(rule, rules, signs, catalogue, opaque)) for rule in coupled]
    names = sorted({n for rule, form in forms if form is not None for n in rule.rule.levers})
    by_lever = {
        n: [r for r in rules.checked if isinstance(r.form, (Normal, Choice)) and r.form.lever == n] for n in names
    }
    strips, conditions = _strips(
        names, by_lever, [f for _, f in forms if isinstance(f, AggregateForm)], rules, catalogue
    )
    for rule, form in forms:
        if form is not None and any(strips[n] is None for n in rule.rule.levers):
            opaque[rule.id] = "the endings of its lever repeat over too long a stretch"
    laid = {n: s for n, s in strips.items() if s is not None}
    keys = [
        row[0]
        for row in catalogue.connection.execute(
            f"select {quoted(catalogue.key)} from {quoted(catalogue.table)}"
        ).fetchall()
    ]
    usable = [(rule, form) for rule, form in forms if form is not None and rule.id not in opaque]
    return _laid_out(usable, laid, conditions, rules, catalogue, keys, opaque)


def _form(
    rule: Checked, rules: RuleSet, signs: Mapping[str, int], catalogue: Catalogue, opaque: dict[str, str]
) -> PointForm | AggregateForm | None:
    try:
        if rule.rule.family == "aggregate":
            return read_aggregate(rule, rules.levers, signs)
        return read_points(rule, rules.levers, catalogue)
    except NotNormal as reason:
        opaque[rule.id] = str(reason)
        return None


def _strips(
    names: Sequence[str],
    by_lever: Mapping[str, list[Checked]],
    aggregates: Sequence[AggregateForm],
    rules: RuleSet,
    catalogue: Catalogue,
) -> tuple[dict[str, Strip | None], dict[str, list[Formula]]]:
    strips: dict[str, Strip | None] = {}
    conditions: dict[str, list[Formula]] = {}
    for name in names:
        lever = rules.levers[name]
        conditions[name] = list(dict.fromkeys(f for form in aggregates for f in form.conditions(name)))
        if lever.values is not None:
            strips[name] = finite_strip(lever, by_lever[name], [], catalogue)
        else:
            like = aggregates[0].checked if aggregates else rules.checked[0]
            strips[name] = strip_of(lever, by_lever[name], conditions[name], like, catalogue)
    return strips, conditions


def _laid_out(
    usable: Sequence[tuple[Checked, PointForm | AggregateForm]],
    strips: Mapping[str, Strip],
    conditions: Mapping[str, Sequence[Formula]],
    rules: RuleSet,
    catalogue: Catalogue,
    keys: list[Any],
    opaque: dict[str, str],
) -> Model:
    n, names = catalogue.rows, list(strips)
    levers = {name: strips[name].lever for name in names}
    drafts = Drafts(
        n, n * len(names), max((s.first.shape[1] for s in strips.values()), default=1), ExactRows(catalogue)
    )
    slot_of = {name: i * n for i, name in enumerate(names)}
    index = {key: i for i, key in enumerate(keys)}
    told: dict[str, Told] = {}
    known: dict[str, str] = {}
    builders: dict[str, Builder] = {}
    kept: list[Checked] = []
    for rule, form in usable:
        before = (len(drafts.parts), drafts.count, drafts.pieces, drafts.slots)
        try:
            if isinstance(form, AggregateForm):
                built = add_groups(form, len(kept), drafts, strips, slot_of, conditions, levers, catalogue, keys)
                where = built.where
                builders[rule.id] = built
                told[rule.id] = Told({int(i) for i in np.flatnonzero(where.scoped & ~where.known)}, None)
                known[rule.id] = known_sql(form)
            else:
                told[rule.id] = add_points(form, len(kept), drafts, levers, catalogue, index)
            kept.append(rule)
        except NotNormal as reason:
            del drafts.parts[before[0] :]
            drafts.count, drafts.pieces, drafts.slots = before[1:]
            opaque[rule.id] = str(reason)
    items = tuple(r for name in names for r in strips[name].rules)
    place = {id(r): i for i, r in enumerate(items)}
    lever_rules = tuple(tuple(place[id(r)] for r in strips[name].rules) for name in names)
    rows, slots, numbers = _compressed(drafts.rows(), [strips[name] for name in names], n)
    grids = tuple(_grid(strips[name]) for name in names)
    model = Model(
        catalogue,
        items,
        tuple(kept),
        opaque,
        told,
        known,
        builders,
        slots,
        grids,
        tuple(strips[n_] for n_ in names),
        rows,
        [],
        lever_rules,
        keys,
        numbers,
    )
    _split(model)
    return model


def _grid(strip: Strip) -> Grid:
    several = strip.ends is not None and strip.ends.size > 1
    return Grid(strip.scale, strip.step, strip.origin, strip.ends if several else None)


def _compressed(rows: Rows, strips: Sequence[Strip], n: int) -> tuple[Rows, Slots, Ints]:
    """Keeps the slots that some row names; auxiliary slots get one cell without ends."""
    from dataclasses import replace

    used, entry_slot = np.unique(rows.entry_slot, return_inverse=True)
    own = used < n * len(strips)
    lever = np.where(own, used // n, -1)
    item = np.where(own, used % n, -1)
    cells = max((s.first.shape[1] for s in strips), default=1)
    words = max((s.forbidden.shape[2] for s in strips), default=1)
    v = len(used)
    first, last = np.full((v, cells), np.nan), np.full((v, cells), np.nan)
    first_open, last_open = np.zeros((v, cells), bool), np.zeros((v, cells), bool)
    pattern, forbidden = np.zeros((v, cells), np.int16), np.zeros((v, cells, words), np.uint64)
    today, unsure, unit = np.full(v, np.nan), np.zeros(v, bool), np.zeros(v)
    first[~own, 0], last[~own, 0], first_open[~own, 0], last_open[~own, 0] = -np.inf, np.inf, True, True
    for i, strip in enumerate(strips):
        here = np.flatnonzero(lever == i)
        at, c, w = item[here], strip.first.shape[1], strip.forbidden.shape[2]
        for into, source in (
            (first, strip.first),
            (last, strip.last),
            (first_open, strip.first_open),
            (last_open, strip.last_open),
            (pattern, strip.pattern),
        ):
            into[here, :c] = source[at]
        forbidden[here, :c, :w] = strip.forbidden[at]
        today[here], unsure[here], unit[here] = strip.today[at], strip.unsure[at], strip.unit
    slots = Slots(lever, item, first, last, first_open, last_open, pattern, forbidden, today, unsure, unit)
    return replace(rows, entry_slot=entry_slot), slots, used


def _split(model: Model) -> None:
    """Finds the components and the rules of each."""
    rows, v = model.rows, len(model.slots)
    label = np.arange(v)
    while v:
        least = np.full(len(rows), v)
        np.minimum.at(least, rows.entry_row, label[rows.entry_slot])
        new = label.copy()
        np.minimum.at(new, rows.entry_slot, least[rows.entry_row])
        new = new[new]
        if (new == label).all():
            break
        label = new
    _, which = np.unique(label, return_inverse=True)
    model.component_of_slot = which
    row_component = np.full(len(rows), -1)
    row_component[rows.entry_row] = which[rows.entry_slot]
    count = int(which.max()) + 1 if v else 0
    by_slot, by_row = _buckets(which, count), _buckets(row_component, count)
    bits = item_bits(model)
    for k in range(count):
        rules = 0
        for r in np.unique(rows.rule[by_row[k]]):
            rules |= 1 << (len(model.items) + int(r))
        for b in {bits[s] for s in by_slot[k]}:
            rules |= b
        model.components.append(Component(k, by_slot[k], by_row[k], rules))
    for row in np.flatnonzero(row_component < 0):  # a row without any item is a component of its own
        rules = 1 << (len(model.items) + int(rows.rule[row]))
        model.components.append(Component(len(model.components), np.zeros(0, np.int64), np.array([row]), rules))


def _buckets(which: Ints, count: int) -> list[Ints]:
    order = np.argsort(which, kind="stable")
    ends = np.searchsorted(which[order], np.arange(count + 1))
    return [order[ends[k] : ends[k + 1]] for k in range(count)]


def item_bits(model: Model) -> list[int]:
    """For each slot the item rules that forbid some cell of it."""
    slots = model.slots
    words = np.bitwise_or.reduce(np.where(np.isnan(slots.first)[:, :, None], np.uint64(0), slots.forbidden), axis=1)
    known: dict[tuple[int, bytes], int] = {}
    found = []
    for lever, row in zip(slots.lever, words, strict=True):
        key = (int(lever), row.tobytes())
        if key not in known:
            local = int.from_bytes(row.tobytes(), "little")
            known[key] = sum(
                1 << rule for bit, rule in enumerate(model.lever_rules[lever] if lever >= 0 else ()) if local >> bit & 1
            )
        found.append(known[key])
    return found
