"""What a check found, as plain frozen values; pages, command line, exports and tests read the same object.

Field names are the keys of the JSON contract. Bounds that are infinite and figures that do not exist are None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from alignment.conflicts.coupled.evidence import Evidence

Severity = Literal["error", "warning", "note"]
Key = str | int | float | None


@dataclass(frozen=True)
class Amount:
    """A sum of the catalogue's value column."""

    amount: float
    unit: str | None


@dataclass(frozen=True)
class Finding:
    """Something a reader should know that never changes the exit code."""

    code: str
    severity: Severity
    subjects: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Tightness:
    """What a rule leaves alone: widths within the lever's domain, None where that is unbounded."""

    median_width: float | None
    share_of_domain: float | None
    no_room: int


@dataclass(frozen=True)
class ConstraintStatus:
    """What one constraint does on this catalogue."""

    id: str
    family: Literal["item", "pair", "aggregate", "opaque"]
    status: Literal[
        "active", "never_applies", "never_binds", "self_contradictory", "opaque", "not_checked_yet", "not_in_force"
    ]
    in_scope: int
    unknown: int
    violated_today: int | None
    violated_candidates: int | None
    implied_by: tuple[str, ...]
    tightness: Tightness | None


@dataclass(frozen=True)
class Edit:
    """One change of one field of one constraint; `to` is the whole new text."""

    constraint: str
    field: Literal["rule", "where", "strength", "status"]
    from_: str | None
    to: str | None
    amount: float | None
    unit: str | None


@dataclass(frozen=True)
class Concession:
    """How much a team gives up under a repair."""

    team: str
    amount: float
    unit: str | None


@dataclass(frozen=True)
class Repair:
    """One way out of a conflict with its consequence."""

    option: int
    kind: Literal["bound", "scope", "soften", "retire", "joint"]
    changes: tuple[Edit, ...]
    items_fixed: int
    items_opened: int
    opens: tuple[str, ...]
    stake: Amount | None
    within_limits: bool
    concessions: tuple[Concession, ...]


@dataclass(frozen=True)
class Gap:
    """How far apart the bounds are, in the lever's unit."""

    max: float | None
    median: float | None
    unit: str | None


@dataclass(frozen=True)
class Part:
    """One interval of allowed lever values; an infinite end is None."""

    lower: float | None
    lower_closed: bool
    upper: float | None
    upper_closed: bool


@dataclass(frozen=True)
class MemberAtWorst:
    """What one member of a conflict allows at the worst item: intervals, or the values of a finite lever."""

    constraint: str
    parts: tuple[Part, ...]
    values: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Conflict:
    """A minimal set of constraints that cannot hold together."""

    id: str
    constraints: tuple[str, ...]
    teams: tuple[str, ...]
    strength: Literal["hard", "soft"]
    family: Literal["item", "pair", "aggregate", "mixed"]
    group: int
    waived_until: date | None
    stake: Amount | None
    items: int
    share: float
    domain: bool
    gap: Gap | None
    worst: Mapping[str, Any]
    sample: tuple[Key, ...]
    explanation: str
    repairs: tuple[Repair, ...]
    lever: str | None = field(default=None, metadata={"json": False})
    at_worst: tuple[MemberAtWorst, ...] = field(default=(), metadata={"json": False})
    today_at_worst: float | None = field(default=None, metadata={"json": False})
    in_scope_of_all: int | None = field(default=None, metadata={"json": False})
    evidence: Evidence | None = field(default=None, metadata={"json": False})


@dataclass(frozen=True)
class Slack:
    """Upper bound less lower bound of two opposing rules, in the lever's unit."""

    min: float
    p5: float
    unit: str | None


@dataclass(frozen=True)
class Near:
    """Two opposing rules that hold together today, tightest first."""

    constraints: tuple[str, ...]
    slack: Slack
    items_within_5_percent: int
    worst: Mapping[str, Any]


@dataclass(frozen=True)
class Correction:
    """Constraints whose removal clears every hard conflict; minimal by inclusion."""

    retire: tuple[str, ...]
    cost: int
    items_fixed: int
    stake: Amount | None
    teams: tuple[str, ...]


@dataclass(frozen=True)
class Relaxation:
    """The least shift of each bound, by priority; `reason` says why there is none."""

    by_constraint: Mapping[str, float] | None
    unit: str | None
    criterion: str
    reason: str | None = None


@dataclass(frozen=True)
class ConflictReport:
    """Everything that `check` found."""

    accord: int
    initiative: str
    content_hash: str
    items: int
    verdict: Literal["clear", "conflict", "incomplete"]
    complete: bool
    not_checked: tuple[str, ...]
    findings: tuple[Finding, ...]
    constraints: tuple[ConstraintStatus, ...]
    conflicts: tuple[Conflict, ...]
    near: tuple[Near, ...]
    feasible_items: int
    infeasible_items: int
    corrections: tuple[Correction, ...]
    corrections_complete: bool
    relaxation: Relaxation | None


def as_json(value: Any) -> Any:
    """A report, or any part of one, as values that JSON can hold; keys as in the contract."""
    if is_dataclass(value) and not isinstance(value, type):
        shown = [f for f in fields(value) if f.metadata.get("json", True)]
        return {f.name.rstrip("_"): as_json(getattr(value, f.name)) for f in shown}
    if isinstance(value, Mapping):
        return {str(k): as_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(v) for v in value]
    if isinstance(value, (Decimal, Fraction)):
        whole = value == int(value)
        return int(value) if whole else float(value)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        return int(value) if value == int(value) and abs(value) < 2**53 else value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value
