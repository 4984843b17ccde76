"""How long every minimal conflict among ladders, sums and item rules takes, beside Z3 and CPMpy's MARCO on the same
instance.

Run `python benchmarks/coupled.py [--items 1000] [--seconds 60] [--joined] [--peer]`, or with `--sample` on the sample.
MARCO needs `pip install cpmpy`, and is left out where that is missing.
The catalogue is made up with a seed: ladders of five sizes, sums per line, and ten conflicts that are planted, so that
what is found can be checked. The product's seconds are of processor.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Iterator
from fractions import Fraction
from importlib.util import find_spec
from itertools import pairwise
from multiprocessing import Process, SimpleQueue
from time import monotonic, process_time
from typing import Any

import pyarrow as pa

from alignment.conflicts.check import Situation, situation
from alignment.initiative.models import Initiative
from alignment.initiative.reading import load, read_text
from tests.data.tied import SAMPLE, tied_sample
from tests.oracles.coupled import Instance, Lever, Rule

SIZES = 5
AGGREGATES = 20
PLANTED = 10
RULES = 60


def items_of(count: int, seed: int = 7) -> list[dict[str, object]]:
    """Items in ladders of five sizes, spread over as many lines as there are sums."""
    dice = random.Random(seed)
    found = []
    for i in range(count):
        size, ladder = i % SIZES + 1, i // SIZES
        cost = 4 * size + dice.randint(0, 3)
        found.append({
            "key": f"i{i:05d}", "ladder": ladder, "size": size, "line": ladder % AGGREGATES, "cost": cost,
            "today": 2 * cost + dice.randint(0, 2), "units": dice.randint(1, 9), "part": dice.randint(0, 9),
        })  # fmt: skip
    return found


def rules_of(items: list[dict[str, object]], joined: bool) -> list[Rule]:
    """Sixty rules: a ladder, twenty sums, item rules, and ten pairs of them that cannot hold together."""
    rules = [Rule("ladder", "upper.price >= lower.price", within=("ladder",), order="size")]
    for line in range(AGGREGATES):
        mine = [item for item in items if item["line"] == line]
        worth = sum(int(str(item["today"])) * int(str(item["units"])) for item in mine)
        limit = int(worth * (1.05 if line < PLANTED else 1.5))
        rules.append(Rule(f"sum-{line:02d}", f"sum(price * units) <= {limit}", f"line = {line}"))
    if joined:  # the last sum is over all lines, so that nothing falls apart into components
        rules[-1] = Rule("sum-all", "avg(price / cost) <= 3")
    for line in range(PLANTED):
        rules.append(Rule(f"raise-{line:02d}", "price >= today * 1.10", f"line = {line}"))
    for k in range(RULES - len(rules)):
        part = k % 10
        text = ("price >= cost * 1.05", "price <= today * 1.4", "price >= today * 0.6")[k % 3]
        rules.append(Rule(f"item-{k:02d}", text, f"part = {part}"))
    return rules


def initiative_of(rules: list[Rule]) -> Initiative:
    """The rules as an initiative over one price."""
    lines = [
        "accord: 1",
        "id: coupled",
        "levers:",
        "  - {name: price, minimum: 0, maximum: 1000, step: 0.01, current: today}",
    ]
    lines += ["catalogue: {source: none.csv, key: key}", "constraints:"]
    for rule in rules:
        lines += [f"  - id: {rule.id}", "    team: brand", f'    rule: "{rule.text}"']
        lines += [f'    where: "{rule.where}"'] if rule.where else []
        lines += [f"    pairs: {{within: [{', '.join(rule.within)}], order: {rule.order}}}"] if rule.order else []
    return read_text("\n".join(lines) + "\n", "coupled.yaml")


def measured(items: list[dict[str, object]], rules: list[Rule], seconds: float | None) -> None:
    """Times the product and prints what it found."""
    table = pa.table({name: [item[name] for item in items] for name in items[0]})
    timed(initiative_of(rules), table, seconds)
    print(f"  {PLANTED} were planted")


def timed(initiative: Initiative, table: pa.Table | None, seconds: float | None) -> None:
    """Prints how long one check took and what it found."""
    start = process_time()
    case: Situation = situation(initiative, table, complete_within=seconds)
    read = process_time()
    coupled = case.coupled
    done = process_time()
    found = f"{len(coupled.clashes)} coupled conflicts, complete: {case.complete}"
    print(f"{case.catalogue.rows:,} items, {len(case.rules.checked)} rules: {found}")
    print(f"  item rules {read - start:.2f} s, coupled rules {done - read:.2f} s of processor")


def peer(items: list[dict[str, object]], rules: list[Rule], seconds: float) -> None:
    """Z3 asked about growing sets of rules on the same instance, until the time is over."""
    import z3

    from tests.oracles import coupled as oracle

    price = Lever("price", Fraction(0), Fraction(1000), None)  # without the lattice, which only makes it harder
    instance = Instance(items, [price], rules)
    variables = [{"price": z3.Real(f"price_{i}")} for i in range(len(items))]
    solver = z3.Solver()
    for i in range(len(items)):
        solver.add(*oracle.domain(instance.levers, variables[i], i))
    switches = {}
    for rule in rules:
        switches[rule.id] = z3.Bool(rule.id)
        for parts in oracle.demands(rule, instance, variables).values():
            solver.add(*(z3.Implies(switches[rule.id], part) for part in parts))
    start, found, blocked = monotonic(), [], z3.Solver()
    while monotonic() - start < seconds:
        if blocked.check() != z3.sat:
            print(f"  Z3 with a map of subsets: {len(found)} minimal sets in {monotonic() - start:.1f} s, all of them")
            return
        model = blocked.model()
        seed = [r for r in switches if not z3.is_false(model.eval(switches[r]))]
        solver.set("timeout", int(1000 * max(0.1, seconds - (monotonic() - start))))
        verdict = solver.check(*(switches[r] for r in seed))
        if verdict == z3.sat:
            blocked.add(z3.Or(*(switches[r] for r in switches if r not in seed)))
            continue
        if verdict == z3.unknown:
            break
        core = [str(c) for c in solver.unsat_core()]
        for rule in list(core):
            rest = [r for r in core if r != rule]
            if solver.check(*(switches[r] for r in rest)) == z3.unsat:
                core = rest
        found.append(core)
        blocked.add(z3.Or(*(z3.Not(switches[r]) for r in core)))
    print(f"  Z3 with a map of subsets: {len(found)} minimal sets in {seconds:.0f} s, not finished")


def marco(items: list[dict[str, object]], rules: list[Rule], seconds: float) -> None:
    """MARCO of CPMpy, over OR-Tools, on the same instance in whole cents, until the time is over."""
    if find_spec("cpmpy") is None:
        print("  CPMpy is not installed, so its MARCO was not asked")
        return
    if any(rule.id == "sum-all" for rule in rules):
        print("  CPMpy's MARCO was not asked: the sum over all lines has ratios that are not whole numbers")
        return
    found: SimpleQueue[Any] = SimpleQueue()
    start = monotonic()
    child = Process(target=_enumerated, args=(items, rules, found))
    child.start()
    child.join(seconds)
    is_done = not child.is_alive()
    child.terminate()
    took, times = monotonic() - start, [start]
    while not found.empty():
        times.append(found.get()[0])
    state = f"all of them in {took:.1f} s" if is_done else f"not finished in {took:.0f} s"
    last = f"the last after {times[-1] - start:.1f} s on the clock"
    print(f"  CPMpy's MARCO with OR-Tools: {len(times) - 1} minimal sets, {last}; {state}")


def _enumerated(items: list[dict[str, object]], rules: list[Rule], found: SimpleQueue[Any]) -> None:
    """Puts each minimal set into a queue as it is found, with the time."""
    import cpmpy
    from cpmpy.tools.explain.marco import marco as enumerated

    price = cpmpy.intvar(0, 100_000, shape=len(items))
    parts = [cpmpy.all(list(_in_cents(rule, items, price))) for rule in rules]
    ids = {str(part): rule.id for part, rule in zip(parts, rules, strict=True)}
    for _, members in enumerated(parts, return_mcs=False):
        found.put((monotonic(), sorted(ids[str(part)] for part in members)))


def _in_cents(rule: Rule, items: list[dict[str, Any]], price: Any) -> Iterator[Any]:
    """What a rule demands of prices in cents."""
    scope = rule.where.split(" = ") if rule.where else None
    mine = [i for i, item in enumerate(items) if scope is None or item[scope[0]] == int(scope[1])]
    left, sign, bound = rule.text.replace("<=", "|<=|").replace(">=", "|>=|").split("|")
    if rule.order is not None:
        for a, b in pairwise(mine):
            if items[a]["ladder"] == items[b]["ladder"]:
                yield price[b] >= price[a]
    elif left.startswith("sum"):
        yield sum(price[i] * items[i]["units"] for i in mine) <= 100 * int(bound)
    else:
        column, factor = bound.strip().split(" * ")
        for i in mine:
            cents = 100 * items[i][column] * Fraction(factor)
            yield price[i] >= math.ceil(cents) if sign == ">=" else price[i] <= math.floor(cents)


def main() -> None:
    """Measures one size, and the peer where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="the most that either may take")
    parser.add_argument("--peer", action="store_true", help="also ask Z3 and CPMpy")
    parser.add_argument(
        "--joined", action="store_true", help="one sum over the whole catalogue ties all items together"
    )
    parser.add_argument(
        "--sample", action="store_true", help="the sample, and the sample with two rules that tie each year together"
    )
    asked = parser.parse_args()
    if asked.sample:
        timed(load(SAMPLE), None, None)
        timed(tied_sample(), None, None)
        return
    items = items_of(asked.items)
    rules = rules_of(items, asked.joined)
    measured(items, rules, asked.seconds)
    if asked.peer:
        peer(items, rules, asked.seconds)
        marco(items, rules, asked.seconds)


if __name__ == "__main__":
    main()
