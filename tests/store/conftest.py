"""A workshop in a fresh DuckDB file and an initiative in it."""


from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alignment.initiative.models import Initiative
from alignment.initiative.reading import read_text
from alignment.store import Workshop
from tests.store.sample import ANA, INITIATIVE


@pytest.fixture
def initiative() -> Initiative:
    return read_text(INITIATIVE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "workshop" / "workshop.duckdb"


@pytest.fixture
def workshop(path: Path) -> Iterator[Workshop]:
    with Workshop.open(path) as workshop:
        yield workshop


@pytest.fixture
def pricing(workshop: Workshop, initiative: Initiative) -> str:
    """Id of the initiative, with Ana as facilitator, Bo as participant and Cy as reviewer."""
    id = workshop.create(initiative, ANA)
    workshop.join(id, "Bo", "brand")
    workshop.join(id, "Cy", "tech", "reviewer")
    return id
