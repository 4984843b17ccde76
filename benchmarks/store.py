"""How fast the workshop records: median add and edit, an import of 10,000 records, and crashes without loss.

`python benchmarks/store.py` prints milliseconds per acknowledged write; `--kill 20` adds that many rounds of `kill -9`.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from alignment.initiative.models import Constraint, Initiative
from alignment.store import Actor, Workshop

ANA = Actor("Ana", "operations")


def constraint(id: str, limit: int = 1) -> Constraint:
    return Constraint(id=id, team="operations", rule=f"price >= {limit}", because="Measured here")


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(path: Path, writes: int, records: int) -> None:
    """Prints medians of `writes` adds and edits beside 50 records, then the import of `records` and what follows."""
    with Workshop.open(path) as workshop:
        few = Initiative(accord=1, name="few", constraints=tuple(constraint(f"c{i}") for i in range(50)))
        id = workshop.create(few, ANA)
        adds = [seconds(lambda i=i: workshop.add(id, "constraints", constraint(f"n{i}"), ANA)) for i in range(writes)]
        edits = [
            seconds(lambda i=i: workshop.edit(id, "constraints", "c0", constraint("c0", i + 2), i + 1, ANA))
            for i in range(writes)
        ]
        print(f"add     {median(adds) * 1000:7.2f} ms median of {writes}")
        print(f"edit    {median(edits) * 1000:7.2f} ms median of {writes}")
        many = Initiative(accord=1, name="many", constraints=tuple(constraint(f"c{i}") for i in range(records)))
        print(f"import  {seconds(lambda: workshop.create(many, ANA)):7.2f} s  {records:,} records")
        beside = seconds(lambda: workshop.add("many", "constraints", constraint("one"), ANA))
        print(f"add     {beside * 1000:7.2f} ms beside them")
        print(f"replace {seconds(lambda: workshop.replace('many', few, ANA)):7.2f} s  by a file of 50 records")
        print(f"read    {seconds(lambda: workshop.initiative(id)) * 1e6:7.2f} µs unchanged")
    with Workshop.open(path) as workshop:
        print(f"read    {seconds(lambda: workshop.initiative('many')):7.2f} s  after a restart")


def write_forever(path: Path, start: str) -> None:
    """Adds records until killed, and prints the id of each one that was acknowledged."""
    with Workshop.open(path) as workshop:
        number = 0
        while True:
            number += 1
            print(workshop.add("kill", "constraints", constraint(f"{start}-{number}"), ANA).id, flush=True)


def kill(path: Path, rounds: int) -> None:
    """Kills a writing process `rounds` times and counts what was acknowledged and is not there."""
    with Workshop.open(path) as workshop:
        workshop.create(Initiative(accord=1, name="kill"), ANA)
    acknowledged: set[str] = set()
    chance = random.Random(1)
    for attempt in range(rounds):
        command = [sys.executable, __file__, "--write-forever", str(path), str(attempt)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        lines = [process.stdout.readline()]
        time.sleep(chance.uniform(0.1, 0.8))
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
        process.wait()
        acknowledged |= {line.strip() for line in lines if line.endswith("\n")}
    with Workshop.open(path) as workshop:
        there = set(workshop.versions("kill", "constraints"))
    print(f"kill -9 {len(acknowledged):,} acknowledged writes over {rounds} rounds, {len(acknowledged - there)} lost")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writes", type=int, default=200)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--kill", type=int, default=0, metavar="ROUNDS")
    parser.add_argument("--write-forever", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write_forever:
        write_forever(Path(options.write_forever[0]), options.write_forever[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder) / "workshop.duckdb", options.writes, options.records)
        if options.kill:
            kill(Path(folder) / "kill.duckdb", options.kill)


if __name__ == "__main__":
    main()
