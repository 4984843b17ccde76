"""Paths of recorded links from what the objective names to what the goals want."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from alignment.initiative.models import Link

MOST_LINKS = 4
EVIDENCE = ("experiment", "observational", "expert", "assumed")


@dataclass(frozen=True)
class Path:
    """A chain of links from one metric to another; a metric reaches itself by no link, at once and in full."""

    metrics: tuple[str, ...]
    sign: int
    strength: Fraction
    lag_days: int
    evidence: str


def strongest_paths(links: Iterable[Link], starts: Iterable[str]) -> Mapping[tuple[str, str], Path]:
    """The path that counts from each start to each metric it reaches: strongest, then quickest, shortest, by name."""
    out: dict[str, list[Link]] = {}
    for link in links:
        out.setdefault(link.from_, []).append(link)
    best: dict[tuple[str, str], Path] = {}
    for start in starts:
        _extend(Path((start,), 1, Fraction(1), 0, "identity"), out, best)
    return best


def _extend(path: Path, out: Mapping[str, list[Link]], best: dict[tuple[str, str], Path]) -> None:
    ends = (path.metrics[0], path.metrics[-1])
    if ends not in best or _order(path) < _order(best[ends]):
        best[ends] = path
    if len(path.metrics) > MOST_LINKS:
        return
    for link in out.get(path.metrics[-1], ()):
        if link.to not in path.metrics:
            _extend(_with(path, link), out, best)


def _with(path: Path, link: Link) -> Path:
    known = [kind for kind in EVIDENCE if kind in (path.evidence, link.evidence)]
    sign = 1 if link.sign == "positive" else -1
    strength = path.strength * Fraction(link.strength)
    return Path((*path.metrics, link.to), path.sign * sign, strength, path.lag_days + link.lag_days, known[-1])


def _order(path: Path) -> tuple[Fraction, int, int, tuple[str, ...]]:
    return -path.strength, path.lag_days, len(path.metrics), path.metrics
