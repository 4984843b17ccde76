"""What a mapping found, as plain frozen values; pages, command line, exports and tests read the same object.

Field names are the keys of the JSON contract; fields marked as not JSON serve pages. What does not exist is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from alignment.objective.prepare import Prepared

Severity = Literal["error", "warning", "note"]
Verdict = Literal["aligned", "partly", "misaligned", "unknown"]
Key = str | int | float | None


@dataclass(frozen=True)
class Finding:
    """One thing about the objective that a reader should know, with its evidence and what to do."""

    code: str
    severity: Severity
    subjects: tuple[str, ...]
    teams: tuple[str, ...]
    message: str
    evidence: Mapping[str, Any]
    suggestion: str


@dataclass(frozen=True)
class Coverage:
    """How one term reaches one goal; `sign` is +1 where it helps, −1 where it harms; term is None where none does."""

    goal: str
    term: str | None
    path: tuple[str, ...]
    sign: int | None
    strength: float | None
    lag_days: int | None
    evidence: str | None


@dataclass(frozen=True)
class Term:
    """A metric in the objective; its coefficient is above 0 where the model wants more, None where unknown."""

    metric: str
    coefficient: float | None
    unit: str | None
    mixed: bool = False
    estimated: bool = False
    se: float | None = None
    linear: bool = field(default=True, metadata={"json": False})
    rate: str | None = field(default=None, metadata={"json": False})


@dataclass(frozen=True)
class Pair:
    """Kendall's tau-b of two teams' rankings; None where one of them ranks all goals alike."""

    teams: tuple[str, str]
    tau_b: float | None


@dataclass(frozen=True)
class Ranks:
    """The rank, 1 for the most important, that each team gives one goal."""

    goal: str
    ranks: Mapping[str, float]


@dataclass(frozen=True)
class Agreement:
    """How far teams rank the goals alike: Kendall's W with its p-value."""

    w: float | None
    p: float | None
    method: Literal["exact", "permutation"]
    teams: tuple[str, ...]
    pairs: tuple[Pair, ...]
    goals: tuple[Ranks, ...]


@dataclass(frozen=True)
class Captured:
    """The share of the achievable value that the model captures, with its 95 % interval."""

    model: float | None
    low: float | None
    high: float | None
    random: float | None
    undefined: float = 0.0
    reason: str | None = None


@dataclass(frozen=True)
class Coupled:
    """Which pair and aggregate rules a solver applied, how, and how far the solution may be from the best."""

    applied: tuple[str, ...]
    method: Literal["milp", "lagrangian"]
    gap: float


@dataclass(frozen=True)
class Regret:
    """What one goal loses against the best choice; amounts in the metric's unit."""

    goal: str
    team: str
    metric: str
    unit: str | None
    share: float | None
    amount: float
    model_change: float
    best_change: float


@dataclass(frozen=True)
class TeamRegret:
    """The regret of a team's goals together."""

    team: str
    regret_share: float | None


@dataclass(frozen=True)
class RankAgreement:
    """Mean Kendall tau-b of objective and utility over the items where both vary."""

    tau_b: float
    low: float
    high: float
    items: int


@dataclass(frozen=True)
class Dominated:
    """Items where another candidate is at least as good on every goal, and what choosing it would gain."""

    items: int
    share: float
    free_gain: float | None


@dataclass(frozen=True)
class CurvePoint:
    """The captured share of the best of n random candidates by the objective; n is None without end."""

    n: int | None
    captured: float | None


@dataclass(frozen=True)
class Goodhart:
    """The captured share as selection by the objective hardens."""

    curve: tuple[CurvePoint, ...]
    peak_n: int | None
    lost_after_peak: float | None


@dataclass(frozen=True)
class Guardrail:
    """What a rule costs the best choice, and what it saves from the model; shares of the achievable value."""

    constraint: str
    price: float | None
    protects: float | None


@dataclass(frozen=True)
class RevealedWeight:
    """A goal's stated weight beside the one that the objective acts on."""

    goal: str
    stated: float
    revealed: float


@dataclass(frozen=True)
class Robustness:
    """How often the verdict stays when the weights move, and the smallest move seen that changes it."""

    draws: int
    same_verdict: float
    nearest_change: float | None


@dataclass(frozen=True)
class WorstItem:
    """One item's choices, with its share of the achievable value lost."""

    item: Key
    model: Mapping[str, Any]
    best: Mapping[str, Any]
    loss: float | None


@dataclass(frozen=True)
class Behaviour:
    """What the objective would choose on the decision table, against what the goals would choose.

    not_applied_because: by id, why a rule over several items is not applied.
    """

    items: int
    candidates: int
    infeasible_items: int
    incomplete_candidates: int
    unseen_goals: tuple[str, ...]
    unseen_weight: float
    unmovable: tuple[str, ...]
    constraints_not_applied: tuple[str, ...]
    captured: Captured
    coupled: Coupled | None
    regret: tuple[Regret, ...]
    teams: tuple[TeamRegret, ...]
    rank_agreement: RankAgreement | None
    distance: float | None
    dominated: Dominated
    goodhart: Goodhart
    guardrails: tuple[Guardrail, ...]
    revealed_weights: tuple[RevealedWeight, ...] | None
    revealed_fit: float | None
    robustness: Robustness | None
    worst_items: tuple[WorstItem, ...]
    not_applied_because: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HeldOut:
    """The proof of a repair on items that it has not seen; `low` and `high` are the 95 % interval of the gain."""

    items: int
    captured_before: float
    captured_after: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True)
class Repair:
    """Coefficients that capture more, in the units of the data; captured shares are of the half that was fitted on."""

    weights: Mapping[str, float]
    captured_before: float
    captured_after: float
    held_out: HeldOut


@dataclass(frozen=True)
class MappingReport:
    """Everything that `map` found."""

    accord: int
    initiative: str
    content_hash: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    coverage: tuple[Coverage, ...]
    terms: tuple[Term, ...]
    agreement: Agreement | None
    behaviour: Behaviour | None
    repair: Repair | None
    weights: Mapping[str, float] = field(default_factory=dict, metadata={"json": False})
    prepared: Prepared | None = field(default=None, repr=False, compare=False, metadata={"json": False})
