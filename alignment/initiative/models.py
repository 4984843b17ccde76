"""The entities of an initiative file, defined once: everything else reads, checks or shows them.

Pydantic models, frozen, unknown keys refused. Decimals stay decimals, and each record remembers the order in which its
author wrote the keys, so that saving keeps it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    WithJsonSchema,
    field_validator,
    model_validator,
)


def _written_out(value: Decimal) -> Decimal:
    if value.adjusted() > 30 or len(value.as_tuple().digits) > 30 or int(value.as_tuple().exponent) < -30:
        raise ValueError("the number is too long or too large; write at most 30 digits, up to 1e30")
    return value


_Finite = Annotated[Decimal, Field(allow_inf_nan=False), AfterValidator(_written_out)]
Number = Annotated[_Finite, WithJsonSchema({"type": "number"})]
Weight = Annotated[_Finite, Field(ge=0), WithJsonSchema({"type": "number", "minimum": 0})]
Positive = Annotated[_Finite, Field(gt=0), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
Share = Annotated[_Finite, Field(ge=0, le=1), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
Name = Annotated[str, Field(min_length=1, max_length=200)]
RuleText = Annotated[str, Field(min_length=1)]
Days = Annotated[int, Field(ge=0)]

Direction = Literal["higher", "lower"]
Strength = Literal["hard", "soft"]
Status = Literal["proposed", "agreed", "retired"]
Evidence = Literal["experiment", "observational", "expert", "assumed"]
Kind = Literal["floor", "ceiling", "range", "change", "ladder", "budget", "average", "exclusion", "other"]

DEFAULT_TEAMS = ("operations", "brand", "tech", "finance")


class Record(BaseModel):
    """One entity of the file; remembers its author's order of keys for saving."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", populate_by_name=True)
    _written: tuple[str, ...] = PrivateAttr(default=())

    @model_validator(mode="wrap")
    @classmethod
    def _remember_order(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        record = handler(data)
        if isinstance(data, Mapping):
            by_alias = {f.alias or name: name for name, f in cls.model_fields.items()}
            record._written = tuple(by_alias.get(str(key), str(key)) for key in data)
        return record

    def __eq__(self, other: object) -> bool:
        """Equal in what they say, whatever the order of keys and the file they were read from."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.values()))

    def written(self) -> dict[str, Any]:
        """Field values that the author gave, under the names of the file, in the author's order."""
        given = [name for name in self._written if name in self.model_fields_set]
        given += [name for name in type(self).model_fields if name in self.model_fields_set and name not in given]
        names = {name: field.alias or name for name, field in type(self).model_fields.items()}
        return {names[name]: _written(getattr(self, name)) for name in given}


def _written(value: Any) -> Any:
    if isinstance(value, Record):
        return value.written()
    if isinstance(value, (list, tuple)):
        return [_written(v) for v in value]
    return value


class Lever(Record):
    """What the model decides: a number with a domain, or one of a list of values."""

    name: Name
    unit: str | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    step: Positive | None = None
    values: tuple[str | Number, ...] | None = None
    current: Name | None = None

    @model_validator(mode="after")
    def _domain(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}; swap them")
        if self.values is not None and (self.minimum, self.maximum, self.step) != (None, None, None):
            raise ValueError("a lever has either values, or minimum, maximum and step; drop one of the two")
        if self.values is not None and (not self.values or len(set(self.values)) < len(self.values)):
            raise ValueError("values must be at least one, each different")
        return self


class CatalogueSource(Record):
    """Where the items come from and which column names them."""

    source: Name
    key: Name
    value: Name | None = None
    value_unit: str | None = None


class Metric(Record):
    """A quantity that goals, links and the objective speak about."""

    name: Name
    unit: str | None = None
    better: Direction = "higher"
    horizon_days: Days | None = None
    aggregate: Literal["sum", "mean"] = "sum"
    measured: Literal["direct", "proxy", "none"] = "direct"
    available: bool | None = None
    definition: str | None = None
    owner: str | None = None
    source: str | None = None

    @property
    def is_available(self) -> bool:
        """Can the model compute it when it decides? As written, else exactly when it is measured directly."""
        return self.measured == "direct" if self.available is None else self.available


class Link(Record):
    """What drives what: the sign, strength and delay of one metric's effect on another."""

    from_: Name = Field(alias="from")
    to: Name
    sign: Literal["positive", "negative"]
    strength: Share = Decimal(1)
    lag_days: Days = 0
    evidence: Evidence = "assumed"


class Goal(Record):
    """What a team wants of a metric, and how much it counts."""

    id: Name
    team: Name
    metric: Name
    want: Direction | None = None
    weight: Weight = Decimal(1)
    swing: Positive | None = None
    horizon_days: Days | None = None
    target: str | None = None
    because: str | None = None

    @field_validator("target", mode="before")
    @classmethod
    def _target_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else value


class Pairs(Record):
    """How a pair rule pairs items: consecutive ones of each group in an order."""

    within: tuple[Name, ...] = ()
    order: Name


class Constraint(Record):
    """A rule that every decision must keep, with the team that stands for it."""

    id: Name
    team: Name
    kind: Kind = "other"
    rule: RuleText
    where: RuleText | None = None
    pairs: Pairs | None = None
    per: tuple[Name, ...] = ()
    strength: Strength = "hard"
    priority: Annotated[int, Field(ge=1, le=9)] = 5
    relax_to: Number | None = None
    guards: tuple[Name, ...] = ()
    owner: str | None = None
    because: str | None = None
    status: Status = "proposed"
    from_: dt.date | None = Field(default=None, alias="from")
    until: dt.date | None = None
    review_by: dt.date | None = None
    nature: Literal["requirement", "assumption"] = "requirement"
    links: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _dates(self) -> Self:
        if self.from_ and self.until and self.from_ > self.until:
            raise ValueError(f"from {self.from_} is after until {self.until}; swap them")
        return self


class Backstop(Record):
    """When to stop the model, and what happens then."""

    id: Name
    team: Name
    when: RuleText
    action: Literal["block", "clamp", "approve", "fallback", "alert"]
    to: Name | None = None
    respond_within_minutes: Annotated[int, Field(ge=0)] | None = None
    owner: str | None = None
    tested_on: dt.date | None = None


class Term(Record):
    """One metric in the objective with its coefficient; `rate` states the exchange rate in words."""

    metric: Name
    coefficient: Number
    rate: str | None = None


class Objective(Record):
    """What the model really optimises: an expression, a list of terms, or a column with its own score."""

    sense: Literal["maximise", "minimise"] = "maximise"
    expression: RuleText | None = None
    terms: tuple[Term, ...] | None = None
    score: Name | None = None
    horizon_days: Days | None = None
    owner: str | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [name for name in ("expression", "terms", "score") if getattr(self, name) is not None]
        if len(given) != 1:
            said = " and ".join(given) if given else "none of expression, terms and score"
            raise ValueError(f"the objective has {said}; write exactly one of expression, terms and score")
        return self


class Decisions(Record):
    """The decision table: item by candidate with predicted metrics."""

    source: Name
    item: Name
    status_quo: Name | None = None


class Points(Record):
    participant: Name
    team: Name
    goal: Name
    points: Weight


class Stance(Record):
    on: Name
    team: Name
    by: Name
    stance: Literal["agree", "accept", "object"]
    because: str | None = None
    counter: str | None = None

    @model_validator(mode="after")
    def _reason(self) -> Self:
        if self.stance == "object" and not (self.because or self.counter):
            raise ValueError("an objection has a reason (because) or a counter-proposal (counter)")
        return self


class Waiver(Record):
    conflict: tuple[Name, ...]
    because: str
    by: Name
    until: dt.date


class Change(Record):
    date: dt.date
    team: Name
    what: str
    columns: tuple[Name, ...] = ()
    metrics: tuple[Name, ...] = ()
    from_: dt.date | str | None = Field(default=None, alias="from")
    to: dt.date | str | None = None
    announced: bool | dt.date | None = None


class Definition(Record):
    metric: Name
    version: int | str
    text: str
    owner: str | None = None
    since: dt.date | None = None


class Readiness(Record):
    participant: Name
    team: Name
    area: Name
    statement: str
    score: Annotated[int, Field(ge=1, le=5)]
    comment: str | None = None


class EvidenceItem(Record):
    claim: str
    kind: str | None = None
    where: str | None = None
    date: dt.date | None = None


class Decision(Record):
    date: dt.date
    about: tuple[Name, ...] = ()
    outcome: str
    by: tuple[Name, ...] = ()
    because: str | None = None


class Signature(Record):
    name: Name
    team: Name
    at: dt.datetime
    content_hash: str


class Initiative(Record):
    """All that a workshop agreed; `folder` is where relative sources are looked for."""

    accord: Literal[1]
    id: Name = ""
    name: Name = ""
    summary: str | None = None
    currency: str | None = None
    as_of: dt.date | None = None
    teams: tuple[Name, ...] = DEFAULT_TEAMS
    levers: tuple[Lever, ...] = ()
    catalogue: CatalogueSource | None = None
    metrics: tuple[Metric, ...] = ()
    links: tuple[Link, ...] = ()
    goals: tuple[Goal, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    backstops: tuple[Backstop, ...] = ()
    objective: Objective | None = None
    decisions: Decisions | None = None
    points: tuple[Points, ...] = ()
    stances: tuple[Stance, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    changes: tuple[Change, ...] = ()
    definitions: tuple[Definition, ...] = ()
    readiness: tuple[Readiness, ...] = ()
    evidence: tuple[EvidenceItem, ...] = ()
    decisions_log: tuple[Decision, ...] = ()
    signatures: tuple[Signature, ...] = ()
    _folder: Path | None = PrivateAttr(default=None)
    _file: str = PrivateAttr(default="")
    _lines: Mapping[str, int] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _named(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        initiative = handler(data)
        if not initiative.id and not initiative.name:
            raise ValueError("an initiative has an id or a name; add one of the two")
        return initiative

    @property
    def slug(self) -> str:
        """The id as written, else made from the name."""
        return self.id or slugify(self.name)

    @property
    def title(self) -> str:
        """The name as written, else the id."""
        return self.name or self.id

    @property
    def folder(self) -> Path:
        """Folder that relative sources are relative to; the working folder where the file has none."""
        return self._folder or Path()

    def in_folder(self, folder: Path | None) -> Initiative:
        """The same initiative, its sources looked for in `folder`."""
        moved = self.model_copy()
        moved._folder = folder
        return moved

    @property
    def file(self) -> str:
        """Name of the file it was read from; empty where it was not."""
        return self._file

    def line_of(self, path: str) -> int | None:
        """The line on which the entity of a path such as `constraints[3].rule` stands, where it is known."""
        while path and path not in self._lines:
            path = path.rpartition(".")[0] if path.rpartition(".")[0] else path.rpartition("[")[0]
        return self._lines.get(path)

    def read_from(self, file: str, lines: Mapping[str, int]) -> Initiative:
        """The same initiative, knowing where each of its entities stands in a file."""
        known = self.model_copy()
        known._file, known._lines = file, lines
        return known

    def constraint(self, id: str) -> Constraint:
        """The constraint of that id; KeyError where there is none."""
        return next(c for c in self.constraints if c.id == id)


def slugify(name: str) -> str:
    """A lower-case slug of a name: letters, digits and hyphens; `initiative` where nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "initiative"
