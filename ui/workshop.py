"""The one workshop of this process: where its files lie, the sample in it, and tables taken in.

State that pages and routes share lives here behind a lock; a page asks `workshop()` and never opens a file itself.
"""

import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from alignment.initiative.models import Initiative
from alignment.store import ACCORD, Actor, DataFile, Workshop
from alignment.store.files import base_name, suffix_of

if TYPE_CHECKING:
    from alignment.catalogue.reading import Table

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "data" / "sample"
SAMPLE_ID = "car-list-prices"

_opening, _putting = threading.Lock(), threading.Lock()
_open: dict[Path, Workshop] = {}


def home() -> Path:
    """The folder of the workshop: `ACCORD_HOME`, else `data/workshop` beside the app."""
    return Path(os.environ.get("ACCORD_HOME") or ROOT / "data" / "workshop")


def workshop() -> Workshop:
    """The workshop of this process, opened on first use. Raises StoreError, in one sentence."""
    path = home() / "workshop.duckdb"
    with _opening:
        if path not in _open:
            _open[path] = Workshop.open(path)
        return _open[path]


def put_sample() -> None:
    """Puts the sample initiative with its tables into the workshop, where it is not there yet or only half."""
    from alignment.initiative.reading import load

    shop = workshop()
    with _putting:
        if SAMPLE_ID not in {summary.id for summary in shop.initiatives()}:
            shop.create(load(SAMPLE / "initiative.yaml"))
        initiative = shop.initiative(SAMPLE_ID)
        for which, source in (("catalogue", initiative.catalogue), ("decisions", initiative.decisions)):
            if source is not None and shop.data_file(SAMPLE_ID, which) is None:
                take_in(SAMPLE_ID, which, SAMPLE / source.source, source.source, ACCORD)


def take_in(initiative_id: str, which: str, source: Path | bytes, filename: str, by: Actor) -> DataFile:
    """Validates a catalogue or decision table against the initiative and keeps it as the one in use.

    Raises DataError, with one sentence, for a table that cannot be read or does not fit; then nothing was recorded.
    """
    shop = workshop()
    initiative = shop.initiative(initiative_id)
    with tempfile.TemporaryDirectory() as folder:
        original = _as_file(source, filename, Path(folder))
        table = opened_table(initiative, which, original)
        typed = None
        if original.suffix != ".parquet":
            typed = Path(folder) / "typed" / "rows.parquet"
            typed.parent.mkdir()
            table.connection.execute(f"copy \"{table.table}\" to '{typed}' (format parquet)")
        types = dict(table.types)
        table.connection.close()
        return shop.attach(
            initiative_id, which, original, filename, rows=table.rows, columns=types, by=by, parquet=typed
        )


def _as_file(source: Path | bytes, filename: str, folder: Path) -> Path:
    suffix_of(base_name(filename))
    if isinstance(source, Path):
        return source
    path = folder / base_name(filename)
    path.write_bytes(source)
    return path


def opened_table(initiative: Initiative, which: str, path: Path) -> "Table":
    """A table of a file, held against the initiative. Raises DataError, with one sentence."""
    from alignment.catalogue.reading import open_catalogue, open_table
    from alignment.errors import DataError
    from alignment.initiative.references import closest

    if which == "catalogue":
        return open_catalogue(initiative, path)
    table = open_table(path, "decisions")
    source = initiative.decisions
    for name in filter(None, (source.item, source.status_quo) if source else ()):
        if name not in table.kinds:
            raise DataError(f"{path.name}: there is no column '{name}'; {closest(name, table.kinds, 'columns')}")
    return table
