"""Catalogues come from CSV, Parquet, JSON, XLSX and data frames; what cannot be read is told in one sentence."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from alignment.catalogue.reading import Catalogue, Table, open_catalogue, open_table
from alignment.errors import DataError
from alignment.initiative.models import Initiative


def csv(tmp_path: Path, text: str | bytes, name: str = "items.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def values(table: Table, column: str) -> list[Any]:
    return [row[0] for row in table.connection.execute(f'select "{column}" from "{table.table}"').fetchall()]


@pytest.mark.parametrize(
    ("cells", "type_", "kind"),
    [
        (["1", "22", "-3"], "BIGINT", "number"),
        (["1", "2.5"], "DECIMAL(18,1)", "number"),
        (["0.10", "-2.123456"], "DECIMAL(18,6)", "number"),
        (["0.1234567"], "DOUBLE", "number"),
        (["1e3", "2"], "DOUBLE", "number"),
        (["1234567890123456789"], "DOUBLE", "number"),
        (["1234567890123.5"], "DOUBLE", "number"),
        (["007", "012"], "VARCHAR", "text"),
        (["12", "-00.5"], "VARCHAR", "text"),
        (["1234567890123", "-5"], "BIGINT", "number"),
        (["1234567890123", "2.5"], "DOUBLE", "number"),
        (["+5", "2.5"], "DOUBLE", "number"),
        (["0", "0.5", "10"], "DECIMAL(18,1)", "number"),
        (["2026-03-01", "2024-02-29"], "DATE", "date"),
        (["2026-02-30"], "VARCHAR", "text"),
        (["2026-03-01", "soon"], "VARCHAR", "text"),
        (["true", "FALSE", "True"], "BOOLEAN", "bool"),
        (["true", "1"], "VARCHAR", "text"),
        (["nan", "1"], "VARCHAR", "text"),
        (["inf", "1"], "VARCHAR", "text"),
        (["", ""], "VARCHAR", "text"),
        (["", "1.50"], "DECIMAL(18,2)", "number"),
        (["1,5"], "VARCHAR", "text"),
        (["0x10"], "VARCHAR", "text"),
    ],
)
def test_text_gets_the_narrowest_type_that_loses_nothing(
    tmp_path: Path, cells: list[str], type_: str, kind: str
) -> None:
    lines = [f'{i},"{cell}"' if cell else f"{i}," for i, cell in enumerate(cells)]
    table = open_table(csv(tmp_path, "k,v\n" + "\n".join(lines) + "\n"), "catalogue")
    assert (table.types["v"], table.kinds["v"]) == (type_, kind)


def test_decimals_are_exact_and_empty_cells_are_null(tmp_path: Path) -> None:
    table = open_table(csv(tmp_path, "k,v\na,0.1\nb,\nc,0.25\n"), "catalogue")
    assert values(table, "v") == [Decimal("0.10"), None, Decimal("0.25")]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiters_byte_order_mark_quotes_and_line_ends(tmp_path: Path, mark: str) -> None:
    text = f'\ufeffkey{mark}"a name"{mark}n\r\n"x{mark}1"{mark}"say ""hi"""{mark}1.5\r\ny{mark}"two\nlines"{mark}2\r\n'
    table = open_table(csv(tmp_path, text), "catalogue")
    assert list(table.kinds) == ["key", "a name", "n"]
    assert values(table, "key") == [f"x{mark}1", "y"]
    assert values(table, "a name") == ['say "hi"', "two\nlines"]
    assert values(table, "n") == [Decimal("1.5"), Decimal("2.0")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("\n\n", "no line of names"),
        ("k,v\n", "no rows"),
        ("k,v\na,1\nb,1,2\n", "line 3: there are 3 values and the line of names has 2"),
        ("k,v\na,1\nb\n", "line 3: there are 1 values and the line of names has 2"),
        ("k,k\na,1\n", "'k' stands twice"),
        ("k,K\na,1\n", "stands twice"),
        ("k,,v\na,1,2\n", "a column has no name"),
        ('k,v\n"a,1\n', "quote"),
        (b"k,v\na,\xff\xfe\n", "UTF-8"),
        (b"\xff\xfek\x00,\x00v\x00", "UTF-8"),
        (b"k,\x00v\na,1\n", "no line of names"),
    ],
)
def test_broken_csv_is_told_with_its_place(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(DataError) as refusal:
        open_table(csv(tmp_path, text), "catalogue")
    told = str(refusal.value)
    assert told.startswith("items.csv") and says in told and ";" in told, told


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx", ".json", ".jsonl"])
@pytest.mark.parametrize(
    "content", [b"\x00\x01garbage\xff" * 50, b"PAR1", b"PK\x03\x04broken", b"{", b"[1, {", b"\x00"]
)
def test_garbage_is_told_in_one_sentence(tmp_path: Path, suffix: str, content: bytes) -> None:
    with pytest.raises(DataError) as refusal:
        open_table(csv(tmp_path, content, "items" + suffix), "catalogue")
    assert "items" + suffix in str(refusal.value) and "\n" not in str(refusal.value)


def test_truncated_files_are_told(tmp_path: Path) -> None:
    frame = pd.DataFrame({"k": range(1000), "v": [1.5] * 1000})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    for name in ("a.parquet", "a.xlsx"):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) * 2 // 3])
        with pytest.raises(DataError, match=name):
            open_table(tmp_path / name, "catalogue")


