"""The JSON Schema that is shipped accepts what the reader accepts and refuses unknown keys."""

from __future__ import annotations

import json

import jsonschema
import pytest

from alignment.initiative.reading import read_text
from alignment.initiative.schema import json_schema
from alignment.initiative.writing import to_json
from tests.initiative.spring import SPRING

VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def spring() -> dict:
    return json.loads(to_json(read_text(SPRING)))


def test_schema_is_valid_itself() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_the_contract_s_example_fits() -> None:
    assert [error.message for error in VALIDATOR.iter_errors(spring())] == []


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        (None, "colour", "red"),
        ("constraints", "strenght", "soft"),
        ("constraints", "priority", 10),
        ("constraints", "strength", "firm"),
        ("goals", "weight", -1),
        ("levers", "minimum", "low"),
        ("links", "strength", 1.5),
        ("levers", "step", 0),
    ],
)
def test_what_the_reader_refuses_does_not_fit(section: str | None, key: str, value: object) -> None:
    data = spring()
    (data[section][0] if section else data)[key] = value
    assert list(VALIDATOR.iter_errors(data))


def test_an_id_or_a_name_is_required() -> None:
    assert list(VALIDATOR.iter_errors({"accord": 1}))
    assert not list(VALIDATOR.iter_errors({"accord": 1, "name": "a"}))
