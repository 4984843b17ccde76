"""The constraint sheet as CSV, JSON and Markdown."""

import csv
import io
import json
from dataclasses import replace

import pytest

from alignment.conflicts.report import as_json
from alignment.errors import UsageError
from alignment.exports import FORMATS, export
from alignment.exports.sheet import open_points
from alignment.initiative.reading import read_text
from tests.exports.reports import HASH, MAPPING, REPORT, WAIVED, initiative
from tests.golden.compare import same_as_read


@pytest.mark.parametrize("to", ["csv", "json", "markdown"])
def test_it_reads_as_a_person_reviewed_it(to):
    same_as_read(f"sheet{FORMATS[to]}", export(initiative(), REPORT, MAPPING, to).decode())


@pytest.mark.parametrize("to", FORMATS)
def test_the_same_input_gives_the_same_bytes(to):
    assert export(initiative(), REPORT, MAPPING, to) == export(initiative(), REPORT, MAPPING, to)


def test_a_format_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(UsageError, match="'docx' is not a format; choose xlsx, csv, json, markdown"):
        export(initiative(), to="docx")


def test_csv_has_a_line_per_constraint_that_any_reader_splits_alike():
    text = export(initiative(), REPORT, None, "csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["id"] for row in rows] == ["floor-over-cost", "promo-ceiling", "pack-ladder", "old-cap"]
    assert rows[2]["pairs_within"] == "brand, flavour"
    assert rows[0]["in_scope"] == "2000"


@pytest.mark.parametrize(("text", "cell"), [
    ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@a", "'@a"), ("\tx", "'\tx"), ("\rx", "'\rx"), (" =1", "' =1"),
    ("a=1", "a=1"), ('say "no", twice', 'say "no", twice'), ("two\nlines", "two\nlines"),
])  # fmt: skip
def test_csv_text_that_would_run_gets_an_apostrophe(text, cell):
    constraint = initiative().constraints[0].model_copy(update={"because": text})
    made = export(initiative().model_copy(update={"constraints": (constraint,)}), None, None, "csv").decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(made, newline="")))["because"] == cell


def test_csv_numbers_keep_their_sign():
    constraint = initiative().constraints[0].model_copy(update={"relax_to": -5})
    made = export(initiative().model_copy(update={"constraints": (constraint,)}), None, None, "csv").decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(made)))["relax_to"] == "-5"


def test_json_holds_rules_reports_and_the_hash():
    document = json.loads(export(initiative(), REPORT, MAPPING, "json"))
    assert document["content_hash"] == HASH
    assert document["check"] == as_json(REPORT)
    assert document["map"] == as_json(MAPPING)
    assert document["constraints"][0]["rule"] == "price >= cost * 1.08"
    assert document["levers"][0]["step"] == 0.01


def test_json_without_reports_says_null():
    document = json.loads(export(initiative(), to="json"))
    assert (document["content_hash"], document["check"], document["map"]) == (None, None, None)
    assert document["constraints"][0]["conflicts"] is None


def test_markdown_tables_survive_pipes_and_line_breaks():
    constraint = initiative().constraints[0].model_copy(update={"because": "a | b\n# c <script>"})
    made = export(initiative().model_copy(update={"constraints": (constraint,)}), None, None, "markdown").decode()
    line = next(line for line in made.splitlines() if line.startswith("| floor-over-cost"))
    assert line.endswith(r"| a \| b \# c \<script\> |")


def test_open_points_leave_out_what_is_waived_and_name_what_is_late():
    points = open_points(initiative(), REPORT)
    assert points[0] == "1 hard conflict to settle: see Conflicts."
    assert not any("soft conflict" in point for point in points)
    unwaived = replace(REPORT, conflicts=(replace(WAIVED, waived_until=None),))
    assert open_points(initiative(), unwaived)[0] == "1 soft conflict to settle: see Conflicts."
    assert "1 constraint past the review date: pack-ladder." in points


def test_open_points_without_a_check_begin_with_that():
    assert open_points(read_text("accord: 1\nid: a\n"), None) == [
        "The constraints have not been checked against the catalogue."
    ]
