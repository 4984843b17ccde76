"""Reading a file, saving it and reading it again loses nothing and keeps the author's order."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from alignment.initiative.models import Initiative
from alignment.initiative.reading import load, read_text
from alignment.initiative.writing import to_json, to_yaml
from tests.initiative.spring import SPRING


def test_yaml_comes_back_equal() -> None:
    initiative = read_text(SPRING)
    assert read_text(to_yaml(initiative)) == initiative


def test_json_comes_back_equal() -> None:
    initiative = read_text(SPRING)
    assert read_text(to_json(initiative), "initiative.json") == initiative


def test_saving_twice_writes_the_same_bytes() -> None:
    once = to_yaml(read_text(SPRING))
    assert to_yaml(read_text(once)) == once
    assert to_yaml(read_text(to_json(read_text(SPRING)))) == once


def test_order_of_keys_and_of_lists_is_the_author_s() -> None:
    written = read_text(SPRING).written()
    said = yaml.safe_load(SPRING)
    assert list(written) == list(said)
    assert list(written["constraints"][0]) == list(said["constraints"][0])
    assert [c["id"] for c in written["constraints"]] == ["floor-over-cost", "pack-ladder", "category-margin"]
    assert list(written["links"][0]) == ["from", "to", "sign", "strength", "lag_days", "evidence"]


def test_only_what_was_written_is_saved() -> None:
    assert read_text(to_yaml(read_text("accord: 1\nid: a\n"))).written() == {"accord": 1, "id": "a"}
    assert to_yaml(read_text("accord: 1\nid: a\n")) == "accord: 1\nid: a\n"


@pytest.mark.parametrize("number", ["0.10", "0.1", "1.50", "0", "-0.020", "100", "123456789012345678.123456789"])
def test_a_number_is_kept_as_written(number: str) -> None:
    text = f"accord: 1\nid: a\nlevers:\n- {{name: price, minimum: {number}}}\n"
    initiative = read_text(text)
    assert str(initiative.levers[0].minimum) == number
    assert f"minimum: {number}" in to_yaml(initiative)
    assert f'"minimum": {number}' in to_json(initiative)


def test_decimals_add_up() -> None:
    initiative = read_text("accord: 1\nid: a\nlevers: [{name: x, minimum: 0.1, maximum: 0.2}]")
    lever = initiative.levers[0]
    assert lever.minimum is not None and lever.maximum is not None
    assert lever.minimum + lever.maximum == Decimal("0.3")


def test_on_is_a_key_and_yes_is_text() -> None:
    initiative = read_text(
        "accord: 1\nid: yes\nteams: [no, off]\nconstraints: [{id: on, team: no, rule: price > 1}]\n"
        "stances: [{on: on, team: off, by: y, stance: agree}]\n"
    )
    assert initiative.id == "yes" and initiative.teams == ("no", "off") and initiative.stances[0].on == "on"
    assert read_text(to_yaml(initiative)) == initiative


def test_dates_are_dates() -> None:
    initiative = read_text(SPRING)
    assert initiative.as_of == date(2026, 3, 1)
    assert initiative.constraint("floor-over-cost").until == date(2026, 12, 31)
    assert initiative.signatures[0].at.isoformat() == "2026-02-11T14:10:00+00:00"


@pytest.mark.parametrize(
    "text",
    ["Frühjahr ☀ 春", "a: b # c", "'", '"', "- x", "\u2028", "1e5", "2026-03-01", "null", "~", "007", " x ", "true",
     "On",      "0x10", "2026-03-01 7", "!tag", "a\nb\n", "%", "@x", "\x85", "1_000", "12:30"],
)  # fmt: skip
def test_any_text_survives(text: str) -> None:
    initiative = Initiative.model_validate({"accord": 1, "id": "a", "name": text, "summary": text})
    assert read_text(to_yaml(initiative)).summary == text
    assert read_text(to_json(initiative)).name == text


def test_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("\ufeffaccord: 1\nid: a\n".encode())
    assert load(tmp_path / "a.yaml").id == "a"


def test_sources_are_looked_for_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SPRING, encoding="utf-8")
    assert load(tmp_path / "a.yaml").folder == tmp_path


def test_id_comes_from_the_name_and_title_from_the_id() -> None:
    assert read_text("accord: 1\nname: Spring Pricing 2026!").slug == "spring-pricing-2026"
    assert read_text("accord: 1\nid: spring").title == "spring"


def test_lines_of_entities_are_known() -> None:
    initiative = read_text(SPRING)
    rule = next(n for n, line in enumerate(SPRING.splitlines(), 1) if "rule: upper.price" in line)
    assert initiative.line_of("constraints[1].rule") == rule
    assert initiative.line_of("constraints[1].strength") == rule - 3, (
        "a key that is not written: where its entity starts"
    )


numbers = st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False, places=4)
words = st.text(min_size=1, max_size=20).filter(
    lambda t: "\0" not in t and not any("\ud800" <= c <= "\udfff" for c in t)
)
names = st.sampled_from(("price", "cost margin", "yes", "1", "ü", "null", "2026-03-01", "a.b"))
days = st.dates().map(lambda d: d.isoformat())


def entity(required: dict[str, st.SearchStrategy], **optional: st.SearchStrategy) -> st.SearchStrategy:
    return st.fixed_dictionaries(required, optional=optional)


levers = entity({"name": names}, unit=words, minimum=numbers, current=words)
constraints = entity(
    {"id": words, "team": st.sampled_from(("brand", "tech")), "rule": words},
    strength=st.sampled_from(("hard", "soft")),
    priority=st.integers(1, 9),
    relax_to=numbers,
    per=st.lists(words, max_size=2),
    until=days,
    because=words,
)
goals = entity(
    {"id": words.map("goal {}".format), "team": st.just("brand"), "metric": st.just("m")},
    weight=numbers.map(abs),
    target=words,
    because=words,
)
initiatives = entity(
    {"accord": st.just(1), "id": words},
    name=words,
    summary=words,
    as_of=days,
    levers=st.lists(levers, max_size=2, unique_by=lambda e: e["name"]),
    metrics=st.just([{"name": "m"}]),
    constraints=st.lists(constraints, max_size=3, unique_by=lambda e: e["id"]),
) | entity(
    {"accord": st.just(1), "name": words, "metrics": st.just([{"name": "m"}])},
    goals=st.lists(goals, max_size=2, unique_by=lambda e: e["id"]),
)


@settings(max_examples=120, deadline=None, phases=[Phase.generate])
@given(initiatives)
def test_any_initiative_comes_back_equal(data: dict) -> None:
    initiative = Initiative.model_validate(data)
    assert read_text(to_yaml(initiative)) == initiative
    assert read_text(to_json(initiative)) == initiative
    assert list(json.loads(to_json(initiative))) == list(data)
