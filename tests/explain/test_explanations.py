"""Forty conflicts as people read them: every sentence in the golden file was read and found true."""

import io
from datetime import date

import pandas as pd

import alignment
from alignment.initiative.models import Initiative
from tests.explain.cases import CASES
from tests.golden.compare import same_as_read


def explained(rules, levers, rows) -> list[str]:
    """What is said about each conflict of a small workshop, in the order of the report."""
    teams = sorted({r["team"] for r in rules})
    initiative = Initiative.model_validate(
        {
            "accord": 1,
            "name": "Shirts",
            "as_of": date(2026, 3, 1),
            "teams": teams,
            "levers": levers,
            "catalogue": {"source": "shirts.csv", "key": "sku"},
            "constraints": rules,
        }
    )
    found = alignment.check(initiative, pd.read_csv(io.StringIO(rows)))
    return [f"{c.strength}: {c.explanation}" for c in found.conflicts]


def test_what_is_said_about_forty_conflicts_is_what_a_person_has_read():
    lines = []
    for title, rules, levers, rows in CASES:
        said = explained(rules, levers, rows) or ["no conflict"]
        lines += [f"{title}", *(f"  {r['id']}: {r['rule']}" for r in rules), *(f"  > {line}" for line in said), ""]
    assert len(CASES) == 40
    same_as_read("explanations.txt", "\n".join(lines))
