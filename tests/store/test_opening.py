"""Opening the workshop file: one process at a time, migrations in order, and no acknowledged write lost to a crash."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
import sqlglot

from alignment.initiative.models import Initiative
from alignment.store import StoreError, Workshop, statements
from alignment.store.connection import numbered_migrations
from tests.store.sample import ANA

REPOSITORY = Path(__file__).parents[2]
OPENS = "import sys\nfrom alignment.store import StoreError, Workshop\n"


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", OPENS + code, *arguments], capture_output=True, text=True, cwd=REPOSITORY, timeout=60)


def test_a_second_process_is_told_which_file_and_who_holds_it(workshop: Workshop, path: Path) -> None:
    code = "try: Workshop.open(sys.argv[1])\nexcept StoreError as error: print(error)"
    said = run(code, str(path)).stdout.strip()
    assert re.fullmatch(
        rf"{re.escape(str(path))} is held by python\S*, process {os.getpid()}, and DuckDB lets one process in at a "
        r"time; stop that one, or open another file", said)


def test_the_file_is_free_again_after_closing(path: Path) -> None:
    Workshop.open(path).close()
    assert run("Workshop.open(sys.argv[1]).close()\nprint('open')", str(path)).stdout == "open\n"


def test_opened_twice_in_a_process_it_is_one_workshop_until_the_last_closes_it(path: Path) -> None:
    first, second = Workshop.open(path), Workshop.open(path)
    assert first is second
    first.close()
    id = second.create(Initiative(accord=1, name="x"))
    assert second.initiative(id).name == "x"
    second.close()
    assert Workshop.open(path) is not first
    Workshop.open(path).close()
    Workshop.open(path).close()


def spoilt(path: Path) -> None:
    path.write_text("not a database" * 1000)


def newer(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(statements.CREATE_MIGRATIONS + "; insert into migration values (999, 'x', now())")


CANNOT = [
    (spoilt, "is not a workshop file of DuckDB"),
    (lambda p: p.mkdir(), "is a folder; name a file in it"),
    (newer, "was written by a newer Accord; update Accord"),
]


@pytest.mark.parametrize(("make", "sentence"), CANNOT)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path, make: object, sentence: str) -> None:
    path = tmp_path / "w.duckdb"
    make(path)  # type: ignore[operator]
    with pytest.raises(StoreError, match=re.escape(sentence)) as error:
        Workshop.open(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="the folder of the workshop cannot be made"):
        Workshop.open(tmp_path / "file" / "w.duckdb")


def test_a_database_url_is_refused_in_words(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_DATABASE_URL", "postgresql://host/db")
    with pytest.raises(StoreError, match="this version keeps the workshop in DuckDB"):
        Workshop.open(path)
    assert not path.exists()


def test_migrations_are_numbered_without_gaps_and_applied_once(path: Path) -> None:
    numbers = [number for number, _, _ in numbered_migrations()]
    assert numbers == list(range(1, len(numbers) + 1))
    for _ in range(2):
        Workshop.open(path).close()
    with duckdb.connect(str(path)) as connection:
        assert [n for n, _ in connection.execute(statements.APPLIED_MIGRATIONS).fetchall()] == numbers


def test_migrations_and_statements_can_be_written_for_postgresql() -> None:
    texts = [text for _, _, text in numbered_migrations()]
    texts += [value for name, value in vars(statements).items() if name.isupper() and isinstance(value, str)]
    for text in texts:
        assert sqlglot.transpile(text, read="duckdb", write="postgres", unsupported_level=sqlglot.ErrorLevel.RAISE)


def test_no_statement_changes_or_deletes_what_was_recorded() -> None:
    texts = [value for name, value in vars(statements).items() if name.isupper() and isinstance(value, str)]
    assert not [text for text in texts if re.search(r"\bdelete\b|\btruncate\b|\bdrop\b", text)]
    assert [text for text in texts if re.search(r"\bupdate\b", text)] == [statements.SAVE_DRAFT]
    sources = (REPOSITORY / "alignment" / "store").glob("*.py")
    sql = re.compile(r"\b(insert into|update \w+ set|delete from)\b")
    assert [f.name for f in sources if sql.search(f.read_text())] == ["statements.py"]


def test_events_are_never_changed_by_later_writes(workshop: Workshop, path: Path, initiative: Initiative) -> None:
    id = workshop.create(initiative, ANA)
    before = workshop.events(id, limit=1000)
    added = workshop.remove(id, "evidence", "elasticity-is-1-2", 1, ANA)
    workshop.undo(added.event, ANA)
    workshop.replace(id, Initiative(accord=1, name="empty"), ANA)
    workshop.close()
    with Workshop.open(path) as again:
        assert again.events(id, limit=1000)[-len(before):] == before


WRITES_FOREVER = """
from alignment.initiative.models import Constraint
from alignment.store import Actor
ana = Actor("Ana", "operations")
with Workshop.open(sys.argv[1]) as workshop:
    version = workshop.versions("x", "constraints").get("edited", 0)
    number = 0
    while True:
        number += 1
        rule = Constraint(id="edited", team="operations", rule=f"price > {version}")
        if version == 0:
            version = workshop.add("x", "constraints", rule, ana).version
        else:
            version = workshop.edit("x", "constraints", "edited", rule, version, ana).version
        name = f"{sys.argv[2]}-{number}"
        workshop.add("x", "constraints", rule.model_copy(update={"id": name}), ana)
        print(version, name, flush=True)
