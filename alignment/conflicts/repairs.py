"""The smallest change of each member's own number that clears a conflict, as a person would write it, and tried out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from alignment.conflicts.ends import is_bound
from alignment.conflicts.grounds import Repairs
from alignment.conflicts.members import Clash, plain
from alignment.conflicts.numbers import OwnNumber, text_with
from alignment.conflicts.pairwise import after_loosening
from alignment.conflicts.solving import Need, Row, Target, need, targets
from alignment.conflicts.trials import Bench, Ids, Keys, Move, Trial
from alignment.conflicts.troubled import furthest_first, is_pair_of_bounds
from alignment.rules.normal import Normal
from alignment.rules.ruleset import Checked

FEW = 4
NEEDIEST = 3
MOST_ADDED = 4
MOST_ROUNDS = 12
STEP = Fraction(1, 100)
OVERSHOOT = Fraction(2, 100)
MOST_DECIMALS = 9


@dataclass(frozen=True)
class Tried:
    """Moves that clear a conflict, and what they open: minimal conflicts on items where these were none before."""

    moves: tuple[Move, ...]
    opened: frozenset[Any]
    opens: tuple[str, ...]


@dataclass
class ItemNeeds:
    """What one item asks of each number, worked out when first asked for."""

    targets: Sequence[Target]
    lever: str | None
    row: Row
    known: dict[str, Need | None] = field(default_factory=dict)

    def of(self, number: OwnNumber) -> Need | None:
        """The least move of a number that lets one of the targets in; None where there is none."""
        if number.name not in self.known:
            found = [n for t in self.targets if (n := need(number, t, self.lever, self.row)) is not None]
            self.known[number.name] = min(found, key=lambda n: _size(n, number), default=None)
        return self.known[number.name]


@dataclass
class Search:
    """One member of one conflict while its number is looked for; it ends when `tried` is set or no plan is left.

    plans: numbers to move first, the likeliest first; None stands for the numbers that the rule could be given, which
    take long to find and are seldom needed.
    """

    clash: Clash
    rule: Checked
    keys: list[Any]
    whole: bool
    needs: list[ItemNeeds] = field(default_factory=list)
    plans: list[OwnNumber | None] = field(default_factory=list)
    bumps: int = 0
    done: bool = False
    left_out: bool = False
    tried: Tried | None = None


def bound_repairs(repairs: Repairs) -> tuple[dict[tuple[Ids, str], Tried], set[Ids]]:
    """For each conflict of item rules and each member the smallest move of its number that clears all of the items.

    Members whose number cannot do that alone are absent. Every answer has been tried on the catalogue. Also returns
    the conflicts of which some member was left out, because trying it would take too long.
    """
    searches = [_search(clash, id, repairs) for clash in _in_order(repairs) for id in clash.ids]
    for clash in repairs.by_ids.values():
        repairs.looked_at(clash)
    repairs.exact_rows([k for s in searches for k in s.keys])
    for search in searches:
        _plan(search, repairs)
    for _ in range(MOST_ROUNDS):
        active = [(s, t) for s in searches if not s.done and (t := _trial(s, repairs)) is not None]
        if not active:
            break
        engine = [(s, t) for s, t in active if not _judged_alone(s, t, repairs) and _may_go_on(s, t, repairs)]
        whole = [Trial(t.moves, _affected(s, t, repairs)) for s, t in engine]
        for (search, _), trial, after in zip(engine, whole, repairs.bench.run(whole), strict=True):
            _judged(search, trial, after, repairs)
    cleared = {(s.clash.ids, s.rule.id): s.tried for s in searches if s.tried is not None}
    return cleared, {s.clash.ids for s in searches if s.left_out}


def _in_order(repairs: Repairs) -> list[Clash]:
    """Conflicts of item rules, those that are hard and have most items first."""
    found = [c for c in repairs.clashes if c.family == "item"]
    hard = {r.id for r in repairs.bench.rules.checked if r.hard}
    return sorted(found, key=lambda c: (not set(c.ids) <= hard, -c.items, c.ids))


def _may_go_on(search: Search, trial: Trial, repairs: Repairs) -> bool:
    """May the engine try it? Else the search ends here."""
    search.left_out = search.done = not repairs.affords(trial)
    return not search.left_out


def _search(clash: Clash, id: str, repairs: Repairs) -> Search:
    rule = repairs.bench.rules.of(id)
    if clash.items <= FEW:
        keys = [plain(k) for k in clash.keys]
    elif is_pair_of_bounds(clash, repairs.bench) and (numbers := repairs.numbers_of(rule) or repairs.added_to(rule)):
        keys = _neediest(clash, rule, numbers[0], repairs)
    else:
        keys = repairs.looked_at(clash)
    return Search(clash, rule, keys, len(keys) == clash.items)


def _neediest(clash: Clash, rule: Checked, number: OwnNumber, repairs: Repairs) -> list[Any]:
    """Items that ask the furthest move of a number, as far as doubles and a straight line tell, and the worst one."""
    lever, spot = repairs.bench.rules.levers[str(clash.lever)], repairs.troubled.spot(clash)
    stepped = repairs.bench.changed(rule, [Move(rule.id, number, number.value + STEP, number.decimals + 2)])
    other = repairs.bench.rules.of(next(i for i in clash.ids if i != rule.id))
    if not is_bound(stepped):
        return repairs.looked_at(clash)
    was, then, theirs = spot.ends(rule), spot.ends(stepped), spot.ends(other)
    least = -np.inf if lever.minimum is None else float(lever.minimum)
    greatest = np.inf if lever.maximum is None else float(lever.maximum)
    low, high = np.maximum(theirs.low, least), np.minimum(theirs.high, greatest)
    with np.errstate(invalid="ignore", divide="ignore"):
        down = (high - was.low) / (np.subtract(then.low, was.low))
        up = (low - was.high) / (np.subtract(then.high, was.high))
        needs = np.broadcast_to(np.where(was.low > high, down, up), clash.items)
    sizes = np.where(np.isnan(needs), np.inf, np.abs(needs))
    chosen = [*furthest_first(sizes, NEEDIEST), *furthest_first(clash.gaps, 1)]
    return list(dict.fromkeys(plain(clash.keys[i]) for i in chosen))


# Plans


def _plan(search: Search, repairs: Repairs) -> None:
    """Which numbers to move first: the rule's own, then those that it could be given."""
    search.plans = [*repairs.numbers_of(search.rule), None]
    search.done = not isinstance(search.rule.form, Normal)


