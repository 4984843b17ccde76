"""What an initiative's constraints mean on a catalogue: each parsed, normalised, in force or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Literal, cast

from sqlglot import exp

from alignment.catalogue.reading import Catalogue, quoted
from alignment.errors import FileProblems, Problem, RuleError
from alignment.initiative.models import Constraint, Initiative, Lever
from alignment.initiative.references import closest
from alignment.rules.algebra import literal
from alignment.rules.normal import Linked, Normal, Opaque, normalise
from alignment.rules.parse import AGGREGATES, Rule, Schema, parse_condition, parse_rule
from alignment.rules.render import render
from alignment.rules.types import Kind

Stage = Literal["proposed", "agreed"]


@dataclass(frozen=True)
class Choice:
    """The normal form of a rule over a lever with `values`: it is decided for each value."""

    lever: str


@dataclass(frozen=True)
class Checked:
    """A constraint in force with what it means; `form` is None for pair and aggregate rules."""

    constraint: Constraint
    rule: Rule
    form: Normal | Linked | Choice | Opaque | None

    @property
    def id(self) -> str:
        return self.constraint.id

    @property
    def hard(self) -> bool:
        return self.constraint.strength == "hard"


@dataclass(frozen=True)
class RuleSet:
    """All constraints of an initiative, in the order of ids: those in force, and the rest."""

    checked: tuple[Checked, ...]
    not_in_force: tuple[Constraint, ...]
    levers: Mapping[str, Lever]

    def of(self, id: str) -> Checked:
        """The checked constraint of that id; KeyError where it is not in force."""
        return self._by_id[id]

    @cached_property
    def _by_id(self) -> dict[str, Checked]:
        return {c.id: c for c in self.checked}


def schema_of(initiative: Initiative, kinds: Mapping[str, Kind]) -> Schema:
    """Names that rules may use: catalogue columns and levers."""
    return Schema(dict(kinds), {lever.name: lever_kind(lever) for lever in initiative.levers})


def lever_kind(lever: Lever) -> Kind:
    """Number, or text where the lever is one of a list of words."""
    if lever.values is None or all(isinstance(v, Decimal) for v in lever.values):
        return "number"
    return "text"


def in_force(constraint: Constraint, stage: Stage, today: date) -> bool:
    """Is a constraint checked at this stage and on this day?"""
    if constraint.status == "retired" or (stage == "agreed" and constraint.status != "agreed"):
        return False
    return not (
        (constraint.from_ is not None and today < constraint.from_)
        or (constraint.until is not None and today > constraint.until)
    )


def read_rules(
    initiative: Initiative, catalogue: Catalogue, stage: Stage = "proposed", today: date | None = None
) -> RuleSet:
    """Parses and normalises every constraint on a catalogue.

    today: the day of checking; default the initiative's `as_of`, else the current day.
    Raises FileProblems with every rule that cannot be used, retired ones included.
    """
    day = today or initiative.as_of or date.today()
    schema = schema_of(initiative, catalogue.kinds)
    levers = {lever.name: lever for lever in initiative.levers}
    problems: list[Problem] = []
    read: list[tuple[Constraint, Rule]] = []
    for i, constraint in enumerate(initiative.constraints):
        rule = _parsed(constraint, i, schema, initiative, problems)
        if rule is not None:
            read.append((constraint, rule))
    if problems:
        raise FileProblems(problems)
    active = sorted(((c, r) for c, r in read if in_force(c, stage, day)), key=lambda pair: pair[0].id)
    rest = tuple(sorted((c for c, _ in read if not in_force(c, stage, day)), key=lambda c: c.id))
    signs = signs_of(catalogue, [r for _, r in active])
    return RuleSet(tuple(_checked(c, r, levers, catalogue, signs) for c, r in active), rest, levers)


def _parsed(
    constraint: Constraint, i: int, schema: Schema, initiative: Initiative, problems: list[Problem]
) -> Rule | None:
    def problem(field: str, found: str, expected: str) -> None:
        path = f"constraints[{i}].{field}"
        problems.append(Problem(path, found, expected, initiative.line_of(path), initiative.file))

    within = constraint.pairs.within if constraint.pairs else ()
    for field, names in (("per", constraint.per), ("pairs.within", within)):
        for name in names:
            if name not in schema.columns:
                problem(field, f"'{name}' is not a column of the catalogue", closest(name, schema.columns, "columns"))
    if constraint.pairs and constraint.pairs.order not in schema.columns:
        hint = closest(constraint.pairs.order, schema.columns, "columns")
        problem("pairs.order", f"'{constraint.pairs.order}' is not a column of the catalogue", hint)
    if constraint.where:
        try:
            parse_condition(constraint.where, Schema(schema.columns), "scope", schema.levers)
        except RuleError as error:
            problem("where", error.found, error.expected)
            return None
    try:
        rule = parse_rule(constraint.rule, schema, constraint.where, constraint.pairs is not None)
    except RuleError as error:
        problem("rule", error.found, error.expected)
        return None
    if constraint.per and rule.family != "aggregate":
        problem("per", "only an aggregate rule is grouped", "remove per, or write an aggregate such as avg(price)")
    return rule


def _checked(
    constraint: Constraint, rule: Rule, levers: Mapping[str, Lever], catalogue: Catalogue, signs: Mapping[str, int]
) -> Checked:
    if rule.family != "item":
        return Checked(constraint, rule, None)
    rule = bind_aggregates(rule, catalogue)
    finite = [name for name in rule.levers if levers[name].values is not None]
    if finite and len(rule.levers) == 1:
        return Checked(constraint, rule, Choice(finite[0]))
    return Checked(constraint, rule, normalise(rule, levers, signs))


def bind_aggregates(rule: Rule, catalogue: Catalogue) -> Rule:
    """The rule with every aggregate over columns replaced by its value over the items in scope."""
    if not rule.tree.find(*AGGREGATES):
        return rule
    tree = exp.Paren(this=rule.tree.copy())
    scope = "true" if rule.scope is None else render(rule.scope)
    for node in list(tree.find_all(*AGGREGATES)):
        whole = cast(exp.Expression, node.parent if isinstance(node.parent, exp.Filter) else node)
        query = f"select cast({render(whole)} as varchar) from {quoted(catalogue.table)} where {scope}"
        row = catalogue.connection.execute(query).fetchone()
        whole.replace(_bound(row[0] if row else None, whole, catalogue))
    return replace(rule, tree=tree.this)


def _bound(text: str | None, node: exp.Expression, catalogue: Catalogue) -> exp.Expression:
    if text is None:
        return exp.Null()
    try:
        return literal(Fraction(Decimal(text)))
    except (ArithmeticError, ValueError):
        return exp.Literal.string(text)


def signs_of(catalogue: Catalogue, rules: list[Rule]) -> dict[str, int]:
    """Columns that divide in some rule and are positive (1) or negative (-1) on every row where they are known."""
    names = sorted({
        c.name
        for rule in rules
        for division in rule.tree.find_all(exp.Div, exp.Mul)
        for c in division.find_all(exp.Column)
        if catalogue.kinds.get(c.name) == "number"
    })  # fmt: skip
    if not names:
        return {}
    tests = ", ".join(f"min({quoted(n)}) > 0, max({quoted(n)}) < 0" for n in names)
    row = catalogue.connection.execute(f"select {tests} from {quoted(catalogue.table)}").fetchone() or ()
    pairs = zip(names, row[::2], row[1::2], strict=True)
    return {name: 1 if above else -1 for name, above, below in pairs if above or below}


def scales_of(catalogue: Catalogue, names: list[str]) -> dict[str, int | None]:
    """Decimals of number columns: as typed, or for doubles as measured; None where there are more than six."""
    from alignment.catalogue.reading import decimals_of

    scales: dict[str, int | None] = {}
    for name in names:
        kind = catalogue.types.get(name, "").upper()
        if kind.startswith("DECIMAL"):
            scales[name] = int(kind.rstrip(")").split(",")[1])
        elif "INT" in kind:
            scales[name] = 0
        elif kind in ("DOUBLE", "FLOAT", "REAL"):
            scales[name] = decimals_of(catalogue.connection, catalogue.table, name)
    return scales


def columns_needed(trees: list[exp.Expression]) -> list[str]:
    """Names of the columns in several trees, sorted."""
    return sorted({c.name for tree in trees for c in tree.find_all(exp.Column)})