@pytest.mark.parametrize("name", ["none.csv", "items.txt", "items", "items.csv.gz"])
def test_files_that_are_not_there_or_not_read_are_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"no such file|is not read"):
        open_table(tmp_path / name, "catalogue")


@pytest.mark.parametrize("name", ["items [final].csv", "a*b.csv", "it's.csv", "a?.csv"])
def test_a_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    assert open_table(csv(tmp_path, "k,v\na,1\n", name), "catalogue").rows == 1


FRAME = pd.DataFrame(
    {
        "k": ["a", "b"],
        "n": [1.5, None],
        "i": [1, 2],
        "d": [date(2026, 3, 1), None],
        "b": [True, False],
        "t": ["x", None],
    }
)


@pytest.mark.parametrize("source", ["csv", "parquet", "xlsx", "json", "jsonl", "pandas", "arrow"])
def test_every_format_gives_the_same_items(tmp_path: Path, source: str) -> None:
    table = open_table(written(tmp_path, source), "catalogue")
    assert dict(table.kinds) == {"k": "text", "n": "number", "i": "number", "d": "date", "b": "bool", "t": "text"}
    assert values(table, "k") == ["a", "b"]
    assert [None if v is None else float(v) for v in values(table, "n")] == [1.5, None]
    assert [str(v)[:10] for v in values(table, "d")] == ["2026-03-01", "None"]
    assert values(table, "b") == [True, False] and values(table, "t") == ["x", None]
    assert table.rows == 2 and len(table.sha256) == 64


def written(tmp_path: Path, source: str) -> Any:
    path = tmp_path / f"items.{source}"
    if source == "csv":
        FRAME.to_csv(path, index=False)
    elif source == "parquet":
        FRAME.to_parquet(path)
    elif source == "xlsx":
        FRAME.to_excel(path, index=False)
    elif source in ("json", "jsonl"):
        rows = json.loads(FRAME.to_json(orient="records"))
        for row, day in zip(rows, ("2026-03-01", None), strict=True):
            row["d"] = day
        path.write_text(json.dumps(rows) if source == "json" else "\n".join(map(json.dumps, rows)))
    else:
        return FRAME if source == "pandas" else pa.Table.from_pandas(FRAME)
    return path


def test_polars_frames_are_read() -> None:
    polars = pytest.importorskip("polars")
    assert values(open_table(polars.DataFrame({"k": ["a"], "n": [1.5]}), "catalogue"), "n") == [1.5]


def test_json_numbers_with_few_decimals_are_exact(tmp_path: Path) -> None:
    table = open_table(csv(tmp_path, '[{"k": "a", "v": 0.1}, {"k": "b", "v": 2}]', "a.json"), "catalogue")
    assert values(table, "v") == [Decimal("0.1"), Decimal(2)]


def test_numbers_that_are_no_number_are_unknown(tmp_path: Path) -> None:
    frame = pd.DataFrame({"k": [1, 2, 3], "v": [float("inf"), float("nan"), 1.5]})
    pq.write_table(pa.table({"k": [1, 2, 3], "v": [float("-inf"), float("nan"), 1.5]}), tmp_path / "a.parquet")
    for source in (frame, tmp_path / "a.parquet"):
        assert values(open_table(source, "catalogue"), "v") == [None, None, 1.5]


