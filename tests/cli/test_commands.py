"""The command line from end to end: a file, a catalogue, an answer on stdout and what it means as the exit code."""

import csv
import io
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import openpyxl
import pytest

from alignment.cli import commands
from alignment.cli.main import main

INITIATIVE = """\
accord: 1
id: shelf
name: Shelf prices
currency: USD
as_of: 2026-03-01
teams: [operations, brand]
levers:
  - {name: price, unit: USD, minimum: 0, maximum: 100, current: current_price}
catalogue: {source: catalogue.csv, key: sku, value: revenue, value_unit: USD}
metrics:
  - {name: margin, unit: USD}
  - {name: image, unit: points}
goals:
  - {id: earn, team: operations, metric: margin, weight: 1}
  - {id: stand, team: brand, metric: image, weight: 1}
objective: {expression: margin, horizon_days: 30}
constraints:
  - id: floor   # argued over for an hour
    team: operations
    rule: price >= cost * 1.1
    owner: ana
    because: "Below this we lose cash"
    status: agreed
  - id: ceiling
    team: brand
    rule: price <= promo
    owner: bo
    because: "Advertised"
    status: proposed
"""
CATALOGUE = """\
sku,cost,promo,current_price,revenue
a,10,10.50,11,100
b,10,12,12,250
c,20,21.99,25,40
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shelf.yaml").write_text(INITIATIVE, encoding="utf-8")
    (tmp_path / "catalogue.csv").write_text(CATALOGUE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(folder, capsysbinary, monkeypatch):
    """Runs a command line in the folder: exit code, stdout, lines of stderr."""
    monkeypatch.chdir(folder)

    def run(line: str, *more: str) -> tuple[int, str, list[str]]:
        code = main([*line.split(), *more])
        said = capsysbinary.readouterr()
        return code, said.out.decode(), said.err.decode().splitlines()

    return run


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "shelf.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_check_finds_the_conflict_and_says_so_first(run):
    code, out, err = run("check shelf.yaml")
    assert (code, err) == (1, [])
    assert out.startswith("Shelf prices: conflict. 1 conflict (1 hard, 0 soft).")
    assert "ceiling + floor" in out


def test_check_json_is_alone_on_stdout_with_the_keys_of_the_contract(run):
    code, out, err = run("check shelf.yaml --format json")
    report = json.loads(out)
    assert (code, err) == (1, [])
    assert list(report) == [
        "accord", "initiative", "content_hash", "items", "verdict", "complete", "not_checked", "findings",
        "constraints", "conflicts", "near", "feasible_items", "infeasible_items", "corrections",
        "corrections_complete", "relaxation",
    ]  # fmt: skip
    assert (report["verdict"], report["items"], report["infeasible_items"]) == ("conflict", 3, 2)
    assert report["conflicts"][0]["constraints"] == ["ceiling", "floor"]
    assert report["conflicts"][0]["items"] == 2
    assert report["conflicts"][0]["gap"]["max"] == 0.5


def test_the_same_input_gives_the_same_bytes_in_another_process(run, folder):
    code, out, _ = run("check shelf.yaml --format json")
    other = subprocess.run(
        [sys.executable, "-m", "alignment", "check", "shelf.yaml", "--format", "json"],
        cwd=folder, capture_output=True, timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "7"},
    )  # fmt: skip
    assert (other.returncode, other.stdout.decode()) == (code, out)


@pytest.mark.parametrize(("strength", "option", "code", "verdict"), [
    ("hard", "hard", 1, "conflict"), ("hard", "soft", 1, "conflict"), ("hard", "never", 0, "conflict"),
    ("soft", "hard", 0, "clear"), ("soft", "soft", 1, "conflict"), ("soft", "never", 0, "conflict"),
])  # fmt: skip
def test_the_threshold_decides_exit_code_and_verdict(run, folder, strength, option, code, verdict):
    change(folder, "    rule: price <= promo\n", f"    rule: price <= promo\n    strength: {strength}\n")
    found, out, _ = run(f"check shelf.yaml --format json --fail-on {option}")
    assert (found, json.loads(out)["verdict"]) == (code, verdict)


@pytest.mark.parametrize(("until", "code"), [("2026-03-01", 0), ("2026-02-28", 1)])
def test_a_waiver_holds_until_its_date(run, folder, until, code):
    waiver = f"waivers: [{{conflict: [floor, ceiling], because: sale, by: ana, until: {until}}}]\n"
    change(folder, "constraints:\n", waiver + "constraints:\n")
    found, out, _ = run("check shelf.yaml --format json")
    assert found == code
    assert len(json.loads(out)["conflicts"]) == 1


def test_the_agreed_stage_leaves_proposals_out(run):
    code, out, _ = run("--stage agreed check shelf.yaml --format json")
    assert (code, json.loads(out)["verdict"]) == (0, "clear")


def test_another_catalogue_can_be_named(run, folder):
    (folder / "elsewhere.csv").write_text(CATALOGUE.replace("10.50", "30").replace("21.99", "30"), encoding="utf-8")
    code, out, _ = run("check shelf.yaml --catalogue elsewhere.csv --format json")
    assert (code, json.loads(out)["conflicts"]) == (0, [])


def test_why_explains_one_item(run):
    code, out, _ = run("why shelf.yaml --item a --format json")
    answer = json.loads(out)
    assert code == 0
    assert list(answer) == ["item", "rules", "left", "lower_by", "upper_by", "without"]
    assert (answer["left"], answer["lower_by"], answer["upper_by"]) == ([], ["floor"], ["ceiling"])
    assert run("why shelf.yaml --item a")[1].startswith("Item a: the rules leave nothing")


def test_why_of_an_item_that_does_not_exist_is_one_sentence(run):
    code, out, err = run("why shelf.yaml --item zzz")
    assert (code, out, len(err)) == (2, "", 1)
    assert "zzz" in err[0]


def test_map_finds_the_goal_that_nothing_serves(run):
    code, out, _ = run("map shelf.yaml --format json")
    report = json.loads(out)
    assert list(report) == [
        "accord", "initiative", "content_hash", "verdict", "findings", "coverage", "terms", "agreement", "behaviour",
        "repair",
    ]  # fmt: skip
    assert (code, report["verdict"]) == (1, "misaligned")
    assert "uncovered_goal" in {finding["code"] for finding in report["findings"]}
    assert run("map shelf.yaml")[1].startswith("Shelf prices: misaligned.")
    assert run("map shelf.yaml --fail-on never")[0] == 0


def test_validate_a_good_file(run):
    assert run("validate shelf.yaml") == (0, "shelf.yaml is valid.\n", [])
    assert json.loads(run("validate shelf.yaml --format json")[1]) == {"valid": True, "errors": []}


def test_validate_lists_every_error_with_its_line(run, folder):
    change(folder, "cost * 1.1", "cots * 1.1")
    change(folder, "price <= promo", "price <= prmo")
    code, out, err = run("validate shelf.yaml --format json")
    errors = json.loads(out)["errors"]
    lines = (folder / "shelf.yaml").read_text(encoding="utf-8").splitlines()
    assert code == 2
    assert len(errors) == len(err) == 2
    assert ["cots" in lines[errors[0]["line"] - 1], "prmo" in lines[errors[1]["line"] - 1]] == [True, True]
    assert "promo" in errors[1]["expected"]
    code, out, again = run("validate shelf.yaml")
    assert (code, out, again) == (2, "", err)


def test_sarif_and_junit_have_a_result_per_conflict(run):
    code, out, _ = run("check shelf.yaml --format sarif")
    results = json.loads(out)["runs"][0]["results"]
    assert (code, len(results)) == (1, 1)
    line = results[0]["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert "id: ceiling" in INITIATIVE.splitlines()[line - 1]
    code, out, _ = run("check shelf.yaml --format junit")
    assert (code, len(xml.fromstring(out).findall("testsuite/testcase/failure"))) == (1, 1)
    code, out, _ = run("map shelf.yaml --format junit")
    assert xml.fromstring(out).get("failures") == str(out.count("<failure"))


def test_validate_as_sarif_points_at_each_error(run, folder):
    change(folder, "cost * 1.1", "cots * 1.1")
    code, out, _ = run("validate shelf.yaml --format sarif")
    assert (code, len(json.loads(out)["runs"][0]["results"])) == (2, 1)


@pytest.mark.parametrize("to", ["xlsx", "csv", "json", "markdown"])
def test_export_writes_the_sheet_and_what_was_found(run, folder, to):
    code, out, err = run(f"export shelf.yaml --to {to} -o out")
    written = (folder / "out").read_bytes()
    assert (code, out, err) == (0, "", [])
    if to == "xlsx":
        assert openpyxl.load_workbook(io.BytesIO(written))["Conflicts"]["A2"].value == "ceiling\n+ floor"
    elif to == "csv":
        rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"))))
        assert [(row["id"], row["conflicts"]) for row in rows] == [("floor", "1"), ("ceiling", "1")]
    elif to == "json":
        assert json.loads(written)["check"]["verdict"] == "conflict"
    else:
        assert "# Shelf prices" in written.decode()


def test_the_ending_of_out_says_what_to_export(run, folder):
    run("export shelf.yaml -o sheet.csv")
    assert (folder / "sheet.csv").read_bytes().startswith(b"\xef\xbb\xbfteam,id")
    assert run("export shelf.yaml --to markdown")[1].startswith("# Shelf prices")
    code, out, err = run("export shelf.yaml")
    assert (code, out, len(err)) == (2, "", 1)


def test_each_repair_clears_its_conflict_and_keeps_the_rest_of_the_file(run, folder):
    conflict = json.loads(run("check shelf.yaml --format json")[1])["conflicts"][0]
    assert conflict["repairs"]
    for repair in conflict["repairs"]:
        option = str(repair["option"])
        code, _, err = run("repair shelf.yaml -o fixed.yaml --conflict", conflict["id"], "--option", option)
        assert (code, err) == (0, [])
        assert "# argued over for an hour" in (folder / "fixed.yaml").read_text(encoding="utf-8")
        left = json.loads(run("check fixed.yaml --format json")[1])["conflicts"]
        same = [c for c in left if c["constraints"] == conflict["constraints"] and c["strength"] == "hard"]
        assert sum(c["items"] for c in same) == conflict["items"] - repair["items_fixed"]


def test_repair_of_what_does_not_exist_writes_nothing(run, folder):
    code, out, err = run("repair shelf.yaml --conflict none --option 1 -o fixed.yaml")
    assert (code, out, len(err)) == (2, "", 1)
    assert not (folder / "fixed.yaml").exists()


def test_schema_accepts_the_file_it_describes(run):
    code, out, _ = run("schema")
    schema = json.loads(out)
    assert code == 0
    assert schema["$schema"].startswith("https://json-schema.org/draft/2020-12")
    assert {"constraints", "levers", "goals"} <= set(schema["properties"])


@pytest.mark.parametrize(("line", "said"), [
    ("check none.yaml", "none.yaml"),
    ("check shelf.yaml --catalogue none.csv", "none.csv"),
    ("guard shelf.yaml", "guard"),
    ("check shelf.yaml --format xml", "xml"), ("check", "file"), ("", "command"),
    ("check shelf.yaml -o none/out", "none"),
    ("check shelf.yaml -o shelf.yaml", "overwrite"), ("check catalogue.csv", "catalogue.csv"),
])  # fmt: skip
def test_bad_input_is_one_line_on_stderr_exit_code_2_and_nothing_on_stdout(run, line, said):
    code, out, err = run(line)
    assert (code, out, len(err)) == (2, "", 1), err
    assert said in err[0] and "Traceback" not in err[0] and len(err[0]) <= 300


@pytest.mark.parametrize("text", [
    "", "accord: 2", "[]", "{", "accord: 1", "accord: 1\nid: a\nlevers: 3", "\x00", "accord: 1\n\tid: a",
    '{"accord": NaN}', "accord: 1\nid: a\n", "&a [*a]", "a: b: c",
])  # fmt: skip
def test_any_file_gets_sentences_and_never_a_traceback(run, folder, text):
    (folder / "shelf.yaml").write_text(text, encoding="utf-8")
    for command in ("validate", "check", "map"):
        code, _, err = run(f"{command} shelf.yaml")
        assert code in (0, 2) and all(0 < len(line) <= 300 for line in err), (command, err)
        assert not any("Traceback" in line or "should not have happened" in line for line in err), (command, err)


@pytest.mark.parametrize("text", ["", "sku\n", "sku,cost\na,1\na,2\n", "sku;cost\n1;2\n", "\x00\x01\x02", "x,y\n1,2\n"])
def test_any_catalogue_gets_sentences_and_never_a_traceback(run, folder, text):
    (folder / "catalogue.csv").write_text(text, encoding="utf-8")
    code, out, err = run("check shelf.yaml")
    assert (code, out) == (2, "")
    assert err and not any("Traceback" in line or "should not have happened" in line for line in err), err


def test_output_goes_to_the_file_alone(run, folder):
    code, out, err = run("check shelf.yaml --format json -o report.json")
    assert (code, out, err) == (1, "", [])
    assert (folder / "report.json").read_text(encoding="utf-8") == run("check shelf.yaml --format json")[1]


def test_quiet_leaves_the_exit_code_and_what_was_asked_for(run):
    assert run("check shelf.yaml --quiet") == (1, "", [])
    assert json.loads(run("check shelf.yaml --quiet --format json")[1])["items"] == 3


def test_a_defect_is_one_sentence_and_its_traceback_is_there_for_who_asks(run, monkeypatch):
    def broken(_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setitem(commands._COMMANDS, "schema", broken)
    code, out, err = run("schema")
    assert (code, out, len(err)) == (2, "", 1)
    assert err[0].startswith("this should not have happened (ZeroDivisionError: division by zero)")
    monkeypatch.setenv("ACCORD_DEBUG", "1")
    assert "Traceback" in run("schema")[2][0]


def test_stopping_it_writes_nothing(run, folder, monkeypatch):
    def stopped(_):
        raise KeyboardInterrupt

    monkeypatch.setitem(commands._COMMANDS, "schema", stopped)
    assert run("schema -o out.json") == (130, "", ["stopped; nothing was written"])
    assert not (folder / "out.json").exists()
