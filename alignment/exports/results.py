"""What code-scanning and test viewers are told: one result per conflict, finding or error, never one per item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from alignment.conflicts.report import ConflictReport
from alignment.exports.wording import headline, repair_change
from alignment.initiative.models import Initiative
from alignment.words import amount

CONFLICT_RULES = {
    "item-conflict": "Constraints that leave no value on at least one item",
    "pair-conflict": "Constraints over pairs of items that cannot hold together on the catalogue",
    "aggregate-conflict": "Constraints over groups of items that cannot hold together on the catalogue",
    "mixed-conflict": "Constraints of several families that cannot hold together on the catalogue",
}


@dataclass(frozen=True)
class Result:
    """One thing to show.

    rule: its kind; level: how grave; counts: does it make the exit code 1; accepted: why it was accepted, if it was;
    lines: where its subjects stand in the initiative file, the first being the main one, as far as that is known.
    """

    rule: str
    name: str
    level: Literal["error", "warning", "note"]
    message: str
    fingerprint: str
    counts: bool
    accepted: str | None = None
    lines: tuple[int, ...] = ()
    facts: tuple[tuple[str, Any], ...] = ()


def conflict_results(report: ConflictReport, initiative: Initiative, counting: Sequence[str]) -> list[Result]:
    """One result per conflict; `counting` are the ids of those that count under the threshold."""
    order = {c.id: i for i, c in enumerate(initiative.constraints)}
    results = []
    for conflict in report.conflicts:
        facts: list[tuple[str, Any]] = [("items", conflict.items), ("teams", list(conflict.teams))]
        if conflict.stake:
            facts.append(("stake", amount(conflict.stake.amount, conflict.stake.unit)))
        results.append(
            Result(
                rule=f"{conflict.family}-conflict",
                name=headline(conflict),
                level="error" if conflict.strength == "hard" else "warning",
                message=" ".join(
                    [conflict.explanation, *(f"Repair: {repair_change(r)}." for r in conflict.repairs[:1])]
                ),
                fingerprint=conflict.id,
                counts=conflict.id in counting,
                accepted=f"waived until {conflict.waived_until}" if conflict.waived_until else None,
                lines=_lines(initiative, [f"constraints[{order[id]}]" for id in conflict.constraints if id in order]),
                facts=tuple(facts),
            )
        )
    return results


def finding_results(
    findings: Sequence[Mapping[str, Any]], initiative: Initiative, counted_levels: set[str]
) -> list[Result]:
    """One result per finding of the objective mapping, from values with the keys of its JSON."""
    places = _places(initiative)
    return [
        Result(
            rule=finding["code"],
            name=f"{finding['code']}: {', '.join(finding['subjects'])}".removesuffix(": "),
            level=finding["severity"],
            message=" ".join(part for part in (finding["message"], finding.get("suggestion")) if part),
            fingerprint="/".join([finding["code"], *finding["subjects"]]),
            counts=finding["severity"] in counted_levels,
            lines=_lines(initiative, [places[s] for s in finding["subjects"] if s in places]),
            facts=(("teams", list(finding.get("teams", ()))),),
        )
        for finding in findings
    ]


def error_results(errors: Sequence[Mapping[str, Any]], lines: Sequence[str]) -> list[Result]:
    """One result per error of `validate`; `lines` are the same errors as sentences."""
    return [
        Result(
            rule="invalid-file",
            name=error["path"] or "file",
            level="error",
            message=line,
            fingerprint=f"{error['path']}/{error['found']}",
            counts=True,
            lines=(error["line"],) if error["line"] else (),
        )
        for error, line in zip(errors, lines, strict=True)
    ]


def _lines(initiative: Initiative, paths: Sequence[str]) -> tuple[int, ...]:
    return tuple(line for line in map(initiative.line_of, paths) if line)


def _places(initiative: Initiative) -> dict[str, str]:
    places: dict[str, str] = {}
    for section, key in (
        ("goals", "id"),
        ("constraints", "id"),
        ("backstops", "id"),
        ("metrics", "name"),
        ("levers", "name"),
    ):
        for i, entity in enumerate(getattr(initiative, section)):
            places.setdefault(getattr(entity, key), f"{section}[{i}]")
    return places
