"""A repair changes the fields that it names and nothing else of the file, comments included."""

import difflib

import pytest

from alignment.cli.repair import applied, chosen, repaired_text
from alignment.conflicts.report import Edit, Repair
from alignment.errors import UsageError
from alignment.initiative.reading import load, read_text
from alignment.initiative.writing import to_json
from tests.exports.reports import REPORT, TEXT, initiative


def repair(constraint: str, field, to: str) -> Repair:
    return Repair(1, "bound", (Edit(constraint, field, None, to, None, None),), 1, 0, (), None, True, ())


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "initiative.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return str(path)


def changed_lines(new: str) -> list[str]:
    diff = difflib.unified_diff(TEXT.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in diff if not line.startswith(("---", "+++", "@@"))]


@pytest.mark.parametrize(("constraint", "field", "to", "lines"), [
    ("floor-over-cost", "rule", "price >= cost * 1.02", [
        "-    rule: price >= cost * 1.08   # freight included",
        "+    rule: price >= cost * 1.02   # freight included"]),
    ("floor-over-cost", "where", "category = 'a: b' and x > 1 # no", [
        "-    where: category <> 'clearance'", "+    where: 'category = ''a: b'' and x > 1 # no'"]),
    ("floor-over-cost", "strength", "soft", ["+    strength: soft"]),
    ("promo-ceiling", "strength", "hard", ["-    strength: soft", "+    strength: hard"]),
    ("old-cap", "status", "proposed", ["-    status: retired", "+    status: proposed"]),
])  # fmt: skip
def test_one_field_changes_and_the_rest_stays_as_it_was_written(file, constraint, field, to, lines):
    new = repaired_text(file, load(file), repair(constraint, field, to), None)
    assert changed_lines(new) == lines
    assert getattr(read_text(new).constraint(constraint), field) == to


def test_an_entry_in_braces_gets_its_field_within_them(file):
    new = repaired_text(file, load(file), repair("pack-ladder", "strength", "soft"), None)
    assert "rule: upper.price >= lower.price, strength: soft," in new
    assert read_text(new).constraint("pack-ladder").strength == "soft"


def test_several_changes_at_once(file):
    named = (("floor-over-cost", "price > 0"), ("promo-ceiling", "price > 1"))
    changes = tuple(repair(id, "rule", to).changes[0] for id, to in named)
    new = read_text(repaired_text(file, load(file), Repair(1, "joint", changes, 1, 0, (), None, True, ()), None))
    assert [c.rule for c in new.constraints[:2]] == ["price > 0", "price > 1"]


def test_only_the_named_fields_differ():
    before, after = initiative(), applied(initiative(), repair("floor-over-cost", "rule", "price > 0"))
    assert after.constraint("floor-over-cost").rule == "price > 0"
    assert after.model_dump(exclude={"constraints"}) == before.model_dump(exclude={"constraints"})
    assert after.constraints[1:] == before.constraints[1:]


def test_json_stays_json_and_the_ending_of_out_decides(file, tmp_path):
    as_json = tmp_path / "initiative.json"
    as_json.write_text(to_json(initiative()), encoding="utf-8")
    change = repair("floor-over-cost", "rule", "price > 0")
    assert repaired_text(str(as_json), load(as_json), change, None).startswith("{")
    assert repaired_text(file, load(file), change, "out.json").startswith("{")
    assert repaired_text(str(as_json), load(as_json), change, "out.yml").startswith("accord: 1\n")


def test_a_repair_is_chosen_by_conflict_and_number():
    assert chosen(REPORT, "c-1", 2).kind == "soften"
    for conflict, option, said in (
        ("c-9", 1, "there is no conflict 'c-9'; conflicts are c-1, c-2"),
        ("c-1", 4, "conflict 'c-1' has no repair 4; its repairs are 1, 2, 3"),
        ("c-2", 1, "conflict 'c-2' has no repair 1; none is proposed"),
    ):
        with pytest.raises(UsageError) as error:
            chosen(REPORT, conflict, option)
        assert str(error.value) == said
