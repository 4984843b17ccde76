"""What goes into the workshop comes out unchanged: values, digits, order of keys and order of records."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignment.initiative.hashing import content_hash
from alignment.initiative.models import Initiative
from alignment.initiative.reading import load
from alignment.initiative.writing import to_yaml
from alignment.store import Workshop
from alignment.store.bodies import from_body, to_body
from tests.store.sample import ANA

NUMBERS = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=8)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
DATES = st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1))


def optional(**fields: st.SearchStrategy) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries({}, optional=fields)


def shuffled(record: dict) -> st.SearchStrategy[dict]:
    return st.permutations(list(record.items())).map(dict)


@st.composite
def initiatives(draw: st.DrawFn) -> Initiative:
    teams = draw(st.lists(WORDS, min_size=1, max_size=3, unique=True))
    metrics = draw(st.lists(WORDS, min_size=1, max_size=4, unique=True))
    ids = draw(st.lists(WORDS, max_size=6, unique=True))
    team, metric = st.sampled_from(teams), st.sampled_from(metrics)
    constraint = optional(
        where=WORDS, strength=st.sampled_from(["hard", "soft"]), priority=st.integers(1, 9), relax_to=NUMBERS,
        owner=st.none() | WORDS, because=st.none() | WORDS, status=st.sampled_from(["proposed", "agreed", "retired"]),
        review_by=DATES, guards=st.lists(metric, max_size=2), links=st.lists(WORDS, max_size=2),
    )
    change = optional(
        **{"from": DATES | WORDS | DATES.map(str), "to": DATES.map(str), "announced": st.booleans() | DATES})
    data = {
        "accord": 1,
        "name": draw(WORDS),
        "teams": teams,
        "metrics": [draw(shuffled({"name": name, **draw(optional(unit=WORDS, horizon_days=st.integers(0, 99)))}))
                    for name in metrics],
        "constraints": [draw(shuffled({"id": id, "team": draw(team), "rule": draw(WORDS), **draw(constraint)}))
                        for id in ids],
        "links": [{"from": draw(metric), "to": draw(metric), "sign": "negative",
                   "strength": draw(st.decimals(0, 1, places=6))}
                  for _ in range(draw(st.integers(0, 3)))],
        "changes": [draw(shuffled({"date": draw(DATES), "team": draw(team), "what": draw(WORDS), **draw(change)}))
                    for _ in range(draw(st.integers(0, 3)))],
        "definitions": [{"metric": draw(metric), "version": draw(st.integers(0, 10**9) | WORDS), "text": draw(WORDS)}
                        for _ in range(draw(st.integers(0, 2)))],
        **draw(optional(summary=st.none() | WORDS, as_of=DATES, id=WORDS, goals=st.just([]), objective=st.none())),
    }
    return Initiative.model_validate(draw(shuffled(data)))


def same(one: Initiative, other: Initiative) -> bool:
    """Same values, digits and order; the lines of a file that one was read from do not count."""
    return dict(one) == dict(other) and repr(one.written()) == repr(other.written())


def test_an_initiative_of_every_kind_of_record_comes_back_unchanged(
    workshop: Workshop, pricing: str, initiative: Initiative
) -> None:
    assert same(workshop.initiative(pricing), initiative)
    assert to_yaml(workshop.initiative(pricing)) == to_yaml(initiative)
    assert content_hash(workshop.initiative(pricing)) == content_hash(initiative)


def test_it_comes_back_unchanged_from_the_file_on_disk(path: Path, initiative: Initiative) -> None:
    with Workshop.open(path) as workshop:
        id = workshop.create(initiative, ANA)
    with Workshop.open(path) as workshop:
        assert same(workshop.initiative(id), initiative)


def test_the_sample_comes_back_unchanged(workshop: Workshop) -> None:
    sample = load(Path(__file__).parents[2] / "data" / "sample" / "initiative.yaml")
    assert same(workshop.initiative(workshop.create(sample)), sample)


def test_any_initiative_survives_disk_and_replacement(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "workshop.duckdb"

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(initiatives(), initiatives())
    def holds(first: Initiative, second: Initiative) -> None:
        with Workshop.open(path) as workshop:
            id = workshop.create(first, ANA)
        with Workshop.open(path) as workshop:
            assert same(workshop.initiative(id), first)
            workshop.replace(id, second, ANA)
            assert same(workshop.initiative(id), second)
            assert workshop.replace(id, second, ANA) == 0

    holds()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS | DATES | DATES.map(str) | NUMBERS.filter(lambda d: d % 1 != 0),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS.filter(lambda w: w != "text"), inner, max_size=3),
)


@given(st.dictionaries(WORDS.filter(lambda w: w != "text"), VALUES, max_size=4))
def test_a_body_keeps_values_types_digits_and_order(value: dict) -> None:
    assert repr(from_body(to_body(value))) == repr(value)


@pytest.mark.parametrize("digits", ["0.10", "1.50", "123456789012345678.123456789", "-0.000001"])
def test_a_decimal_keeps_its_digits(digits: str) -> None:
    assert str(from_body(to_body({"x": Decimal(digits)}))["x"]) in (digits, format(Decimal(digits), "f"))
