"""The reports of two public data sets, as people read them: each sentence was read and found true."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment.cli.text_mapping import mapping_text
from alignment.conflicts.report import as_json
from alignment.initiative.reading import load
from alignment.objective.mapping import map_objective
from tests.golden.compare import same_as_read

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "file"),
    [("map-cars.txt", "data/sample/initiative.yaml"), ("map-travel.txt", "tests/data/travel/initiative.yaml")],
)
def test_the_report_is_the_one_that_was_read(name: str, file: str) -> None:
    initiative = load(ROOT / file)
    same_as_read(name, mapping_text(as_json(map_objective(initiative)), initiative.title))
