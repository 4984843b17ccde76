"""Each structural finding appears exactly where its definition says, with its severity and evidence."""

from __future__ import annotations

import pytest

from alignment.initiative.models import Initiative
from alignment.objective.mapping import map_objective

GOAL = {"id": "g", "team": "ops", "metric": "q", "swing": 10, "target": "> 1", "horizon_days": 1}


MONTH = {**GOAL, "horizon_days": 30}
DEAR = {"id": "floor", "team": "brand", "rule": "price >= 1.1 * cost"}


def mapping(objective=None, goals=(GOAL,), **more):
    written = {
        "accord": 1, "id": "x", "teams": ["ops", "brand", "tech"], "levers": [{"name": "price"}],
        "metrics": [{"name": m, "horizon_days": 1} for m in "pqrs"],
        "goals": list(goals), "objective": objective or {"expression": "p", "horizon_days": 1},
    }  # fmt: skip
    return map_objective(Initiative.model_validate(written | more))


def link(start, end, sign="positive", **more):
    return {"from": start, "to": end, "sign": sign, **more}


def light(goal=GOAL, **more):
    """The goal with little weight, beside one that carries the rest and is well served by p."""
    heavy = {**GOAL, "id": "heavy", "metric": "p", "weight": 9}
    return ({**goal, "weight": 1, **more}, heavy)


def codes(report, subject=None):
    return {f.code: f.severity for f in report.findings if subject is None or subject in f.subjects}


CASES = [
    ("uncovered_goal", "error", {}),
    ("uncovered_goal", "warning", {"goals": light()}),
    ("guarded_only", "warning", {"constraints": [{"id": "c", "team": "ops", "rule": "price > 1", "guards": ["q"]}]}),
    ("guarded_only", "warning", {"backstops": [{"id": "b", "team": "ops", "when": "Q < 3", "action": "alert"}]}),
    ("guarded_only", "note", {"goals": light(), "constraints": [{"id": "c", "team": "ops", "rule": "q < price"}]}),
    ("direction_conflict", "error", {"links": [link("p", "q", "negative")]}),
    ("direction_conflict", "warning", {"links": [link("p", "q", "negative")], "goals": light()}),
    ("tension", "note", {"objective": {"expression": "q + p"}, "links": [link("p", "q", "negative")]}),
    ("proxy_only", "warning", {"links": [link("p", "q")]}),
    ("proxy_only", "note", {"links": [link("p", "q", evidence="experiment")]}),
    ("horizon_gap", "error", {"objective": {"expression": "q", "horizon_days": 0}, "goals": (MONTH,)}),
    ("horizon_gap", "warning", {"objective": {"expression": "q", "horizon_days": 15}, "goals": (MONTH,)}),
    ("horizon_gap", "note", {"objective": {"expression": "q", "horizon_days": 20}, "goals": (MONTH,)}),
    ("orphan_term", "warning", {"objective": {"expression": "q + p"}}),
    ("unmeasured_goal", "error", {"metrics": [{"name": "p"}, {"name": "q", "measured": "none"}]}),
    ("double_counting", "warning", {"objective": {"expression": "p + q"}, "links": [link("p", "q", strength=0.5)]}),
    ("vague_goal", "warning", {"goals": ({"id": "g", "team": "ops", "metric": "q"},)}),
    ("vague_goal", "note", {"goals": light({"id": "g", "team": "ops", "metric": "q"})}),
    ("team_absent", "warning", {}),
    ("pushes_guardrail", "note", {
        "links": [link("price", "p", "negative")], "constraints": [DEAR],
    }),
    ("mixed_units", "warning", {
        "objective": {"expression": "p + r"},
        "metrics": [{"name": "p", "unit": "USD"}, {"name": "q"}, {"name": "r", "unit": "%"}],
    }),
]  # fmt: skip


@pytest.mark.parametrize(("code", "severity", "given"), CASES, ids=[f"{c[0]}-{c[1]}-{k}" for k, c in enumerate(CASES)])
def test_finding(code, severity, given):
    report = mapping(**given)
    found = [f for f in report.findings if f.code == code]
    assert [f.severity for f in found][:1] == [severity]
    assert found[0].message.endswith(".") and found[0].suggestion.endswith(".") and found[0].evidence


ABSENT = [
    ("uncovered_goal", {"links": [link("p", "q")]}),
    ("uncovered_goal", {"objective": {"expression": "q"}}),
    ("guarded_only", {"constraints": [{"id": "c", "team": "ops", "rule": "q < 1", "status": "retired"}]}),
    ("direction_conflict", {"objective": {"expression": "-p"}, "links": [link("p", "q", "negative")]}),
    ("horizon_gap", {"objective": {"expression": "q"}}),
    ("horizon_gap", {"objective": {"expression": "q", "horizon_days": 1}}),
    ("double_counting", {"objective": {"expression": "p + q"}, "links": [link("p", "q", strength=0.49)]}),
    ("proxy_only", {"objective": {"expression": "p + q"}, "links": [link("p", "q")]}),
    ("orphan_term", {"objective": {"expression": "p"}, "links": [link("p", "q")]}),
    ("mixed_units", {
        "objective": {"terms": [{"metric": "p", "coefficient": 1},
                                {"metric": "r", "coefficient": 2, "rate": "USD per %"}]},
        "metrics": [{"name": "p", "unit": "USD"}, {"name": "q"}, {"name": "r", "unit": "%"}],
    }),
    ("pushes_guardrail", {
        "links": [link("price", "p")], "constraints": [DEAR],
    }),
]  # fmt: skip


