"""What a report means: its verdict and exit code under each threshold."""

from dataclasses import replace
from datetime import date

import pytest

from alignment.cli.judgement import exit_code, judged, mapping_exit_code
from tests.exports.reports import CLASH, REPORT, WAIVED, status

DAY, LATER = date(2026, 3, 1), date(2026, 3, 2)
SOFT = replace(CLASH, id="c-3", strength="soft")
CHECKED = (status("floor-over-cost", "active"),)


def report(*conflicts, complete=True, constraints=CHECKED):
    return replace(REPORT, conflicts=conflicts, complete=complete, constraints=constraints)


@pytest.mark.parametrize(("conflicts", "day", "hard", "soft", "never"), [
    ((), DAY, ("clear", 0), ("clear", 0), ("clear", 0)),
    ((CLASH,), DAY, ("conflict", 1), ("conflict", 1), ("conflict", 0)),
    ((SOFT,), DAY, ("clear", 0), ("conflict", 1), ("conflict", 0)),
    ((WAIVED,), DAY, ("clear", 0), ("clear", 0), ("clear", 0)),
    ((WAIVED,), LATER, ("clear", 0), ("conflict", 1), ("conflict", 0)),
    ((CLASH, WAIVED), DAY, ("conflict", 1), ("conflict", 1), ("conflict", 0)),
])  # fmt: skip
def test_unwaived_conflicts_at_or_above_the_threshold_decide(conflicts, day, hard, soft, never):
    for fail_on, wanted in (("hard", hard), ("soft", soft), ("never", never)):
        found = report(*conflicts)
        assert (judged(found, fail_on, day).verdict, exit_code(found, fail_on, day)) == wanted, fail_on


def test_a_search_that_ended_early_is_incomplete_unless_something_counts():
    assert exit_code(report(complete=False), "hard", DAY) == 3
    assert judged(report(complete=False), "hard", DAY).verdict == "incomplete"
    assert exit_code(report(SOFT, complete=False), "hard", DAY) == 3
    assert exit_code(report(CLASH, complete=False), "hard", DAY) == 1
    assert judged(report(CLASH, complete=False), "hard", DAY).verdict == "conflict"


def test_a_rule_not_checked_yet_makes_the_verdict_incomplete_and_leaves_the_exit_code():
    found = report(constraints=(status("pack-ladder", "not_checked_yet"),))
    assert (judged(found, "hard", DAY).verdict, exit_code(found, "hard", DAY)) == ("incomplete", 0)


@pytest.mark.parametrize(("severity", "hard", "soft", "never"), [
    ("error", 1, 1, 0), ("warning", 0, 1, 0), ("note", 0, 0, 0),
])  # fmt: skip
def test_findings_of_the_mapping_count_by_severity(severity, hard, soft, never):
    found = [{"severity": "note"}, {"severity": severity}]
    assert [mapping_exit_code(found, t) for t in ("hard", "soft", "never")] == [hard, soft, never]
