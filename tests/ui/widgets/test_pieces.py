"""Findings, chips, header and tables say what they hold and let nothing of it act."""

import pandas as pd
import pytest

from ui.header import people_html, steps_html
from ui.teams import roster
from ui.widgets.chips import dot, initials
from ui.widgets.findings import findings, headline
from ui.widgets.tables import csv_of

TEAMS = roster(["operations", "brand"])


def found(severity="warning", message="m", evidence=None, teams=("brand",), suggestion="Do this."):
    return {
        "code": "c",
        "severity": severity,
        "subjects": [],
        "teams": list(teams),
        "message": message,
        "evidence": evidence or {},
        "suggestion": suggestion,
    }


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        ({"weight": 0.2}, "20\u00a0%"),
        ({"ratio": 5.2, "weight": 0.3}, "5×"),
        ({"ratio": 1.4}, "1.4×"),
        ({"units": 3, "coefficients": {}}, "3 units"),
        ({"goals": ["a", "b"]}, "2 goals"),
        ({"first": True}, ""),
        ({}, ""),
    ],
)
def test_a_finding_opens_with_its_number(evidence, text):
    assert headline(found(evidence=evidence)) == text


def test_the_most_severe_finding_comes_first_and_each_says_its_severity_in_a_word():
    text = findings([found("note", "third"), found("warning", "second"), found("error", "first")], TEAMS)
    assert text.index("first") < text.index("second") < text.index("third")
    assert all(word in text for word in ("✕ error", "! warning", "– note"))


def test_many_notes_wait_behind_one_line():
    text = findings([found("error", "first")] + [found("note")] * 5, TEAMS)
    assert "<summary>5 notes</summary>" in text
    assert "<details>" not in findings([found("note")] * 5, TEAMS)


def test_of_many_findings_ten_are_open_and_the_rest_are_counted():
    text = findings([found("error")] + [found("warning")] * 12 + [found("note")] * 2, TEAMS)
    assert "<summary>3 warnings and 2 notes</summary>" in text
    assert "<details>" not in findings([found("warning")] * 11, TEAMS)


def test_a_number_is_not_parted_from_its_percent_sign():
    assert "20\u00a0% of" in findings([found(message="20 % of the weight")], TEAMS)


def test_a_finding_cannot_act_as_markup():
    text = findings([found(message="<script>", suggestion="<b>x</b>", teams=["nobody"])], TEAMS)
    assert "<script>" not in text and "<b>" not in text


@pytest.mark.parametrize(
    ("name", "letters"), [("Ada Byron", "AB"), ("ada", "AD"), ("j.doe", "JD"), ("", "?"), ("O", "O")]
)
def test_initials(name, letters):
    assert initials(name) == letters


def test_a_person_is_read_out_with_name_and_team():
    text = dot('A "B" <C>', TEAMS["brand"])
    assert 'aria-label="A &quot;B&quot; &lt;C&gt;, Brand"' in text
    assert "background:#CC79A7;color:#0b1211" in text


def test_steps_behind_are_ticked_and_the_present_one_is_marked():
    text = steps_html("Resolve")
    assert text.count("✓") == 2
    assert '<span role="listitem" aria-current=step>Resolve</span>' in text


def test_beyond_eight_people_a_number_stands_for_the_rest():
    text = people_html([(f"P {k}", "brand") for k in range(20)], TEAMS)
    assert "20 here" in text and "+13" in text
    assert text.count('role="img"') == 7


def test_a_csv_opens_rightly_and_no_cell_acts_as_a_formula():
    table = pd.DataFrame({"name": ["=1+1", "+x", "é", None], "n": [-1, 2, 3, 4]})
    data = csv_of(table)
    assert data.startswith(b"\xef\xbb\xbf")
    lines = data.decode("utf-8-sig").splitlines()
    assert lines == ["name,n", "'=1+1,-1", "'+x,2", "é,3", ",4"]
