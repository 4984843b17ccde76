"""Phrases about conflicts and repairs that sheets and the command line share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from alignment.conflicts.report import Conflict, Repair
from alignment.words import UNKNOWN, amount, apart, counted, listed, number


def value(of: Any) -> str:
    """A value of any kind as a reader expects it: numbers grouped, nothing as a dash."""
    if of is None:
        return UNKNOWN
    if isinstance(of, bool):
        return "yes" if of else "no"
    if isinstance(of, date):
        return of.isoformat()
    return number(of) if isinstance(of, (int, float)) else str(of)


def worst_item(worst: Mapping[str, Any]) -> str:
    """The worst item of a conflict in one line: its key, the bounds it is caught between, and what the rules read.

    The key comes first, then `lower` and `upper`; the rest are columns that the rules use.
    """
    ends = {end: worst[end] for end in ("lower", "upper") if isinstance(worst.get(end), (int, float))}
    decimals = apart(ends.values())
    words = {"lower": "at least", "upper": "at most"}
    bounds = ", ".join(f"{words[end]} {number(at, decimals)}" for end, at in ends.items())
    read = item_values(worst)
    text = ": ".join(part for part in (item_name(worst), bounds) if part)
    return f"{text} ({read})" if read else text


def item_name(worst: Mapping[str, Any]) -> str:
    """The item under its key: `sku 1183`; a key is a name and never grouped."""
    key = next((name for name in worst if name not in ("lower", "upper")), None)
    return f"{key} {worst[key]}" if key else ""


def item_values(worst: Mapping[str, Any]) -> str:
    """The columns that the rules read, as the data have them: `cost 9.25, year 1983`."""
    columns = [name for name in worst if name not in ("lower", "upper")][1:]
    return ", ".join(f"{name} {_data(worst[name])}" for name in columns)


def _data(of: Any) -> str:
    if isinstance(of, float) and not isinstance(of, bool):
        return f"{of:.6g}" if 1e-4 <= abs(of) < 1e6 else f"{of:.10g}"
    return UNKNOWN if of is None else str(of)


def headline(conflict: Conflict) -> str:
    """A conflict's members joined, as in `floor-over-cost + promo-ceiling`."""
    return " + ".join(conflict.constraints)


def repair_change(repair: Repair) -> str:
    """What a repair changes, in a line: `floor-over-cost, rule: price >= cost * 1.02`."""
    return "; ".join(f"{c.constraint}, {c.field}: {c.to or 'nothing'}" for c in repair.changes)


def repair_effect(repair: Repair) -> str:
    """What a repair does, in a line: `clears 132 items, opens 3; operations gives up 1.5 USD`."""
    parts = [f"clears {counted(repair.items_fixed, 'item')}"]
    if repair.items_opened:
        parts.append(f"opens {counted(repair.items_opened, 'item')}")
    if repair.opens:
        parts.append(f"with {counted(len(repair.opens), 'other conflict')}: {listed(repair.opens)}")
    said = [", ".join(parts)]
    said += [f"{c.team} gives up {amount(c.amount, c.unit)}" for c in repair.concessions]
    if repair.stake:
        said.append(f"{amount(repair.stake.amount, repair.stake.unit)} at stake")
    if not repair.within_limits:
        said.append("goes past what its team would accept, or leaves the lever's domain")
    return "; ".join(said)