def _needs(search: Search, repairs: Repairs) -> list[ItemNeeds]:
    """For each item what the least move of each number is that can let a value in."""
    rules = repairs.bench.rules
    lever = rules.levers.get(search.clash.lever or "")
    others = [rules.of(i) for i in search.clash.ids if i != search.rule.id]
    for row in repairs.exact_rows(search.keys[len(search.needs) :]):
        search.needs.append(ItemNeeds(targets(search.rule, others, lever, row), lever.name if lever else None, row))
    return search.needs


def _size(wanted: Need, number: OwnNumber) -> tuple[Fraction, bool]:
    return abs(wanted.value - number.value), wanted.beyond


def _trial(search: Search, repairs: Repairs) -> Trial | None:
    """The next trial of a search; None when nothing is left to try."""
    needs = _needs(search, repairs)
    while search.plans:
        first = search.plans[0]
        if first is None:
            search.plans = [*repairs.added_to(search.rule)]
            continue
        chosen = _assigned(needs, _in_turn(first, search, repairs))
        if chosen is not None:
            moves = tuple(_move(search, number, wanted) for number, wanted in chosen)
            return Trial(moves, None)
        search.plans.pop(0)
        search.bumps = 0
    search.done = True
    return None


def _in_turn(first: OwnNumber, search: Search, repairs: Repairs) -> Iterator[OwnNumber]:
    """The numbers of a rule, one before all others; what it could be given only when the rest did not do."""
    yield first
    yield from (n for n in repairs.numbers_of(search.rule) if n.name != first.name)
    yield from (n for n in repairs.added_to(search.rule) if n.name != first.name)


def _assigned(needs: Sequence[ItemNeeds], numbers: Iterator[OwnNumber]) -> list[tuple[OwnNumber, Need]] | None:
    """Each item served by the first number that can; per number the furthest move.

    None where an item is not served, or a number would have to go both ways.
    """
    known: list[OwnNumber] = []
    furthest: dict[str, tuple[OwnNumber, Need]] = {}
    for item in needs:
        number, wanted = next(_serving(item, known, numbers), (None, None))
        if number is None or wanted is None:
            return None
        before = furthest.get(number.name)
        if before is not None and before[1].way != wanted.way:
            return None
        if before is None or _size(wanted, number) > _size(before[1], number):
            furthest[number.name] = number, wanted
    return [furthest[name] for name in sorted(furthest)]


def _serving(item: ItemNeeds, known: list[OwnNumber], more: Iterator[OwnNumber]) -> Iterator[tuple[OwnNumber, Need]]:
    """Numbers that can serve an item, with what it needs of them; those taken from `more` are noted in `known`."""
    for number in known:
        if (wanted := item.of(number)) is not None:
            yield number, wanted
    for number in more:
        known.append(number)
        if (wanted := item.of(number)) is not None:
            yield number, wanted


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
    """Decides a trial on arrays where it only loosens intervals; False where that is not enough."""
    after = outcome(search.clash, trial, repairs)
    if after is None:
        return False
    left, opened = after
    _judge(search, trial, left, {ids: set(keys) for ids, keys in opened.items()}, repairs)
    return True


def outcome(clash: Clash, trial: Trial, repairs: Repairs) -> tuple[list[Any], dict[Ids, list[Any]]] | None:
    """What is left of a conflict after a trial, and what is new, without the engine; None where that takes it."""
    if not all(repairs.loosens(m) for m in trial.moves):
        return None
    bench = repairs.bench
    changed = {m.rule: bench.changed(bench.rules.of(m.rule), trial.moves) for m in trial.moves}
    return after_loosening(clash, changed, repairs)


def _affected(search: Search, trial: Trial, repairs: Repairs) -> tuple[Any, ...] | None:
    """Keys of the items that a trial can affect; None for all, where it is not certain that it only loosens."""
    return repairs.touched([search.rule.id]) if all(repairs.loosens(m) for m in trial.moves) else None


def _judged(search: Search, trial: Trial, after: Mapping[Ids, Keys], repairs: Repairs) -> None:
    """Takes what the engine found."""
    left = after.get(search.clash.ids, set())
    left = left & repairs.before(search.clash.ids) if left else left
    _judge(search, trial, sorted(left, key=str), after, repairs)


def _judge(search: Search, trial: Trial, left: Sequence[Any], after: Mapping[Ids, Keys], repairs: Repairs) -> None:
    """left: items on which the conflict still is, those that are worst first."""
    if not left:
        search.tried, search.done = tried(trial, after, repairs), True
        repairs.look_at(search.clash, search.keys)
        return
    known = set(search.keys)
    missed = [k for k in left if k not in known]
    if not search.whole and missed:
        search.keys += missed[:MOST_ADDED]
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
