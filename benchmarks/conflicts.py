"""How long a check of item rules takes, against the least that DuckDB could do and against pandas.

    python benchmarks/conflicts.py            a million items by 50 rules, 5 % and 50 % of them in conflict
    python benchmarks/conflicts.py --full     also ten million items, and 200 rules, and the growth with both

A check is the whole command (`python -m alignment check … --format json`) with everything that it answers, less the
same command on ten items. The floor is one DuckDB query over the same Parquet file: the envelope of every item, and by
rule how many items are in scope, unknown and broken today; less a process that only opens DuckDB. A line also says how
long one rule takes that is tried before it is saved. Data are made at random, with a seed, in a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRIED = 1_000_000
FOLDER = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(FOLDER))
CATEGORIES = 8
DEAR = 1.375  # of the items with a high cost so many as this for each one are in conflict

ITEMS = """
copy (
    with base as (
        select i, (10 + random() * 190)::decimal(12, 2) as b, random() as u, random() as v, random() as w, i % 8 as c
        from range({n}) t(i)
    )
    select
        'sku-' || lpad(i::varchar, 9, '0') as sku,
        'category-' || c as category,
        (case when u < {dear} then b * (0.85 + v * 0.6) when u > 0.995 then null else b * (0.3 + v * 0.2)
        end)::{kind} as cost,
        b::{kind} as current_price,
        (b * (1.25 + w * 0.5))::{kind} as msrp,
        (b * (1.15 + v * 0.3))::{kind} as competitor_price,
        (b * (0.55 + w * 0.1))::{kind} as map_price,
        (w * 10000)::{kind} as revenue
    from base order by i
) to '{path}' (format parquet)
"""


@dataclass(frozen=True)
class Bound:
    """One rule of the benchmark: text, and for the floor its SQL ends, NULL where absent."""

    rule: str
    low: str | None
    high: str | None
    where: str | None


def rules(count: int) -> list[Bound]:
    """Half floors, half ceilings, over five columns; a quarter has a scope."""
    found: list[Bound] = []
    for i in range(count):
        where = f"category = 'category-{i % CATEGORIES}'" if i % 4 == 3 else None
        found.append(_floor(i // 2, where) if i % 2 == 0 else _ceiling(i // 2, where))
    return found


def _floor(i: int, where: str | None) -> Bound:
    k = f"{1 + (i // 5) * 0.01 + i * 0.001:.3f}"
    shapes = [
        (f"price >= cost * {k}", f"cost * {k}"),
        (f"price >= current_price * 0.{50 + i % 40}", f"current_price * 0.{50 + i % 40}"),
        (f"price >= map_price + 0.{i % 10}", f"map_price + 0.{i % 10}"),
        (f"(price - cost) / price >= 0.{10 + i % 8}", f"cost / (1 - 0.{10 + i % 8})"),
        (f"price > {5 + i % 5}", f"{5 + i % 5}"),
    ]
    text, low = shapes[i % 5]
    return Bound(text, low, None, where)


def _ceiling(i: int, where: str | None) -> Bound:
    k = f"{1 + (i // 5) * 0.01 + i * 0.001:.3f}"
    shapes = [
        (f"price <= msrp * {k}", None, f"msrp * {k}"),
        (f"price <= competitor_price * {k}", None, f"competitor_price * {k}"),
        (f"price / current_price <= 1.{20 + i % 30}", None, f"current_price * 1.{20 + i % 30}"),
        (
            f"abs(price / current_price - 1) <= 0.{30 + i % 20}",
            f"current_price * (1 - 0.{30 + i % 20})",
            f"current_price * (1 + 0.{30 + i % 20})",
        ),
        (f"price < {450 + i % 40}", None, f"{450 + i % 40}"),
    ]  # fmt: skip
    text, low, high = shapes[i % 5]
    return Bound(text, low, high, where)


def written(folder: Path, source: str, count: int) -> Path:
    """An initiative file of so many rules on a Parquet file of the folder."""
    teams = ("operations", "brand", "tech", "finance")
    constraints = [
        {"id": f"rule-{i:03}", "team": teams[i % 4], "rule": b.rule, **({"where": b.where} if b.where else {})}
        for i, b in enumerate(rules(count))
    ]
    lever = {"name": "price", "unit": "USD", "minimum": 0, "maximum": 500, "step": 0.01, "current": "current_price"}
    catalogue = {"source": source, "key": "sku", "value": "revenue", "value_unit": "USD"}
    file = folder / f"{Path(source).stem}-{count}.json"
    body = {"accord": 1, "id": "benchmark", "levers": [lever], "catalogue": catalogue, "constraints": constraints}
    file.write_text(json.dumps(body))
    return file


def items(folder: Path, n: int, share: float, kind: str) -> str:
    """Writes a catalogue and gives its name."""
    import duckdb

    name = f"items-{n}-{round(share * 100)}-{kind.split('(')[0]}.parquet"
    connection = duckdb.connect()
    connection.execute("select setseed(0.25)")
    connection.execute("set threads = 1")
    connection.execute(ITEMS.format(n=n, dear=share * DEAR, kind=kind, path=folder / name))
    return name


# The two to compare with


def floor_query(path: Path, count: int) -> None:
    """The least that any engine over DuckDB must do: envelope, and three counts by rule."""
    import duckdb

    lows, highs, counts = ["0"], ["500"], []
    for bound in rules(count):
        scope = bound.where or "true"
        for end, among in ((bound.low, lows), (bound.high, highs)):
            if end is not None:
                among.append(f"case when {scope} then {end} end" if bound.where else end)
        broken = " or ".join(
            t
            for t in (
                f"current_price < {bound.low}" if bound.low else "",
                f"current_price > {bound.high}" if bound.high else "",
            )
            if t
        )
        ends = " or ".join(f"({e}) is null" for e in (bound.low, bound.high) if e)
        counts += [f"count(*) filter (where {scope})", f"count(*) filter (where {scope} and ({ends}))"]
        counts.append(f"count(*) filter (where {scope} and ({broken}))")
    query = (
        f"select count(*) filter (where greatest({', '.join(lows)}) > least({', '.join(highs)})), {', '.join(counts)}"
    )
    duckdb.connect().execute(f"{query} from read_parquet('{path}')").fetchall()


def in_pandas(path: Path, count: int) -> None:
    """The same figures and the conflicting pairs, as a capable user of pandas writes them: one column operation at a
    time."""
    import numpy as np
    import pandas as pd

    frame = pd.read_parquet(path)
    numbers = frame.select_dtypes("object").columns.difference(["sku", "category"])
    frame[numbers] = frame[numbers].astype(float)
    lows: dict[int, Any] = {}
    highs: dict[int, Any] = {}
    for i, bound in enumerate(rules(count)):
        scope = pd.Series(True, frame.index) if bound.where is None else frame["category"] == bound.where.split("'")[1]
        for end, among, absent in ((bound.low, lows, -np.inf), (bound.high, highs, np.inf)):
            if end is not None:
                value = frame.eval(end) if any(c.isalpha() for c in end) else pd.Series(float(end), frame.index)
                among[i] = value.where(scope).fillna(absent)
                today = frame["current_price"]
                (today < among[i] if among is lows else today > among[i]).sum()
                value.where(scope).isna().sum()
                among[i].clip(0, 500).median()
    low, high = pd.DataFrame(lows).max(axis=1), pd.DataFrame(highs).min(axis=1)
    stuck = low > high
    part = {i: s[stuck] for i, s in lows.items()}, {i: s[stuck] for i, s in highs.items()}
    for floor in part[0].values():
        for ceiling in part[1].values():
            gap = floor - ceiling
            apart = gap[gap > 0]
            if len(apart):
                apart.median()
                apart.nlargest(20)


# Measuring


@dataclass(frozen=True)
class Run:
    """Seconds on the clock and of processor, and most memory in MB, of one process."""

    wall: float
    cpu: float
    memory: float


def run(work: list[str]) -> Run:
    """One command in a process of its own."""
    start = time.perf_counter()
    process = subprocess.Popen(work, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=FOLDER)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) > 1:
        said = process.stderr.read().decode() if process.stderr else ""
        sys.exit(f"{' '.join(work)} ended with {os.waitstatus_to_exitcode(status)}: {said}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def timed(work: list[str]) -> float:
    """What a process measured itself, and printed."""
    return float(subprocess.run(work, capture_output=True, text=True, check=True, cwd=FOLDER).stdout)


def best(work: list[str], times: int) -> Run:
    """The fastest of some runs: what else the machine does only adds."""
    return min((run(work) for _ in range(times)), key=lambda r: r.wall)


def check_of(file: Path) -> list[str]:
    return [sys.executable, "-m", "alignment", "check", str(file), "--format", "json"]


def itself(what: str, path: Path, count: int) -> list[str]:
    return [sys.executable, str(Path(__file__).resolve()), "--only", what, str(path), str(count)]


def measure(folder: Path, n: int, count: int, share: float, kind: str, pandas: bool, times: int) -> None:
    """One line of the table."""
    source = items(folder, n, share, kind)
    few = written(folder, items(folder, 10, share, kind), count)
    file = written(folder, source, count)
    least, check = best(check_of(few), times), best(check_of(file), times)
    none = best(itself("nothing", folder / source, count), times)
    floor = best(itself("floor", folder / source, count), times)
    wall, floor_wall = check.wall - least.wall, floor.wall - none.wall
    tried = 0.0 if n > TRIED else timed(itself("try", file, count))
    line = (
        f"{n:>11,} {count:>5} {share:>5.0%} {kind.split('(')[0]:>8} {wall:8.2f} s {check.cpu - least.cpu:8.2f} s "
        f"{check.memory - least.memory:7.0f} MB  floor {floor_wall:5.2f} s  {wall / floor_wall:5.1f} × the floor, "
        f"{(check.cpu - least.cpu) / (floor.cpu - none.cpu):4.1f} × its processor time  a rule tried {tried:5.2f} s"
    )
    if pandas:
        slow = run(itself("pandas", folder / source, count))
        line += f"  pandas {slow.wall - none.wall:6.1f} s, {(slow.wall - none.wall) / wall:5.1f} × as long"
    print(line, flush=True)
    (folder / source).unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="also ten million items and 200 rules")
    parser.add_argument("--times", type=int, default=2, help="runs of which the fastest counts")
    parser.add_argument("--only", nargs=3, metavar=("WHAT", "PATH", "RULES"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        what, path, count = given.only
        works: dict[str, Callable[[Path, int], None]] = {
            "floor": floor_query, "pandas": in_pandas, "nothing": _nothing, "try": _try,
        }  # fmt: skip
        works[what](Path(path), int(count))
        return
    print("      items rules share  numbers     check       cpu   memory")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for share in (0.05, 0.5):
            measure(place, 1_000_000, 50, share, "decimal(12, 2)", True, given.times)
        measure(place, 1_000_000, 50, 0.05, "double", False, given.times)
        measure(place, 100_000, 50, 0.05, "decimal(12, 2)", False, given.times)
        if given.full:
            measure(place, 10_000_000, 50, 0.05, "decimal(12, 2)", False, 1)
            for count in (100, 200):
                measure(place, 1_000_000, count, 0.05, "decimal(12, 2)", False, 1)


def _try(file: Path, count: int) -> None:
    """Prints how long a new rule takes that is tried on a catalogue that was checked and has tried one before."""
    from alignment.conflicts.check import situation
    from alignment.conflicts.preview import preview
    from alignment.initiative.models import Constraint
    from alignment.initiative.reading import load

    case = situation(load(file))
    for rule in ("price >= cost * 1.2", "price <= msrp * 0.9"):
        start = time.perf_counter()
        preview(case, Constraint.model_validate({"id": "tried", "team": "brand", "rule": rule}))
        took = time.perf_counter() - start
    print(took)


def _nothing(path: Path, count: int) -> None:
    import duckdb

    duckdb.connect()


if __name__ == "__main__":
    main()
