"""All minimal sets of rules that cannot hold, by asking about maximal sets that contain none of those known.

What is left out of such a maximal set is a minimal hitting set of the known minimal sets. If it holds, that hitting
set is
settled; if not, it is shrunk to a new minimal set. When all hitting sets are settled, every minimal set is known.
Source: Gunopulos, Khardon, Mannila, Toivonen, Data mining, hypergraph transversals, and machine learning (1997);
Bailey &
Stuckey, Discovery of minimal unsatisfiable subsets using hitting set dualization (2005).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from alignment.conflicts.coupled.verdicts import Verdict

MOST_HITTING = 5_000

Asking = Generator[int, Verdict, None]


@dataclass
class Shared:
    """Minimal sets known so far, in the order of finding; searches of other components pass by what contains one."""

    sets: list[int] = field(default_factory=list)
    unsure: set[int] = field(default_factory=set)
    complete: bool = True


def minimal_failing(rules: int, matters: int, shared: Shared, own: Shared | None = None) -> Asking:
    """Asks about sets of rules (bits) and adds to `shared` every minimal one that fails.

    matters: rules of which a set must have one to be asked about at all. own: where this search keeps its sets instead.
    """
    kept = own or shared
    seen, hitting, settled = 0, [0], set()  # type: int, list[int], set[int]
    while True:
        for known in kept.sets[seen:]:
            if known & rules == known:
                hitting = extended(hitting, known)
        seen = len(kept.sets)
        if len(hitting) > MOST_HITTING:
            shared.complete = kept.complete = False
            return
        left = [h for h in hitting if h not in settled]
        if not left:
            return
        out = min(left, key=lambda h: (h.bit_count(), h))
        asked = rules & ~out
        verdict: Verdict = (yield asked) if asked & matters else "holds"
        if verdict == "fails":
            yield from shrunk(asked, kept)
            shared.complete &= kept.complete
            continue
        shared.complete &= verdict != "open"
        settled.add(out)


@dataclass
class Frontier:
    """How far the search of one component has come: hitting sets of the minimal sets known, and those settled.

    matters: rules of which a set must have one to be asked about. within: sets of which it must contain one, if any.
    """

    rules: int
    matters: int
    within: tuple[int, ...] = ()
    seen: int = 0
    hitting: list[int] = field(default_factory=lambda: [0])
    settled: set[int] = field(default_factory=set)
    out: int = 0

    def following(self, shared: Shared) -> int | None:
        """The next greatest set to ask about, which contains no set known; None where all are settled."""
        for known in shared.sets[self.seen :]:
            if known & self.rules == known:
                self.hitting = extended(self.hitting, known)
        self.seen = len(shared.sets)
        if len(self.hitting) > MOST_HITTING:
            shared.complete = False
            return None
        self.settled.update(h for h in self.hitting if not self._is_asked(self.rules & ~h))
        left = [h for h in self.hitting if h not in self.settled]
        if not left:
            return None
        self.out = min(left, key=lambda h: (h.bit_count(), h))
        return self.rules & ~self.out

    def _is_asked(self, rules: int) -> bool:
        return bool(rules & self.matters) and (not self.within or any(w & ~rules == 0 for w in self.within))

    def settle(self) -> None:
        """Takes the set that was asked about last as answered."""
        self.settled.add(self.out)


def shrunk(rules: int, kept: Shared, first: int = 0) -> Generator[int, Verdict, None]:
    """Takes rules away as long as the rest fails, and adds what is left: some rules first, since sets without them are
    easier to decide, then many at a time and at last one by one.
    """
    for part in _parts(rules & first, 1):
        if rules != part and (yield rules & ~part) == "fails":
            rules &= ~part
    chunk = max(1, rules.bit_count() // 2)
    sure = True
    while True:
        parts = _parts(rules, chunk)
        for part in parts:
            if rules == part:
                continue
            verdict = yield rules & ~part
            if verdict == "fails":
                rules &= ~part
            elif verdict == "open" and chunk == 1:
                sure = False
        if chunk == 1:
            break
        chunk = max(1, chunk // 2)
    kept.sets.append(rules)
    if not sure:
        kept.complete = False
        kept.unsure.add(rules)


def _parts(rules: int, size: int) -> list[int]:
    """The rules in groups."""
    bits = [1 << i for i in range(rules.bit_length()) if rules >> i & 1]
    return [sum(bits[i : i + size]) for i in range(0, len(bits), size)]


def extended(hitting: list[int], known: int) -> list[int]:
    """Minimal hitting sets of one more set (Berge's step)."""
    hit = [h for h in hitting if h & known]
    bits = [1 << i for i in range(known.bit_length()) if known >> i & 1]
    fresh = {h | bit for h in hitting if not h & known for bit in bits}
    return hit + sorted(f for f in fresh if not any(h & f == h for h in hit))
