"""Joint choices by enumeration: every way to take one candidate per item, judged by rules written as plain Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """A rule over several items: its text, and what it says of the chosen rows of one group, in any order."""

    id: str
    text: str
    keeps: Callable[[Sequence[Item]], bool]
    per: tuple[str, ...] = ()
    order: str | None = None
    within: tuple[str, ...] = ()
    priority: int = 5

    def holds(self, chosen: Sequence[Item]) -> bool:
        """Does a joint choice keep the rule in every group, or with every two neighbours?"""
        if self.order is None:
            return all(self.keeps(group) for group in _groups(chosen, self.per))
        return all(
            self.keeps([low, high])
            for group in _groups([c for c in chosen if c[self.order] is not None], self.within)
            for low, high in _neighbours(group, self.order)
        )


def _groups(chosen: Sequence[Item], names: Sequence[str]) -> list[list[Item]]:
    found: dict[tuple[Any, ...], list[Item]] = {}
    for item in chosen:
        found.setdefault(tuple(item[name] for name in names), []).append(item)
    return [group for key, group in found.items() if None not in key]


def _neighbours(group: Sequence[Item], order: str) -> list[tuple[Item, Item]]:
    levels = sorted({item[order] for item in group})
    following = dict(pairwise(levels))
    return [(a, b) for a in group for b in group if following.get(a[order]) == b[order]]


def applied(items: Sequence[Sequence[Item]], rules: Sequence[Rule]) -> list[Rule]:
    """The rules that some joint choice keeps together; where not all, those of high priority first, then as listed."""
    if any(all(rule.holds(chosen) for rule in rules) for chosen in product(*items)):
        return list(rules)
    kept: list[Rule] = []
    for rule in sorted(rules, key=lambda rule: -rule.priority):
        if any(all(r.holds(chosen) for r in [*kept, rule]) for chosen in product(*items)):
            kept.append(rule)
    return [rule for rule in rules if rule in kept]


def best(
    items: Sequence[Sequence[Item]], rules: Sequence[Rule], value: Callable[[Item], Fraction]
) -> tuple[Fraction, list[tuple[Item, ...]]]:
    """The largest sum of values under rules, and the joint choices with it whose places in their items sum to least."""
    choices = [
        (sum(map(value, chosen), Fraction(0)), sum(c["place"] for c in chosen), chosen)
        for chosen in product(*items)
        if all(rule.holds(chosen) for rule in rules)
    ]
    top = max(total for total, _, _ in choices)
    first = min(places for total, places, _ in choices if total == top)
    return top, [chosen for total, places, chosen in choices if (total, places) == (top, first)]