@pytest.mark.parametrize(("code", "given"), ABSENT, ids=[f"{c[0]}-{k}" for k, c in enumerate(ABSENT)])
def test_no_finding(code, given):
    assert code not in codes(mapping(**given))


def two(swings=(10, 10), weights=(1, 1)):
    return tuple(
        {"id": i, "team": t, "metric": m, "weight": w, **({"swing": s} if s else {})}
        for i, t, m, s, w in zip("xy", ("ops", "brand"), "pq", swings, weights, strict=True)
    )


@pytest.mark.parametrize(
    ("expression", "goals", "code", "severity"),
    [
        ("p + q", two(), None, None),
        ("p + 2 * q", two(), None, None),  # 1/3 and 2/3: distance 1/6, ratios 2/3 and 4/3
        ("p + 3 * q", two(), "weight_distortion", "warning"),  # 1/4 and 3/4: distance 1/4
        ("p + q", two(weights=(1, 9)), "weight_distortion", "warning"),  # 1/2 against 1/10: distance 2/5
        ("p + q", two(swings=(100, 1), weights=(1, 9)), "weight_distortion", "error"),
        ("p + q", two(swings=(10, None)), "weights_not_comparable", "note"),
    ],
)
def test_weights_of_the_objective_beside_the_stated_ones(expression, goals, code, severity):
    found = codes(mapping({"expression": expression}, goals))
    assert found.get(code or "weight_distortion") == severity
    assert {"weight_distortion", "weights_not_comparable"} & set(found) == ({code} if code else set())


def test_the_evidence_of_a_distortion_is_its_shares():
    report = mapping({"expression": "p + 3 * q"}, two())
    found = next(f for f in report.findings if f.code == "weight_distortion")
    assert found.evidence["objective"] == {"x": 0.25, "y": 0.75} and found.evidence["distance"] == 0.25


def test_a_linear_expression_gives_its_coefficients_exactly():
    report = mapping({"expression": "-(p - 0.1 * (q + 0.2)) / 3 + 2 * 0.15 * r + price", "sense": "minimise"})
    assert {t.metric: t.coefficient for t in report.terms} == {"p": 1 / 3, "q": -1 / 30, "r": -0.3}


def test_a_term_that_cancels_is_none():
    assert [t.metric for t in mapping({"expression": "p + q - p"}).terms] == ["q"]


def test_a_product_of_metrics_has_no_coefficient_without_a_table():
    report = mapping({"expression": "p * q"})
    assert [(t.metric, t.coefficient) for t in report.terms] == [("p", None), ("q", None)]
    assert "uncovered_goal" not in codes(report)


def test_the_strongest_path_counts_and_ties_go_to_the_quicker():
    links = [
        link("p", "q", strength=0.25, evidence="experiment"),
        link("p", "r", strength=0.5, lag_days=3), link("r", "q", "negative", lag_days=4),
        link("p", "s", strength=0.5, lag_days=9), link("s", "q"),
    ]  # fmt: skip
    row = mapping(links=links).coverage[0]
    assert (row.path, row.sign, row.strength, row.lag_days, row.evidence) == (("p", "r", "q"), -1, 0.5, 7, "assumed")


def test_a_path_has_at_most_four_links():
    metrics = [{"name": m} for m in ["p", "m1", "m2", "m3", "m4", "q"]]
    chain = [link(a, b) for a, b in zip(["p", "m1", "m2", "m3"], ["m1", "m2", "m3", "q"], strict=True)]
    assert mapping(metrics=metrics, links=chain).coverage[0].term == "p"
    longer = [*chain[:3], link("m3", "m4"), link("m4", "q")]
    assert mapping(metrics=metrics, links=longer).coverage[0].term is None


def test_the_verdict_without_a_table():
    assert mapping({"expression": "q"}).verdict == "aligned"
    assert mapping().verdict == "misaligned"
    assert mapping({"expression": "q", "horizon_days": 1}, ({**GOAL, "horizon_days": 40},)).verdict == "partly"
    assert mapping(goals=()).verdict == "unknown"


def test_divided_goals_are_those_whose_ranks_lie_far_apart():
    points = [
        {"participant": t, "team": t, "goal": g, "points": p}
        for t, given in {"ops": (70, 30, 0), "brand": (0, 30, 70)}.items() for g, p in zip("abc", given, strict=True)
    ]  # fmt: skip
    goals = [{"id": i, "team": "ops", "metric": "q"} for i in "abc"]
    found = [f for f in mapping(goals=goals, points=points).findings if f.code == "divided_goal"]
    assert [f.subjects for f in found] == [("a",), ("c",)]
    assert found[0].message == "'a' divides the teams: ops ranks it 1, brand ranks it 3 of 3."
