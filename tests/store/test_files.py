"""Catalogues and decision tables beside the database: kept byte for byte under their hash, refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment.errors import DataError, UsageError
from alignment.initiative.hashing import file_hash
from alignment.store import NotAllowed, Workshop
from tests.store.sample import ANA, BO, CY

CSV = b"sku,cost\r\n1,2.50\r\n2,\r\n"
COLUMNS = {"sku": "bigint", "cost": "decimal(18,2)"}


def test_the_original_is_kept_byte_for_byte_under_its_hash(
    workshop: Workshop, pricing: str, tmp_path: Path, path: Path
) -> None:
    source = tmp_path / "Catalogue 2026.CSV"
    source.write_bytes(CSV)
    kept = workshop.attach(pricing, "catalogue", source, source.name, rows=2, columns=COLUMNS, by=ANA)
    assert kept.path.read_bytes() == CSV
    assert kept.sha256 == file_hash(source)
    assert kept.path == path.parent / "files" / f"{kept.sha256}.csv"
    assert (kept.name, kept.rows, dict(kept.columns)) == ("Catalogue 2026.CSV", 2, COLUMNS)
    assert (kept.by, kept.parquet) == ("Ana", None)
    workshop.close()
    with Workshop.open(path) as again:
        assert again.data_file(pricing, "catalogue") == kept
        assert list(again.data_file(pricing, "catalogue").columns) == ["sku", "cost"]


def test_typed_rows_lie_beside_the_original(workshop: Workshop, pricing: str) -> None:
    kept = workshop.attach(
        pricing, "decisions", CSV, "d.csv", rows=2, columns=COLUMNS, by=BO, parquet=b"typed rows")
    assert kept.parquet == kept.path.with_suffix(".parquet")
    assert kept.parquet.read_bytes() == b"typed rows"


def test_a_new_file_is_in_use_and_the_old_one_stays(workshop: Workshop, pricing: str) -> None:
    old = workshop.attach(pricing, "catalogue", CSV, "a.csv", rows=2, columns=COLUMNS, by=ANA)
    new = workshop.attach(pricing, "catalogue", CSV + b"3,1\r\n", "b.csv", rows=3, columns=COLUMNS, by=ANA)
    assert workshop.data_file(pricing, "catalogue") == new
    assert old.path.exists()
    assert workshop.data_file(pricing, "decisions") is None
    said = [(e.action, e.after["name"]) for e in workshop.events(pricing, action="attached") if e.after]
    assert said == [("attached", "b.csv"), ("attached", "a.csv")]


def test_a_file_name_cannot_lead_out_of_the_folder(workshop: Workshop, pricing: str, path: Path) -> None:
    kept = workshop.attach(pricing, "catalogue", CSV, "..\\../evil/x.csv", rows=2, columns=COLUMNS, by=ANA)
    assert (kept.name, kept.path.parent) == ("x.csv", path.parent / "files")


REFUSED = [
    (b"", "c.csv", "c.csv is empty; choose a file with a header and at least one row"),
    (CSV, "c.pdf", "c.pdf ends in '.pdf'; catalogues and decision tables are CSV, Parquet, JSON or XLSX"),
    (CSV, "c", "c has no ending"),
    (CSV * 100_000, "c.csv", "c.csv has 2.2 MB, and at most 1 MB are taken"),
    (Path("nowhere.csv"), "nowhere.csv", "nowhere.csv cannot be read (No such file or directory)"),
]


@pytest.mark.parametrize(("source", "name", "sentence"), REFUSED)
def test_a_file_that_is_not_taken_leaves_the_one_in_use(
    workshop: Workshop, pricing: str, path: Path, source: bytes | Path, name: str, sentence: str
) -> None:
    kept = workshop.attach(pricing, "catalogue", CSV, "a.csv", rows=2, columns=COLUMNS, by=ANA)
    with pytest.raises(DataError) as refused:
        workshop.attach(pricing, "catalogue", source, name, rows=2, columns=COLUMNS, by=ANA, limit=1_000_000)
    assert str(refused.value).startswith(sentence)
    assert workshop.data_file(pricing, "catalogue") == kept
    assert [f.name for f in (path.parent / "files").iterdir()] == [kept.path.name]


def test_who_may_attach_is_checked_before_anything_is_kept(workshop: Workshop, pricing: str, path: Path) -> None:
    for which, by in (("catalogue", BO), ("decisions", CY)):
        with pytest.raises(NotAllowed):
            workshop.attach(pricing, which, CSV, "a.csv", rows=2, columns=COLUMNS, by=by)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="'prices' is not a table"):
        workshop.attach(pricing, "prices", CSV, "a.csv", rows=2, columns=COLUMNS, by=ANA)  # type: ignore[arg-type]
    assert not (path.parent / "files").exists()


def test_a_half_written_copy_is_cleared_when_the_workshop_opens(path: Path) -> None:
    half = path.parent / "files" / "arriving-x"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    Workshop.open(path).close()
    assert not half.exists()
