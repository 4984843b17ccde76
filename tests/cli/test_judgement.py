"""What a report means: its exit code under each threshold."""

from dataclasses import replace

import pytest

from alignment.cli.judgement import counting, exit_code, mapping_exit_code
from tests.exports.reports import CLASH, REPORT, WAIVED, status

SOFT = replace(CLASH, id="c-3", strength="soft")


def report(*conflicts, complete=True):
    return replace(REPORT, conflicts=conflicts, complete=complete)


@pytest.mark.parametrize(("conflicts", "hard", "soft"), [
    ((), 0, 0), ((CLASH,), 1, 1), ((SOFT,), 0, 1), ((WAIVED,), 0, 0), ((replace(WAIVED, waived_until=None),), 0, 1),
    ((CLASH, WAIVED), 1, 1), ((replace(CLASH, waived_until=WAIVED.waived_until), SOFT), 0, 1),
])  # fmt: skip
def test_unwaived_conflicts_at_or_above_the_threshold_decide(conflicts, hard, soft):
    assert [exit_code(report(*conflicts), threshold) for threshold in ("hard", "soft", "never")] == [hard, soft, 0]


def test_those_that_count_are_named():
    assert [c.id for c in counting(report(CLASH, SOFT, WAIVED), "soft")] == ["c-1", "c-3"]


def test_a_search_that_ended_early_has_a_code_of_its_own_unless_something_counts():
    assert exit_code(report(complete=False), "hard") == 3
    assert exit_code(report(SOFT, complete=False), "hard") == 3
    assert exit_code(report(CLASH, complete=False), "hard") == 1


def test_a_rule_not_checked_yet_leaves_the_exit_code():
    assert exit_code(replace(report(), constraints=(status("pack-ladder", "not_checked_yet"),)), "hard") == 0


@pytest.mark.parametrize(("severity", "hard", "soft", "never"), [
    ("error", 1, 1, 0), ("warning", 0, 1, 0), ("note", 0, 0, 0),
])  # fmt: skip
def test_findings_of_the_mapping_count_by_severity(severity, hard, soft, never):
    found = [{"severity": "note"}, {"severity": severity}]
    assert [mapping_exit_code(found, t) for t in ("hard", "soft", "never")] == [hard, soft, never]
