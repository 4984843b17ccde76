"""SARIF and JUnit: one result per conflict or finding, with a fingerprint and a line that a viewer can open."""

import json
import xml.etree.ElementTree as xml
from dataclasses import replace

import pytest

from alignment.conflicts.report import as_json
from alignment.exports.junit import to_junit
from alignment.exports.results import CONFLICT_RULES, conflict_results, error_results, finding_results
from alignment.exports.sarif import to_sarif
from tests.exports.reports import CLASH, HASH, MAPPING, REPORT, TEXT, initiative


def results(counting=("c-1",), report=REPORT):
    return conflict_results(report, initiative(), counting)


@pytest.fixture
def run():
    log = json.loads(to_sarif(results(), "rules/spring pricing.yaml", CONFLICT_RULES, HASH))
    assert log["version"] == "2.1.0"
    return log["runs"][0]


def test_sarif_has_one_result_per_conflict(run):
    assert [r["partialFingerprints"]["accord/v1"] for r in run["results"]] == ["c-1", "c-2"]
    assert [r["level"] for r in run["results"]] == ["error", "warning"]


def test_sarif_says_what_contradicts_and_the_first_way_out(run):
    message = run["results"][0]["message"]["text"]
    assert message == f"{CLASH.explanation} Repair: floor-over-cost, rule: price >= cost * 1.02."


def test_sarif_points_at_the_first_member_and_at_the_others(run):
    place = run["results"][0]["locations"][0]["physicalLocation"]
    line = place["region"]["startLine"]
    assert place["artifactLocation"]["uri"] == "rules/spring%20pricing.yaml"
    assert TEXT.splitlines()[line - 1] == "  - id: floor-over-cost"
    other = run["results"][0]["relatedLocations"][0]["physicalLocation"]["region"]["startLine"]
    assert TEXT.splitlines()[other - 1] == "  - id: promo-ceiling"


def test_sarif_describes_each_rule_that_it_refers_to(run):
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert rules[0]["shortDescription"]["text"] == CONFLICT_RULES["item-conflict"]


def test_sarif_shows_a_waived_conflict_as_accepted(run):
    assert "suppressions" not in run["results"][0]
    assert run["results"][1]["suppressions"][0]["justification"] == "waived until 2026-03-01"


def test_sarif_of_a_thousand_items_is_still_one_result():
    wide = replace(REPORT, conflicts=(replace(CLASH, items=1_000_000),))
    log = json.loads(to_sarif(results(report=wide), "a.yaml", {}))
    assert len(log["runs"][0]["results"]) == 1


def test_sarif_of_findings_of_the_mapping_names_the_goal_and_the_suggestion():
    found = finding_results(as_json(MAPPING)["findings"], initiative(), {"error"})
    log = json.loads(to_sarif(found, "a.yaml", {}))
    result = log["runs"][0]["results"][1]
    assert result["level"] == "error"
    assert result["message"]["text"] == "Nothing in the objective serves price image. Add price_image to it."
    line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert "keep-price-image" in TEXT.splitlines()[line - 1]


def test_sarif_of_errors_points_at_their_lines():
    errors = [{"path": "levers[0].name", "line": 7, "found": "nothing", "expected": "a name"}]
    results = error_results(errors, ["levers[0].name (line 7): nothing; a name"])
    log = json.loads(to_sarif(results, "a.yaml", {}))
    assert log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 7


def test_junit_fails_what_counts_and_skips_what_is_waived():
    root = xml.fromstring(to_junit(results(), "check", "spring-pricing"))
    suite = root.find("testsuite")
    assert [suite.get(k) for k in ("tests", "failures", "skipped")] == ["2", "1", "1"]
    clash, waived = suite.findall("testcase")
    assert clash.get("name") == "floor-over-cost + promo-ceiling"
    assert "132 of 2,256" in clash.find("failure").get("message")
    assert waived.find("skipped").get("message").startswith("waived until 2026-03-01")


def test_junit_below_the_threshold_nothing_fails():
    root = xml.fromstring(to_junit(results(counting=()), "check", "spring-pricing"))
    assert root.get("failures") == "0"


def test_junit_holds_any_character():
    odd = replace(REPORT, conflicts=(replace(CLASH, explanation="a\x00<b> & \"c\"", repairs=()),))
    root = xml.fromstring(to_junit(results(report=odd), "check", "x"))
    assert root.find("testsuite/testcase/failure").get("message").startswith('a\ufffd<b> & "c"')
