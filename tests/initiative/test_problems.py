"""Everything wrong with a file is told at once: where it stands, what was found and what would be valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment.errors import FileProblems, Problem
from alignment.initiative.reading import load, read_text
from tests.initiative.spring import SPRING


def problems_of(text: str, file: str = "initiative.yaml") -> list[Problem]:
    with pytest.raises(FileProblems) as refusal:
        read_text(text, file)
    return list(refusal.value.problems)


HEAD = "accord: 1\nid: a\n"
RULE = "id: a, team: brand, rule: x > 1"
CASES = [
    ("metrics: [{nam: x}]", "metrics[0].nam", "`nam` is not a key", "did you mean `name`"),
    ("metrics: [{unit: x}]", "metrics[0]", "`name` is missing", "add it"),
    ("colour: red", "colour", "`colour` is not a key", ""),
    ("metrics: [{name: m}, {name: m}]", "metrics[1].name", "stands twice", "its own"),
    ("constraints: [{id: a, team: brand}]", "constraints[0]", "`rule` is missing", "price >= cost"),
    ("constraints: [{id: a, team: brand, rule: ''}]", "constraints[0].rule", "does not fit", "must not be empty"),
    ("constraints: [{id: a, team: brnd, rule: x > 1}]", "constraints[0].team", "'brnd' is not a team", "mean 'brand'"),
    ("constraints: [{RULE, strength: firm}]", "constraints[0].strength", "'firm'", "'hard' or 'soft'"),
    ("constraints: [{RULE, priority: 10}]", "constraints[0].priority", "10", "at most 9"),
    ("constraints: [{RULE, priority: 0}]", "constraints[0].priority", "0", "at least 1"),
    ("constraints: [{RULE, priority: 2.5}]", "constraints[0].priority", "2.5", "whole number"),
    ("constraints: [{RULE, from: 2026-13-01}]", "constraints[0].from", "2026-13-01", "2026-03-01"),
    ("constraints: [{RULE, from: 2026-02-01, until: 2026-01-01}]", "constraints[0]", "after until", "swap"),
    ("constraints: [{RULE, guards: [m]}]", "constraints[0].guards[0]", "'m' is not a metric", "no metrics"),
    ("constraints: [{RULE, per: category}]", "constraints[0].per", "'category'", "write a list"),
    ("constraints: [{id: a, team: brand, rule: 3}]", "constraints[0].rule", "3", "write text"),
    ("constraints: [nonsense]", "constraints[0]", "'nonsense'", "keys and values"),
    ("constraints: nonsense", "constraints", "'nonsense'", "write a list"),
    ("levers: [{name: x, minimum: 3, maximum: 1}]", "levers[0]", "minimum 3 is above maximum 1", "swap"),
    ("levers: [{name: x, step: 0}]", "levers[0].step", "0", "above 0"),
    ("levers: [{name: x, step: -1}]", "levers[0].step", "-1", "above 0"),
    ("levers: [{name: x, values: []}]", "levers[0]", "at least one", ""),
    ("levers: [{name: x, values: [a, a]}]", "levers[0]", "each different", ""),
    ("levers: [{name: x, values: [a], minimum: 1}]", "levers[0]", "either values, or minimum", "drop one"),
    ("levers: [{name: x, minimum: .inf}]", "levers[0].minimum", "'.inf'", "number"),
    ("levers: [{name: x, minimum: .nan}]", "levers[0].minimum", "'.nan'", "number"),
    ("levers: [{name: x, minimum: 1e999999999}]", "levers[0].minimum", "too long or too large", "30 digits"),
    ("levers: [{name: x, minimum: true}]", "levers[0].minimum", "", "number"),
    ("levers: [{name: x, minimum: !!float abc}]", "levers[0].minimum", "'abc'", "number"),
    ("goals: [{id: g, team: brand, metric: m, weight: -1}]", "goals[0].weight", "-1", "at least 0"),
    ("goals: [{id: g, team: brand, metric: m}]", "goals[0].metric", "'m' is not a metric", ""),
    ("links: [{from: a, to: b, sign: up}]", "links[0].sign", "'up'", "'positive' or 'negative'"),
    ("links: [{to: b, sign: positive}]", "links[0]", "`from` is missing", ""),
    ("objective: {sense: maximise}", "objective", "none of expression", "exactly one"),
    ("objective: {expression: a, score: b}", "objective", "expression and score", ""),
    ("backstops: [{id: b, team: brand, when: x > 1, action: shout}]", "backstops[0].action", "'shout'", "'block'"),
    ("stances: [{on: x, team: brand, by: A, stance: agree}]", "stances[0].on", "'x' is not recorded", ""),
    ("stances: [{on: x, team: brand, by: A, stance: object}]", "stances[0]", "an objection has a reason", ""),
    ("waivers: [{conflict: [x], because: b, by: A, until: 2026-01-01}]", "waivers[0].conflict[0]", "a constraint", ""),
    ("points: [{participant: A, team: brand, goal: g, points: 1}]", "points[0].goal", "'g' is not a goal", ""),
    ("readiness: [{participant: A, team: brand, area: d, statement: s, score: 6}]", "readiness[0].score", "6", "5"),
    ("teams: [brand, brand]", "teams[1]", "stands twice", "keep one"),
    ("catalogue: {source: c.csv}", "catalogue", "`key` is missing", ""),
    ("id: b", "id", "stands twice", "keep one"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "path", "found", "expected"), CASES)
def test_what_is_wrong_is_told_with_its_place(body: str, path: str, found: str, expected: str) -> None:
    told = problems_of(HEAD + body.replace("RULE", RULE))
    problem = next((p for p in told if p.path == path), None)
    assert problem is not None, [str(p) for p in told]
    assert found in problem.found and expected in problem.expected, str(problem)
    assert problem.line == 3 and problem.file == "initiative.yaml"
    assert len({p.path for p in told}) == len(told), "one problem a place"


@pytest.mark.parametrize(
    "source",
    ["/etc/passwd", "../up.csv", "a/../../b.csv", "https://x.org/a.csv", "s3://b/a.csv", "C:\\a.csv", "C:/a.csv",
     "\\\\host\\a.csv", "~/a.csv", "..\\up.csv", "file:a.csv"],
)  # fmt: skip
def test_sources_stay_in_the_folder(source: str) -> None:
    (problem,) = problems_of(HEAD + f"catalogue: {{source: '{source}', key: sku}}")
    assert problem.path == "catalogue.source" and "leads out of the folder" in problem.found
    assert "--catalogue" in problem.expected


@pytest.mark.parametrize("source", ["a.csv", "data/a.csv", "a..b.csv", "./a.csv", "data of 2026/ä.parquet"])
def test_sources_in_the_folder_are_fine(source: str) -> None:
    read_text(HEAD + f"catalogue: {{source: '{source}', key: sku}}")


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        HEAD
        + "metrics: [{name: m, better: up}]\n"
        + "goals:\n"
        + "- {id: g, team: brand, metric: x}\n"
        + "- {id: h, team: brand, metric: m, weight: -1}\n"
        + "constraints:\n"
        + "- nonsense\n"
        + "- {id: a, team: nobody, rule: x > 1}\n"
        + "- {id: a, team: brand, rule: x > 1, strenght: soft}\n"
        + "- {team: brand, rule: x > 1, guards: [m, other]}\n"
        + "catalogue: {source: /tmp/x.csv, key: sku}\n"
    )
    told = [(p.line, p.path) for p in problems_of(text)]
    assert told == [
        (3, "metrics[0].better"),
        (5, "goals[0].metric"),
        (6, "goals[1].weight"),
        (8, "constraints[0]"),
        (9, "constraints[1].team"),
        (10, "constraints[2].id"),
        (10, "constraints[2].strenght"),
        (11, "constraints[3]"),
        (11, "constraints[3].guards[1]"),
        (12, "catalogue.source"),
    ]


def test_a_problem_reads_as_one_line() -> None:
    (problem,) = problems_of(HEAD + "constraints: [{id: a, team: brnd, rule: x > 1}]", "plan.yaml")
    assert str(problem) == "constraints[0].team (plan.yaml:3): 'brnd' is not a team; did you mean 'brand'?"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("hello", "not an initiative file"),
        ("- a\n- b\n", "not an initiative file"),
        ("[1, 2]", "not an initiative file"),
        ("id: a\n", "`accord` is missing"),
        ("accord: 2\nid: a\n", "format 2"),
        ("accord: 17\nid: a\nunknown: x\n", "format 17"),
        ("accord: 0\nid: a\n", "the format is 0"),
        ("accord: true\nid: a\n", "the format is True"),
        ("accord: '1'\nid: a\n", "the format is '1'"),
        ("accord: 1\n", "an initiative has an id or a name"),
        ("accord: 1\nid: [a\n", "not valid YAML"),
        ("accord: 1\n\tid: a\n", "tab"),
        ("accord: 1\nid: a\n---\nid: b\n", "not valid YAML"),
        ("accord: 1\nid: a\x00b\n", "characters"),
        ("accord: 1\nid: *a\n", "not valid YAML"),
        ('{"accord": 1, "id": "a",}', "not valid JSON"),
        ('{"accord": 1, "id": "a", "levers": [{"name": "x", "minimum": NaN}]}', "NaN is not a number"),
        ('{"accord": 1, "id": "a", "levers": [{"name": "x", "minimum": -Infinity}]}', "-Infinity is not a number"),
        ('{"accord": 1, "id": "a", "id": "b"}', "stands twice"),
        ('{"accord": 1, "id": "a", "levers": [{"name": "x", "minimum": 1e99999999}]}', "too long or too large"),
        ('{"accord": 1, "id": "a", "levers": [{"name": "x", "minimum": ' + "9" * 6000 + "}]}", "too long or too large"),
    ],
)
def test_what_is_no_initiative_is_refused(text: str, found: str) -> None:
    told = problems_of(text)
    assert found in told[0].found, str(told[0])
    assert told[0].expected


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "levers: " + "[" * 20_000,
        HEAD + "levers: " + "{a: " * 20_000,
        HEAD + "levers:\n" + "- " * 20_000 + "x",
        HEAD + "levers:\n" + "".join(" " * i + "a:\n" for i in range(400)),
        '{"accord": 1, "levers": ' + "[" * 200_000,
        '{"accord": 1, "id": "a", "levers": ' + "[" * 500 + "]" * 500 + "}",
        HEAD + "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{n}: &{n} [{', '.join(['*' + m] * 10)}]\n" for m, n in zip("abcdefgh", "bcdefghi", strict=True)),
        HEAD + "levers: &a [*a]\n",
    ],
    ids=["brackets", "braces", "dashes", "indents", "json", "closed json", "aliases", "itself"],
)  # fmt: skip
def test_hostile_files_are_refused_in_a_sentence(text: str) -> None:
    assert all(p.found and p.expected for p in problems_of(text))


def test_files_have_a_size_limit(tmp_path: Path) -> None:
    file = tmp_path / "big.yaml"
    file.write_bytes(b"#" * 20_000_001)
    with pytest.raises(FileProblems, match="larger than 20 MB"):
        load(file)


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"accord: 1\nid: \xff\xfe\n", "not UTF-8"), ("accord: 1\nid: a".encode("utf-16"), "not UTF-8")],
)
def test_files_are_utf_8(tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(FileProblems, match=found):
        load(tmp_path / "a.yaml")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileProblems, match="no such file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(FileProblems, match="cannot be read"):
        load(tmp_path)


def test_the_contract_s_example_has_no_problem() -> None:
    read_text(SPRING)
