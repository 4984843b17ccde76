"""Minimal hitting sets: the smallest groups of rules that between them forbid everything.

A family of sets of rules, one per value that could be chosen, says which rules forbid it; a minimal conflict is a
set of rules that meets every member of the family and loses that when any rule leaves (a minimal transversal).
Berge's sequential method, sets as bits of whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable

MOST = 20_000


def minimal_hitting_sets(family: Iterable[int], most: int = MOST) -> tuple[list[int], bool]:
    """All minimal hitting sets of a family of non-empty bit sets, sorted, and whether the list is complete.

    most: partial answers to keep; beyond it the search stops and says so. An empty family has the empty set.
    Source: C. Berge, Hypergraphs (1989), chapter 2.
    """
    answers = [0]
    for part in minimal_sets(family):
        answers = _extended(answers, part)
        if len(answers) > most:
            return [], False
    return sorted(answers), True


def minimal_sets(family: Iterable[int]) -> list[int]:
    """Members of a family that contain no other member, fewest bits first."""
    kept: list[int] = []
    for part in sorted(set(family), key=lambda s: (s.bit_count(), s)):
        if not any(k & part == k for k in kept):
            kept.append(part)
    return kept


def _extended(answers: list[int], part: int) -> list[int]:
    hitting = [a for a in answers if a & part]
    bits = _bits(part)
    fresh = {a | bit for a in answers if not a & part for bit in bits}
    return hitting + [f for f in fresh if not any(h & f == h for h in hitting)]


def _bits(part: int) -> list[int]:
    found = []
    while part:
        low = part & -part
        found.append(low)
        part ^= low
    return found