"""


WRITES_UNTIL_FULL = """
import os, resource
from alignment.initiative.models import Constraint
from alignment.store import Actor
with Workshop.open(sys.argv[1]) as workshop:
    grown = os.path.getsize(sys.argv[1] + ".wal") if os.path.exists(sys.argv[1] + ".wal") else 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (grown + 20_000, grown + 20_000))
    try:
        for number in range(1000):
            rule = Constraint(id=f"c{number}", team="operations", rule="price > 1" + " + 0" * 100)
            print(workshop.add("x", "constraints", rule, Actor("Ana", "operations")).id, flush=True)
    except StoreError as error:
        print(error, file=sys.stderr, flush=True)
    os._exit(0)
"""


def test_a_full_disk_is_one_sentence_and_loses_nothing_acknowledged(path: Path) -> None:
    with Workshop.open(path) as workshop:
        workshop.create(Initiative(accord=1, name="x"), ANA)
    ended = run(WRITES_UNTIL_FULL, str(path))
    names = set(ended.stdout.split())
    assert ended.stderr.startswith(f"{path}: the workshop could not save")
    assert "nothing was recorded" in ended.stderr and ended.stderr.count("\n") == 1
    with Workshop.open(path) as workshop:
        assert {c.id for c in workshop.initiative("x").constraints} == names
    assert 1 < len(names) < 1000


def test_importing_the_store_does_not_load_the_database_engine() -> None:
    assert run("print('duckdb' in sys.modules, 'pandas' in sys.modules)").stdout == "False False\n"


def test_every_acknowledged_write_survives_kill_9(path: Path) -> None:
    with Workshop.open(path) as workshop:
        assert workshop.create(Initiative(accord=1, name="x"), ANA) == "x"
    names, version, chance = set(), 0, random.Random(7)
    for attempt in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", OPENS + WRITES_FOREVER, str(path), str(attempt)], stdout=subprocess.PIPE, text=True,
            cwd=REPOSITORY)
        assert process.stdout
        lines = [process.stdout.readline()]
        time.sleep(chance.uniform(0.05, 0.4))
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
        process.wait()
        whole = [line.split() for line in lines if line.endswith("\n")]
        version = int(whole[-1][0])
        names |= {name for _, name in whole}
        with Workshop.open(path) as workshop:
            assert names <= {c.id for c in workshop.initiative("x").constraints}
            assert workshop.versions("x", "constraints")["edited"] in (version, version + 1)
            ids = [e.id for e in workshop.events("x", limit=100_000)]
            assert ids == sorted(set(ids), reverse=True)
    assert len(names) > 8