def test_sheet_without_names_and_with_empty_columns(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.save(tmp_path / "empty.xlsx")
    with pytest.raises(DataError, match="no line of names"):
        open_table(tmp_path / "empty.xlsx", "catalogue")
    sheet = book.active
    sheet.append(["k", None, "v"])
    sheet.append(["a", 1, 2])
    book.save(tmp_path / "gap.xlsx")
    with pytest.raises(DataError, match="a column has no name"):
        open_table(tmp_path / "gap.xlsx", "catalogue")


@pytest.mark.parametrize(
    "frame",
    [
        pa.table({"k": ["a"], "v": [[1, 2]]}),
        pa.table({"k": ["a"], "v": [{"x": 1}]}),
        pa.table({"k": ["a"], "v": [b"\x00"]}),
        pd.DataFrame({"k": ["a"], "v": [[1, 2]]}),
        pd.DataFrame({"k": ["a"], "v": [pd.Timedelta(days=1)]}),
    ],
    ids=["list", "struct", "bytes", "pandas list", "duration"],
)
def test_nested_values_are_told(frame: Any) -> None:
    with pytest.raises(DataError, match="'v' holds"):
        open_table(frame, "catalogue")


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(), pd.DataFrame({"k": []}), 3, None, object(), pd.DataFrame([[1, 2]], columns=["a", "a"]),
              pd.DataFrame({"": [1]})]
)  # fmt: skip
def test_what_is_no_table_is_told(frame: Any) -> None:
    with pytest.raises(DataError):
        open_table(frame, "catalogue")


def test_hash_of_a_frame_follows_its_rows_and_names_but_not_their_order() -> None:
    def hash_of(**columns: list[Any]) -> str:
        return open_table(pd.DataFrame(columns), "catalogue").sha256

    one = hash_of(k=["a", "b"], v=[1, 2])
    assert hash_of(k=["b", "a"], v=[2, 1]) == one
    others = [hash_of(k=["a", "b"], v=[2, 1]), hash_of(k=["a", "b"], w=[1, 2]), hash_of(k=["a", "b"], v=["1", "2"]),
              hash_of(k=["a", "b", "b"], v=[1, 2, 2]), hash_of(k=["a", None], v=[1, 2]),
              hash_of(k=["a", "NULL"], v=[1, 2])]  # fmt: skip
    assert len({one, *others}) == 7


def test_hash_of_a_file_is_of_its_bytes(tmp_path: Path) -> None:
    import hashlib

    path = csv(tmp_path, "k\na\n")
    assert open_table(path, "catalogue").sha256 == hashlib.sha256(b"k\na\n").hexdigest()


def catalogue(source: Any, **more: Any) -> Catalogue:
    data = {
        "accord": 1,
        "id": "a",
        "catalogue": {"source": "items.csv", "key": "k", **more.pop("declared", {})},
        **more,
    }
    return open_catalogue(Initiative.model_validate(data), source)


def test_a_catalogue_has_its_key_and_its_value(tmp_path: Path) -> None:
    found = catalogue(csv(tmp_path, "k,cost,stake\na,1,3\nb,2,4\n"), declared={"value": "stake"})
    assert (found.key, found.value, found.rows, found.table) == ("k", "stake", 2, "catalogue")


def test_a_catalogue_is_found_beside_its_initiative(tmp_path: Path) -> None:
    csv(tmp_path, "k\na\n")
    data = {"accord": 1, "id": "a", "catalogue": {"source": "items.csv", "key": "k"}}
    assert open_catalogue(Initiative.model_validate(data).in_folder(tmp_path)).rows == 1


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ("sku,v\na,1\n", {}, "there is no column 'k'"),
        ("kk,v\na,1\n", {}, "did you mean 'kk'"),
        ("k,v\na,1\na,2\n", {}, "'a' stands 2 times"),
        ("k,v\na,1\n,2\n", {}, "empty in 1 of 2 rows"),
        ("k,v\na,x\n", {"declared": {"value": "v"}}, "'v' is not a number"),
        ("k,v\na,1\n", {"declared": {"value": "w"}}, "there is no column 'w'"),
        ("k,price\na,1\n", {"levers": [{"name": "price"}]}, "'price' is also a column"),
        ("k,Price\na,1\n", {"levers": [{"name": "price"}]}, "is also a column"),
        ("k,v\na,1\n", {"levers": [{"name": "price", "current": "w"}]}, "'w' as today's value"),
    ],
)
def test_a_catalogue_fits_its_initiative(tmp_path: Path, text: str, more: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError) as refusal:
        catalogue(csv(tmp_path, text), **more)
    assert says in str(refusal.value) and str(refusal.value).startswith("items.csv: ")


def test_an_initiative_without_a_catalogue_is_told() -> None:
    with pytest.raises(DataError, match="names no catalogue"):
        open_catalogue(Initiative.model_validate({"accord": 1, "id": "a"}))


CONTENTS = st.binary(max_size=60) | st.text(alphabet='ab1,;"\n\t.-', max_size=60).map(str.encode)


@settings(max_examples=120, deadline=None, phases=[Phase.generate])
@given(CONTENTS, st.sampled_from(["csv", "json"]))
def test_any_bytes_are_a_table_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    path.write_bytes(content)
    try:
        assert open_table(path, "catalogue").rows > 0
    except DataError as error:
        assert str(error).startswith("any.") and "\n" not in str(error)
