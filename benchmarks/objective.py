"""How long the objective mapping takes, and how much memory, on tables of items × 20 candidates × 6 metrics in Parquet.

`python benchmarks/objective.py` runs on 100,000 items, `--full` on 1,000,000, `--items N` on any number. Each step runs
in a process of its own. The table holds random numbers: it measures speed, and says nothing about any business.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

CANDIDATES = 20
PANDAS_ITEMS, MOVED_ITEMS = 200_000, 100_000
GOALS = (
    ("sales", "operations", 0.3),
    ("image", "brand", 0.3),
    ("margin", "finance", 0.2),
    ("calm", "tech", 0.1),
    ("stock", "tech", 0.1),
)
METRICS = (*(name for name, _, _ in GOALS), "clicks")
CORE = "behaviour without intervals, robustness and repair"


class Cost(NamedTuple):
    """Seconds on the clock and of processor, and the peak of memory in MB."""

    wall: float
    cpu: float
    memory: float


def main() -> None:
    """Writes the tables, runs the steps and prints a table of figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000, help="items in the decision table")
    parser.add_argument("--full", action="store_true", help="1,000,000 items")
    items = 1_000_000 if parser.parse_args().full else parser.parse_args().items
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'step':<58}{'items':>11}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}")
        cores = [at_size(folder, count) for count in (max(1, items // 10), items)]
        print(f"  ten times the items take {cores[1].cpu / cores[0].cpu:.1f} times the CPU of behaviour, "
              f"and {cores[1].memory / cores[0].memory:.1f} times the memory")  # fmt: skip
        small = min(items, PANDAS_ITEMS)
        write(Path(folder), small)
        ours = measured(CORE, core_step, folder, small)
        pandas = measured("the same in pandas, but rank agreement", pandas_step, folder, small)
        print(f"  pandas takes {pandas.wall / ours.wall:.1f} times as long, {pandas.cpu / ours.cpu:.1f} times the CPU")
        write(Path(folder), MOVED_ITEMS)
        measured("one weight moved, all else kept", moved_step, folder, MOVED_ITEMS)


def at_size(folder: str, items: int) -> Cost:
    """Behaviour, everything and one DuckDB pass over a table of so many items; the cost of behaviour."""
    write(Path(folder), items)
    core = measured(CORE, core_step, folder, items)
    measured("everything", full_step, folder, items)
    one = measured("one DuckDB pass over the same file (arg_max by item)", duckdb_step, folder, items)
    times, cpu = core.wall / one.wall, core.cpu / one.cpu
    print(f"  behaviour takes {times:.1f} times as long as that pass, {cpu:.1f} times the CPU")
    return core


def write(folder: Path, items: int) -> None:
    """A catalogue, a decision table and an initiative of so many items."""
    import duckdb

    columns = ", ".join(
        f"random() * {scale} as {name}" for name, scale in zip(METRICS, (100, 10, 1, 1000, 1, 1), strict=True)
    )
    with duckdb.connect() as connection:
        connection.execute("select setseed(0.5)")
        connection.execute(
            f"copy (select i.range as sku, 8 + k.range * 0.5 as price, k.range = 10 as is_today, {columns} "
            f"from range({items}) i, range({CANDIDATES}) k order by sku, price) to '{folder}/decisions.parquet'"
        )
        connection.execute(
            f"copy (select range as sku, 8 + random() * 4 as cost, 'c' || range % 7 as category from range({items})) "
            f"to '{folder}/catalogue.parquet'"
        )


def initiative(folder: Path):
    """Five goals of four teams, three hard rules and an objective of two of the goals' metrics and clicks."""
    from alignment.initiative.models import Initiative

    return Initiative.model_validate({
        "accord": 1, "id": "benchmark", "levers": [{"name": "price", "unit": "USD"}],
        "catalogue": {"source": "catalogue.parquet", "key": "sku"},
        "metrics": [{"name": name} for name in METRICS],
        "goals": [{"id": f"more-{m}", "team": t, "metric": m, "weight": w} for m, t, w in GOALS],
        "constraints": [
            {"id": "floor", "team": "finance", "rule": "price >= cost * 1.05"},
            {"id": "ceiling", "team": "brand", "rule": "price <= cost * 2"},
            {"id": "top", "team": "operations", "rule": "price <= 17"},
        ],
        "objective": {"expression": "sales + 0.5 * image + 20 * clicks", "horizon_days": 7},
        "decisions": {"source": "decisions.parquet", "item": "sku", "status_quo": "is_today"},
    }).in_folder(folder)  # fmt: skip


def core_step(folder: str) -> float:
    """Everything but intervals, robustness and repair."""
    from alignment.objective.behaviour import swept_of
    from alignment.objective.prepare import prepare

    start = time.perf_counter()
    swept_of(prepare(initiative(Path(folder))).choices, {f"more-{metric}": weight for metric, _, weight in GOALS})
    return time.perf_counter() - start


def full_step(folder: str) -> float:
    """The whole report."""
    from alignment.objective.mapping import map_objective

    start = time.perf_counter()
    map_objective(initiative(Path(folder)))
    return time.perf_counter() - start


def moved_step(folder: str) -> float:
    """A second weight on what is prepared."""
    from alignment.objective.mapping import remap
    from alignment.objective.prepare import prepare

    ready = prepare(initiative(Path(folder)))
    remap(ready)
    start = time.perf_counter()
    remap(ready, {"more-image": 0.5})
    return time.perf_counter() - start


def duckdb_step(folder: str) -> float:
    """The best candidate of each item by one metric, and its other metrics."""
    import duckdb

    best = ", ".join(f"arg_max({name}, sales)" for name in METRICS[1:])
    start = time.perf_counter()
    source = f"read_parquet('{folder}/decisions.parquet')"
    query = f"create table best as select sku, max(sales), {best} from {source} group by sku"
    duckdb.connect().execute(query)
    return time.perf_counter() - start


def pandas_step(folder: str) -> float:
    """Behaviour as a capable user writes it in pandas.

    Kendall's tau is left out: pandas has it for one item at a time only, which takes minutes here.
    """
    start = time.perf_counter()
    pandas_behaviour(folder)
    return time.perf_counter() - start


def pandas_behaviour(folder: str) -> dict[str, float]:
    """Shares of what can be captured, in pandas."""
    import pandas as pd

    decisions, catalogue = (pd.read_parquet(f"{folder}/{name}.parquet") for name in ("decisions", "catalogue"))
    frame = decisions.merge(catalogue, on="sku")
    rules = {
        "floor": frame.price >= frame.cost * 1.05,
        "ceiling": frame.price <= frame.cost * 2,
        "top": frame.price <= 17,
    }
    allowed = rules["floor"] & rules["ceiling"] & rules["top"]
    frame["objective"] = frame.sales + 0.5 * frame.image + 20 * frame.clicks
    today = frame[frame.is_today].set_index("sku")
    by_item = frame[allowed].groupby("sku")
    swings = {metric: (by_item[metric].max() - by_item[metric].min()).sum() for metric, _, _ in GOALS}
    frame["utility"] = sum(
        weight * (frame[metric] - frame.sku.map(today[metric])) / swings[metric] for metric, _, weight in GOALS
    )

    def chosen(kept: pd.Series, by: str) -> pd.DataFrame:
        some = frame[kept]
        return some[some[by] == some.groupby("sku")[by].transform("max")].groupby("sku").mean(numeric_only=True)

    model, best, inside = chosen(allowed, "objective"), chosen(allowed, "utility"), frame[allowed]
    top = best.utility.sum()
    found = {"captured": model.utility.sum() / top, "random": inside.groupby("sku").utility.mean().sum() / top}
    for metric, team, weight in GOALS:
        regret = weight * (best[metric] - model[metric]).sum() / swings[metric] / top
        found[metric], found[team] = regret, found.get(team, 0.0) + regret
    for name in rules:
        others = pd.concat([test for other, test in rules.items() if other != name], axis=1).all(axis=1)
        kept = others & frame.sku.isin(model.index)
        found[f"price {name}"] = (chosen(kept, "utility").utility.sum() - top) / top
        found[f"protects {name}"] = (model.utility.sum() - chosen(kept, "objective").utility.sum()) / top
    return found | _dominated(inside, top) | _curve(inside, top) | _fits(inside, swings)


def _dominated(inside, top: float) -> dict[str, float]:
    names = [metric for metric, _, _ in GOALS]
    first = inside.loc[inside.groupby("sku").objective.idxmax(), ["sku", *names, "utility"]]
    pairs = inside[["sku", *names, "utility"]].merge(first, on="sku", suffixes=("", " of model"))
    as_good, better = True, False
    for name in names:
        as_good &= pairs[name] >= pairs[f"{name} of model"]
        better |= pairs[name] > pairs[f"{name} of model"]
    pairs = pairs[as_good & better]
    gain = (pairs.utility - pairs["utility of model"]).groupby(pairs.sku).max()
    return {"dominated": float(len(gain)), "free gain": gain.sum() / top}


def _curve(inside, top: float) -> dict[str, float]:
    by_item = inside.groupby("sku").objective
    size, last, first = by_item.transform("size"), by_item.rank(method="max"), by_item.rank(method="min") - 1
    share = inside.utility / (last - first) / top
    return {
        f"best of {n}": (share * ((last / size) ** n - (first / size) ** n)).sum() for n in (2**k for k in range(11))
    }


def _fits(inside, swings: dict[str, float]) -> dict[str, float]:
    import numpy as np
    from scipy.optimize import nnls

    names = ["objective", "utility", *swings]
    centred = inside[names] - inside.groupby("sku")[names].transform("mean")
    rho = (centred.objective * centred.utility).sum() / (
        (centred.objective**2).sum() * (centred.utility**2).sum()
    ) ** 0.5
    columns = centred[list(swings)] / list(swings.values())
    root = np.linalg.cholesky((columns.T @ columns).to_numpy())  # the squares of all rows in five
    revealed, _ = nnls(root.T, np.linalg.solve(root, (columns.T @ centred.objective).to_numpy()))
    shares = zip(swings, revealed / revealed.sum(), strict=True)
    return {"distance": ((1 - rho) / 2) ** 0.5} | {f"revealed {name}": share for name, share in shares}


def measured(name: str, step: Callable[[str], float], folder: str, items: int) -> Cost:
    """Runs a step in a fresh process, prints its line and returns what it took."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        wall, cpu, memory = pool.apply(_alone, (step, folder))
    print(f"{name:<58}{items:>11,}{wall:>9.2f}{cpu:>9.2f}{memory:>9,.0f}", flush=True)
    return Cost(wall, cpu, memory)


def _alone(step: Callable[[str], float], folder: str) -> tuple[float, float, float]:
    import duckdb  # noqa: F401
    import numpy  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow  # noqa: F401
    import scipy.optimize
    import scipy.stats  # noqa: F401

    start = time.process_time()
    wall = step(folder)
    return wall, time.process_time() - start, _peak()


def _peak() -> float:
    """Peak resident memory of this process in MB; the kernel's own high-water mark where it tells it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
