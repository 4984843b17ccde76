"""What the objective would choose on the decision table: everything of the behaviour, put together from one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alignment.catalogue.decisions import ROW, DecisionTable
from alignment.catalogue.reading import quoted
from alignment.initiative.models import Initiative
from alignment.objective.coupled.behaving import coupled_of, joint_sweep, without_interval
from alignment.objective.fits import distance_of, revealed_of
from alignment.objective.ground import Stake
from alignment.objective.intervals import Margins, achievable, captured_of, rank_agreement_of
from alignment.objective.prepare import Choices
from alignment.objective.report import (
    Behaviour,
    CurvePoint,
    Dominated,
    Goodhart,
    Guardrail,
    Regret,
    TeamRegret,
    WorstItem,
)
from alignment.objective.sweep import Sweep, coefficients_of, sweep

WORST = 20
DRAWS = tuple(2**i for i in range(11))


@dataclass(frozen=True)
class Behaved:
    """A pass under given weights with what was made of it; robustness is not in it yet.

    sweep: with the joint choices where rules tie items together; alone: each item by itself.
    """

    behaviour: Behaviour
    margins: Margins
    sweep: Sweep
    alone: Sweep
    stakes: tuple[Stake, ...]
    weights: tuple[float, ...]
    per_unit: np.ndarray


def behaviour_of(initiative: Initiative, choices: Choices, weights: Mapping[str, float]) -> Behaved:
    """The behaviour under normalised weights of the goals, without robustness."""
    alone, movable, stated, per_unit = swept_of(choices, weights)
    coupling, refused = choices.joint
    swept = alone if coupling is None else joint_sweep(coupling, alone, per_unit)
    captured, margins = captured_of(swept.model, swept.best, swept.random)
    top = achievable(swept.best)
    rules = choices.grid.rules if coupling is None else coupling.guardrails
    revealed, fit = revealed_of(swept, movable, stated)
    seen = {stake.goal.id for stake in choices.stakes}
    unseen = [goal.id for goal in initiative.goals if goal.id not in seen]
    items = len(swept.places)
    behaviour = Behaviour(
        items, choices.grid.candidates, choices.grid.items - items, choices.ground.incomplete,
        tuple(unseen), float(sum(weights[id_] for id_ in unseen)),
        tuple(stake.goal.id for stake in choices.stakes if stake.scale <= 0), tuple(refused),
        captured if coupling is None else without_interval(captured, coupling),
        None if coupling is None else coupled_of(coupling, per_unit),
        (regret := regrets_of(swept, movable, stated)), teams_of(initiative, regret),
        rank_agreement_of(swept), distance_of(swept),
        dominated_of(swept, top),
        goodhart_of(swept, top), guardrails_of(rules, swept, top), revealed, fit, None,
        worst_of(initiative, choices.table, swept, top), refused,
    )  # fmt: skip
    return Behaved(behaviour, margins, swept, alone, movable, tuple(stated), per_unit)


def swept_of(
    choices: Choices, weights: Mapping[str, float]
) -> tuple[Sweep, tuple[Stake, ...], list[float], np.ndarray]:
    """The pass, with the goals that can be moved, their weights among each other, and utility per unit of metric."""
    movable = tuple(stake for stake in choices.stakes if stake.scale > 0)
    stated = [weights[stake.goal.id] for stake in movable]
    total = sum(stated) or 1.0
    stated = [weight / total for weight in stated]
    per_unit = coefficients_of(movable, stated, len(choices.ground.metrics))
    wanted = sorted({(stake.place, stake.direction) for stake in choices.stakes})
    return sweep(choices.grid, choices.ground, per_unit, wanted), movable, stated, per_unit


def regrets_of(swept: Sweep, stakes: Sequence[Stake], weights: Sequence[float]) -> tuple[Regret, ...]:
    """Per goal, what the model loses against the best choice: as a share of what can be captured, and in its unit."""
    top = achievable(swept.best)
    rows = []
    for stake, weight in zip(stakes, weights, strict=True):
        model, best = float(swept.model_change[stake.place]), float(swept.sums.best_change[stake.place])
        lost = stake.direction * (best - model)
        share = weight * lost / stake.scale / top if top > 0 else None
        amounts = [value / stake.per for value in (lost, model, best)]
        rows.append(Regret(stake.goal.id, stake.goal.team, stake.goal.metric, stake.unit, share, *amounts))
    return tuple(rows)


def teams_of(initiative: Initiative, regrets: Sequence[Regret]) -> tuple[TeamRegret, ...]:
    """The regret of each team that has a goal in sight, in the order of the file."""
    rows = []
    for team in initiative.teams:
        shares = [row.share for row in regrets if row.team == team]
        if shares:
            rows.append(TeamRegret(team, None if shares[0] is None else sum(s for s in shares if s is not None)))
    return tuple(rows)


def dominated_of(swept: Sweep, top: float) -> Dominated:
    """Items where some candidate is at least as good on every goal, and what taking it would gain."""
    found, items = swept.sums, len(swept.places) or 1
    return Dominated(found.dominated, found.dominated / items, found.free_gain / top if top > 0 else None)


def goodhart_of(swept: Sweep, top: float) -> Goodhart:
    """The captured share of the best of n draws: Σ ū [(c/K)ⁿ − (c′/K)ⁿ] over groups of equal objective."""
    size = round(len(swept.sums.at) ** 0.5)
    k, rank = np.divmod(np.arange(len(swept.sums.at)), max(size, 1))
    part = np.divide(rank, k, out=np.zeros(len(k)), where=(k > 0) & (rank <= k))
    values: list[float] = [float((swept.sums.at * part**n).sum() - (swept.sums.below * part**n).sum()) for n in DRAWS]
    values.append(float(swept.sums.at[(rank == k) & (k > 0)].sum()))
    if top <= 0:
        return Goodhart(tuple(CurvePoint(n, None) for n in (*DRAWS, None)), None, None)
    shares = [value / top for value in values]
    curve = tuple(CurvePoint(n, share) for n, share in zip((*DRAWS, None), shares, strict=True))
    peak = max(shares)
    if peak <= shares[-1] + 1e-9:
        return Goodhart(curve, None, 0.0)
    first = next(i for i, share in enumerate(shares) if share >= peak - 1e-12)
    return Goodhart(curve, curve[first].n, peak - shares[-1])


def guardrails_of(rules: Sequence[str], swept: Sweep, top: float) -> tuple[Guardrail, ...]:
    """What each rule costs and protects, as shares of what can be captured."""
    if top <= 0:
        return tuple(Guardrail(rule, None, None) for rule in rules)
    return tuple(
        Guardrail(rule, float(price) / top, float(protects) / top)
        for rule, price, protects in zip(rules, swept.sums.price, swept.sums.protects, strict=True)
    )


def worst_of(initiative: Initiative, table: DecisionTable, swept: Sweep, top: float) -> tuple[WorstItem, ...]:
    """The 20 items that lose most, with both choices; of tied choices the first of the table, of tied items by key."""
    loss = swept.best - swept.model
    order = np.argsort(-loss, kind="stable")[:WORST]
    order = order[loss[order] > 0]
    rows = choices_at(initiative, table, [*swept.model_rows[order], *swept.best_rows[order]])
    return tuple(
        WorstItem(
            *rows[int(swept.model_rows[i])], rows[int(swept.best_rows[i])][1], float(loss[i]) / top if top > 0 else None
        )
        for i in order
    )


def choices_at(
    initiative: Initiative, table: DecisionTable, rows: Sequence[Any]
) -> dict[int, tuple[Any, dict[str, Any]]]:
    """Item and levers of rows of the decision table."""
    if not len(rows):
        return {}
    names = [lever.name for lever in initiative.levers]
    columns = ", ".join([quoted(table.item), *map(quoted, names)])
    places = ", ".join(str(int(row)) for row in sorted(set(rows)))
    cursor = table.connection.cursor()
    found = cursor.execute(f'select "{ROW}", {columns} from decisions where "{ROW}" in ({places})').fetchall()
    return {row[0]: (row[1], dict(zip(names, row[2:], strict=True))) for row in found}
