"""The sample with two rules more that tie the cars of a model year together: a margin rate and a budget of changes."""

from pathlib import Path

from alignment.initiative.models import Constraint, Initiative
from alignment.initiative.reading import load

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "initiative.yaml"
RULES = (
    ("line-margin-rate", "finance", "sum((price - cost) * units_today) >= 0.25 * sum(price * units_today)"),
    ("change-budget", "operations", "count(*) filter (where price <> current_price) <= 60"),
)


def tied_sample() -> Initiative:
    """The initiative, whose tables are found beside the sample's file."""
    sample = load(SAMPLE)
    more = tuple(
        Constraint.model_validate({"id": id, "team": team, "rule": rule, "per": ["year"], "status": "agreed"})
        for id, team, rule in RULES
    )
    return sample.model_copy(update={"constraints": (*sample.constraints, *more)})
