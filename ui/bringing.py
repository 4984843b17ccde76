"""Bringing an initiative in: from its file and the tables that the file names, or new and empty."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alignment.errors import UsageError
from alignment.initiative.models import Initiative
from alignment.initiative.reading import read_text
from alignment.store.files import base_name
from alignment.store.values import Actor
from ui.workshop import opened_table, take_in, workshop

FILE_ENDINGS = (".yaml", ".yml", ".json")
TABLE_ENDINGS = (".csv", ".parquet", ".xlsx", ".json", ".jsonl")


@dataclass(frozen=True)
class Brought:
    """An initiative that was read, the tables that came with it by what they are, and names of those that did not."""

    initiative: Initiative
    tables: dict[str, tuple[str, bytes]]
    missing: tuple[str, ...]


def read_files(files: Sequence[tuple[str, bytes]]) -> Brought:
    """The initiative among uploaded files (name, bytes), with its tables; each is read and held against the others.

    Raises AccordError, one sentence per mistake: no initiative file or several, a mistake in it, a broken table.
    """
    name, content = _initiative_file(files)
    initiative = read_text(_text(name, content), name)
    named = {"catalogue": initiative.catalogue, "decisions": initiative.decisions}
    sources = {which: base_name(part.source) for which, part in named.items() if part is not None}
    given = dict(files)
    tables = {which: (source, given[source]) for which, source in sources.items() if source in given}
    spare = set(given) - {name, *sources.values()}
    if spare:
        expected = f"it names {' and '.join(sources.values())}" if sources else "it names no table"
        raise UsageError(f"{min(spare)} is not named by {name}; {expected}")
    with tempfile.TemporaryDirectory() as folder:
        for which, (source, body) in tables.items():
            _check(initiative, which, source, body, Path(folder))
    return Brought(initiative, tables, tuple(sources[which] for which in sources if which not in tables))


def _check(initiative: Initiative, which: str, name: str, body: bytes, folder: Path) -> None:
    from alignment.rules.ruleset import read_rules

    path = folder / name
    path.write_bytes(body)
    table = opened_table(initiative, which, path)
    if which == "catalogue":
        read_rules(initiative, table)
    table.connection.close()


def _initiative_file(files: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
    found = [(name, body) for name, body in files if Path(name).suffix.lower() in FILE_ENDINGS and _says_accord(body)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{found[0][0]} and {found[1][0]} are both initiative files; bring one at a time")
    texts = [(name, body) for name, body in files if Path(name).suffix.lower() in FILE_ENDINGS]
    if len(texts) == 1:
        return texts[0]
    raise UsageError("There is no initiative file among these; it is YAML or JSON and starts with accord: 1")


def _says_accord(body: bytes) -> bool:
    return b"accord" in body[:2000]


def _text(name: str, body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not UTF-8 text; save it as UTF-8") from None


def bring_in(brought: Brought, by: Actor) -> str:
    """Records what was read as a new initiative that `by` leads; returns its id."""
    id = workshop().create(brought.initiative, by)
    for which, (name, body) in brought.tables.items():
        take_in(id, which, body, name, by)
    return id


def start_new(name: str, teams: Sequence[str], by: Actor) -> str:
    """Records a new initiative that holds only its name and teams and is led by `by`; returns its id."""
    clean = tuple(dict.fromkeys(team.strip() for team in teams if team.strip()))
    if not name.strip():
        raise UsageError("The initiative has no name; say in a few words what the model will decide")
    if not clean:
        raise UsageError("There is no team; name at least one that has a say")
    return workshop().create(Initiative(accord=1, name=name.strip(), teams=clean), by)
