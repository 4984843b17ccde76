"""A constraint while it is being written: what it would do on the catalogue, and whom it would clash with.

Nothing is recorded; only what the constraint can affect is checked again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from alignment.conflicts.check import Situation, conflicts_of
from alignment.conflicts.report import Conflict
from alignment.conflicts.trying import about
from alignment.initiative.models import Constraint
from alignment.rules.normal import Linked, Normal, Opaque
from alignment.rules.ruleset import Checked, Choice, RuleSet, read_rules


@dataclass(frozen=True)
class Preview:
    """What a constraint would do; `conflicts` are those it would take part in, hard ones first, then by items.

    case: the situation with the constraint in force, for explaining its conflicts.
    counted: False where the rule is checked only with the whole catalogue (pairs, aggregates, several levers); the
    figures
    are then None and there are no conflicts. opaque: why the rule proves nothing, None where it does.
    """

    in_scope: int | None
    unknown: int | None
    violated_today: int | None
    conflicts: tuple[Conflict, ...]
    case: Situation
    counted: bool = True
    opaque: str | None = None


def preview(case: Situation, constraint: Constraint) -> Preview:
    """What would a new constraint do, or a changed one in place of the one with its id?

    case: the situation without it, read once and kept. Raises FileProblems where the rule or its scope cannot be read.
    """
    rule = _read(case, constraint)
    if rule.form is None or isinstance(rule.form, Linked):
        return Preview(None, None, None, (), case, counted=False)
    together = replace(case.rules, checked=_with(case.rules, rule))
    counts, clashes, complete = about(rule, together, case.catalogue, case.answers.sweeps)
    opaque = rule.form.reason if isinstance(rule.form, Opaque) else None
    changed = replace(case, rules=together, answers=replace(case.answers, clashes=clashes, complete=complete))
    found = conflicts_of(changed)
    return Preview(counts.in_scope, counts.unknown, counts.violated, found, changed, opaque=opaque)


def _read(case: Situation, constraint: Constraint) -> Checked:
    """The constraint parsed and normalised as if it were in force today."""
    shown = constraint.model_copy(update={"status": "proposed", "from_": None, "until": None})
    alone = case.initiative.model_copy(update={"constraints": (shown,)})
    return read_rules(alone, case.catalogue, "proposed", case.today).of(shown.id)


def _with(rules: RuleSet, rule: Checked) -> tuple[Checked, ...]:
    """The rule with those it can meet, in the order of ids: item rules over the same lever."""
    others = tuple(r for r in rules.checked if r.id != rule.id and _meets(r, rule))
    return tuple(sorted((*others, rule), key=lambda r: r.id))


def _meets(other: Checked, rule: Checked) -> bool:
    if not isinstance(rule.form, (Normal, Choice)) or not isinstance(other.form, (Normal, Choice)):
        return False
    return rule.form.lever is not None and other.form.lever == rule.form.lever
