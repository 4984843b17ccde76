"""The content hash follows the meaning of an initiative and nothing else."""

from __future__ import annotations

import re

import pytest
import yaml

from alignment.initiative.hashing import content_hash
from alignment.initiative.reading import read_text
from tests.initiative.spring import SPRING

HASH = content_hash(read_text(SPRING), "c", "d")


def changed(old: str, new: str) -> str:
    assert old in SPRING
    return content_hash(read_text(SPRING.replace(old, new)), "c", "d")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("weight: 0.40", "weight: 0.4"),
        ("step: 0.010", "step: 0.01"),
        ("minimum: 0\n", "minimum: 0.0\n"),
        ("maximum: 500\n", "maximum: 5e2\n"),
        ("summary: Automate", "summary: Do not automate"),
        ("because: \"Below", "because: \"Beneath"),
        ("because: too high", "because: far too high"),
        ("stance: object", "stance: accept"),
        ("score: 4", "score: 5"),
        ("what: new stock feed", "what: old stock feed"),
        ("outcome: kept", "outcome: dropped"),
        ('content_hash: "sha256:00"', 'content_hash: "sha256:01"'),
        ("    strength: hard\n", ""),
        ("accord: 1\nname: Spring pricing\n", "name: Spring pricing\naccord: 1\n"),
        (
            "{name: discount_depth, better: lower}\n  - {name: revenue}",
            "{name: revenue}\n  - {name: discount_depth, better: lower}",
        ),
        ("[operations, brand, tech, finance]", "[finance, brand, tech, operations]"),
    ],
)  # fmt: skip
def test_hash_is_blind_to(old: str, new: str) -> None:
    assert changed(old, new) == HASH


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("price >= cost * 1.08", "price >= cost * 1.09"),
        ("where: category <> 'clearance'", "where: category <> 'sale'"),
        ("weight: 0.40", "weight: 0.41"),
        ("strength: hard", "strength: soft"),
        ("status: agreed", "status: proposed"),
        ("priority: 5", "priority: 6"),
        ("maximum: 500", "maximum: 501"),
        ("lag_days: 180", "lag_days: 181"),
        ("sense: maximise", "sense: minimise"),
        ("until: 2026-12-31", "until: 2026-12-30"),
        ("per: [category]", "per: [brand]"),
        ("order: pack_size", "order: size"),
        ("when: daily_margin_rate < -0.02", "when: daily_margin_rate < -0.03"),
        ("source: catalogue.csv", "source: other.csv"),
        ("points: 100", "points: 90"),
        ("until: 2026-06-30", "until: 2026-07-30"),
        ("text: net of returns", "text: gross"),
        ("values: [approve,", "values: [approved,"),
        ("currency: USD", "currency: EUR"),
    ],
)
def test_hash_sees(old: str, new: str) -> None:
    assert changed(old, new) != HASH


def test_hash_sees_the_catalogue_and_the_decision_table() -> None:
    initiative = read_text(SPRING)
    assert (
        len({content_hash(initiative, *files) for files in [(None, None), ("c", None), (None, "c"), ("c", "d")]}) == 4
    )


def test_number_one_and_text_one_are_different_values() -> None:
    texts = [
        "accord: 1\nid: a\nlevers: [{name: x, values: [1]}]",
        "accord: 1\nid: a\nlevers: [{name: x, values: ['1']}]",
    ]
    assert len({content_hash(read_text(text)) for text in texts}) == 2


def test_hash_does_not_depend_on_the_order_of_records_or_keys() -> None:
    data = yaml.load(SPRING, yaml.BaseLoader)
    turned = {key: turn(data[key]) for key in reversed(data)}
    text = yaml.safe_dump(turned, sort_keys=False, default_style=None)
    assert content_hash(read_text(unquoted(text)), "c", "d") == HASH


def turn(section: object) -> object:
    if isinstance(section, dict):
        return {key: section[key] for key in reversed(section)}
    if isinstance(section, list) and section and isinstance(section[0], dict):
        return [turn(entity) for entity in reversed(section)]
    return section


def unquoted(text: str) -> str:
    """Numbers, dates and truth values without the quotes that a dump of plain texts puts round them."""
    return re.sub(r"'([-0-9.]+|true|20[-0-9T:]+Z)'", r"\1", text)
