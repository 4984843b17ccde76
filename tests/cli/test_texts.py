"""The texts that people read on a terminal, held against ones that were read and found right."""

from dataclasses import replace

import pytest

from alignment.cli.text import WIDTH, check_text
from alignment.cli.text_item import allowed, error_line, why_text
from alignment.cli.text_mapping import bar, mapping_text
from alignment.conflicts.report import Relaxation, as_json
from alignment.objective.report import Captured
from tests.exports.reports import MAPPING, REPORT, WAIVED
from tests.golden.compare import same_as_read

MAPPED = as_json(MAPPING)


def part(lower, upper, lower_closed=True, upper_closed=True):
    return {"lower": lower, "lower_closed": lower_closed, "upper": upper, "upper_closed": upper_closed}


WHY = {
    "item": 1183,
    "rules": [
        {"constraint": "floor-over-cost", "parts": [part(9.99, None)], "state": "known", "allows_today": False},
        {"constraint": "endings", "parts": [part(1, 1), part(2, 3, True, False)], "state": "known",
         "allows_today": True},
        {"constraint": "promo-ceiling", "parts": [], "state": "unknown", "allows_today": None},
        {"constraint": "cap", "parts": [], "state": "out_of_scope", "allows_today": None},
        {"constraint": "sums", "parts": None, "values": None, "state": "known", "allows_today": True},
    ],
    "left": [],
    "lower_by": ["floor-over-cost"],
    "upper_by": ["endings"],
    "without": [
        {"constraint": "floor-over-cost", "left": [part(1, 1), part(2, 3, True, False)]},
        {"constraint": "cap", "left": []},
    ],
}  # fmt: skip


def test_check_reads_as_reviewed():
    same_as_read("check.txt", check_text(REPORT, "Spring pricing"))


def test_map_reads_as_reviewed():
    same_as_read("map.txt", mapping_text(MAPPED, "Spring pricing"))


def test_why_reads_as_reviewed():
    same_as_read("why.txt", why_text(WHY))


@pytest.mark.parametrize("text", [check_text(REPORT, "x " * 90), mapping_text(MAPPED, "Spring"), why_text(WHY)])
def test_lines_fit_a_terminal(text):
    assert max(len(line) for line in text.splitlines()) <= WIDTH


def test_a_clear_check_says_so_and_lists_no_conflict():
    clear = replace(REPORT, verdict="clear", conflicts=(), near=(), corrections=(), relaxation=None, findings=())
    assert check_text(clear, "Spring").startswith("Spring: clear. No conflict found.\n")


def test_one_conflict_on_one_item_is_singular():
    one = replace(REPORT, conflicts=(WAIVED,))
    assert "1 conflict (0 hard, 1 soft)" in check_text(one, "Spring")
    assert "soft, 1 item (<0.1\u00a0%), waived until 2026-03-01" in check_text(one, "Spring")


def test_many_conflicts_end_with_how_many_are_not_shown():
    text = check_text(replace(REPORT, conflicts=(WAIVED,) * 53), "Spring")
    assert "\n50. promo-ceiling" in text and "\n51. " not in text
    assert "And 3 more conflicts: --format json lists all." in text


def test_an_early_end_and_a_relaxation_that_does_not_exist_are_said():
    cut = replace(REPORT, complete=False, relaxation=Relaxation(None, None, "x", "a set of values has no bound"))
    text = check_text(cut, "Spring")
    assert "The search ended before it was complete" in text
    assert "No loosening of bounds alone clears every hard conflict: a set of values has no bound" in text


def test_a_captured_share_without_value_gives_its_reason():
    captured = Captured(None, None, None, None, 0, "nothing can be won")
    behaviour = replace(MAPPING.behaviour, captured=captured, regret=())
    text = mapping_text(as_json(replace(MAPPING, behaviour=behaviour)), "Spring")
    assert "The captured share has no value on 2,200 items: nothing can be won" in text


def test_a_mapping_without_a_table_shows_findings_alone():
    text = mapping_text(as_json(replace(MAPPING, behaviour=None)), "Spring")
    assert "captures" not in text and "Findings: 1 error, 1 note" in text


@pytest.mark.parametrize(("share", "cells"), [(0, 0), (-0.5, 0), (None, 0), (0.5, 12), (1, 24), (7, 24)])
def test_a_bar_is_as_long_as_its_share(share, cells):
    assert bar(share) == "█" * cells + "·" * (24 - cells)


@pytest.mark.parametrize(("parts", "shown"), [
    ([], "nothing"), ([part(5, 5)], "5"), ([part(1, 2)], "[1, 2]"), ([part(None, 2, False, False)], "(-∞, 2)"),
    ([part(1, None, False, False)], "(1, ∞)"), (["approve", "review"], "approve or review"),
])  # fmt: skip
def test_what_is_allowed_is_written_as_intervals(parts, shown):
    assert allowed({"left": parts}) == shown


def test_a_finite_lever_shows_its_values():
    assert allowed({"values": ["approve", "review"]}, "values") == "approve or review"


@pytest.mark.parametrize(("error", "line"), [
    ({"path": "a[3].rule", "line": 41, "found": "'x' is no column", "expected": "did you mean 'y'?"},
     "a[3].rule (line 41): 'x' is no column; did you mean 'y'?"),
    ({"path": "", "line": 3, "found": "not YAML", "expected": ""}, "line 3: not YAML"),
    ({"path": "", "line": None, "found": "not YAML", "expected": "mend it"}, "not YAML; mend it"),
])  # fmt: skip
def test_an_error_names_place_finding_and_fix(error, line):
    assert error_line(error) == line
