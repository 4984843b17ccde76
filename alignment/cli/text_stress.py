"""The answer of `stress` as a person reads it: per change what is lost, which conflicts appear, what gives first."""

from __future__ import annotations

from collections.abc import Iterator

from alignment.cli.text import wrapped
from alignment.conflicts.moves import Breaking
from alignment.conflicts.stress import Appeared, Stressed, StressReport
from alignment.words import amount, counted, listed, number, share

MOST = 10


def stress_text(report: StressReport) -> str:
    """The whole answer as text."""
    have = "has" if report.infeasible_items == 1 else "have"
    none = f"{number(report.infeasible_items)} {have} no value by the hard rules today"
    head = wrapped(f"{report.initiative}: {counted(report.items, 'item')}, of which {none}.")
    return "\n\n".join(["\n".join(head), *("\n".join(_change(c)) for c in report.changes)]) + "\n"


def _change(change: Stressed) -> Iterator[str]:
    yield f"{change.column} {percents(change.percent)}"
    if not change.items:
        yield "   No item loses its last value."
    else:
        stake = f", {amount(change.stake.amount, change.stake.unit)} at stake" if change.stake else ""
        lose = "loses its last value" if change.items == 1 else "lose their last value"
        said = f"{counted(change.items, 'item')} {lose} ({share(change.share)}{stake})"
        yield from wrapped(f"{said}: {_keys(change.sample, change.items)}.", "   ")
    if change.conflicts:
        yield "   Conflicts that appear or grow:"
        for conflict in change.conflicts[:MOST]:
            yield from wrapped(_conflict(conflict), "     ")
        if len(change.conflicts) > MOST:
            yield f"     and {len(change.conflicts) - MOST} more in the JSON"
    if change.breaking:
        yield "   Pairs that hold today, and the move past which they clash:"
        for pair in change.breaking[:MOST]:
            yield from wrapped(_breaking(pair), "     ")
        if len(change.breaking) > MOST:
            yield f"     and {len(change.breaking) - MOST} more in the JSON"


def percents(value: float) -> str:
    """A move in percent with its sign: +10 %, −5 %, +1.24 %."""
    return f"{number(value, sign=True)} %"


def _keys(keys: tuple[object, ...], items: int) -> str:
    shown = [str(k) for k in keys[:5]]
    return f"{', '.join(shown)} and {items - len(shown):,} more" if items > len(shown) else listed(shown)


def _conflict(conflict: Appeared) -> str:
    names = " + ".join(conflict.constraints)
    kind = "new" if conflict.is_new else "grows"
    keys = _keys(conflict.sample, conflict.items)
    return f"{names} ({conflict.strength}, {kind}) on {counted(conflict.items, 'item')}: {keys}"


def _breaking(pair: Breaking) -> str:
    return f"{listed(pair.constraints)} at {percents(pair.percent)}, first on {pair.item}"
