"""Validation says everything that is wrong with a file at once, whatever it is about."""

from pathlib import Path

from alignment.validation import validate

FILE = """\
accord: 1
id: small
levers: [{name: price}]
catalogue: {source: items.csv, key: k}
metrics: [{name: margin}]
goals: [{id: g, team: finance, metric: margn}]
constraints:
  - {id: a, team: brand, rule: price >= cots}
  - {id: b, team: brandy, rule: price >= cost}
"""


def test_broken_references_do_not_hide_broken_rules(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("k,cost\n1,2\n")
    (tmp_path / "initiative.yaml").write_text(FILE)
    found = validate(tmp_path / "initiative.yaml")
    assert not found.valid
    said = {m.path: m.found for m in found.errors}
    assert said == {
        "goals[0].metric": "'margn' is not a metric",
        "constraints[1].team": "'brandy' is not a team",
        "constraints[0].rule": "'cots' is not a column of the catalogue",
    }
    assert all(m.line for m in found.errors)


def test_a_sound_file_is_valid() -> None:
    assert validate(Path(__file__).resolve().parents[1] / "data/sample/initiative.yaml").valid
