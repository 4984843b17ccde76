"""The tables behind the figures of a mapping: report in, data frame out, one row per what the figure draws."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ui.figures.subjects import Goal

if TYPE_CHECKING:
    import pandas as pd

    from alignment.objective.frontier import Frontier
    from alignment.objective.item import Candidate
    from alignment.objective.report import Agreement, Behaviour, MappingReport, Repair


def findings_table(report: "MappingReport") -> "pd.DataFrame":
    """One row per finding, with its evidence as text."""
    return _frame(
        ["severity", "code", "message", "suggestion", "subjects", "teams", "evidence"],
        [
            (f.severity, f.code, f.message, f.suggestion, ", ".join(f.subjects), ", ".join(f.teams), _said(f.evidence))
            for f in report.findings
        ],
    )


def flow_table(report: "MappingReport", goals: Sequence[Goal]) -> "pd.DataFrame":
    """One row per goal and term that reaches it, and one for a goal that none reaches."""
    by_id = {goal.id: goal for goal in goals}
    names = ["goal", "team", "weight", "metric", "term", "effect", "path", "lag, days", "evidence"]
    rows = []
    for c in report.coverage:
        goal = by_id[c.goal]
        effect = None if c.sign is None or c.strength is None else c.sign * c.strength
        rows.append(
            (goal.id, goal.team, goal.weight, goal.metric, c.term, effect, " → ".join(c.path), c.lag_days, c.evidence)
        )
    return _frame(names, rows)


def matrix_table(report: "MappingReport", goals: Sequence[Goal], horizon_days: int | None) -> "pd.DataFrame":
    """One row per goal with its effect by term, when it shows, and how far the objective looks."""
    effects = {
        (c.goal, c.term): c.sign * c.strength for c in report.coverage if c.sign is not None and c.strength is not None
    }
    helps: dict[str, list[int]] = {}
    for c in report.coverage:
        if c.sign is not None and c.sign > 0:
            helps.setdefault(c.goal, []).append(c.lag_days or 0)
    terms = [term.metric for term in report.terms]
    names = ["goal", "team", "weight", *terms, "shows after, days", "objective looks, days"]
    rows = []
    for goal in sorted(goals, key=lambda g: -g.weight):
        shows = None if goal.horizon_days is None or goal.id not in helps else goal.horizon_days + min(helps[goal.id])
        rows.append((goal.id, goal.team, goal.weight, *(effects.get((goal.id, t)) for t in terms), shows, horizon_days))
    return _frame(names, rows)


def captured_table(behaviour: "Behaviour") -> "pd.DataFrame":
    """The captured share with its interval, and that of a random choice."""
    c = behaviour.captured
    names = ["choice", "captured share", "low (95 %)", "high (95 %)", "items"]
    n = behaviour.items
    rows = [("model", c.model, c.low, c.high, n), ("random", c.random, None, None, n)]
    rows += [("today", 0.0, None, None, n), ("best", 1.0, None, None, n)] if c.model is not None else []
    return _frame(names, rows)


def regret_table(behaviour: "Behaviour") -> "pd.DataFrame":
    """One row per goal: what it loses against the best choice, and its change against today."""
    names = ["goal", "team", "metric", "unit", "regret, share of what the best choice adds", "regret, in the unit"]
    names += ["change by the model", "change by the best choice"]
    return _frame(
        names,
        [
            (r.goal, r.team, r.metric, r.unit, r.share, r.amount, r.model_change, r.best_change)
            for r in behaviour.regret
        ],
    )


def teams_table(behaviour: "Behaviour") -> "pd.DataFrame":
    """The regret of each team's goals together."""
    return _frame(
        ["team", "regret, share of what the best choice adds"], [(t.team, t.regret_share) for t in behaviour.teams]
    )


def goodhart_table(behaviour: "Behaviour") -> "pd.DataFrame":
    """The captured share of the best of n random candidates; n is empty for the model itself."""
    return _frame(["best of n", "captured share"], [(p.n, p.captured) for p in behaviour.goodhart.curve])


def guardrails_table(behaviour: "Behaviour", rules: Mapping[str, str]) -> "pd.DataFrame":
    """What each rule costs and saves. rules: their texts by id."""
    names = ["rule", "text", "costs the business, share", "saves from the model, share"]
    rows = [(g.constraint, rules.get(g.constraint), g.price, g.protects) for g in behaviour.guardrails]
    return _frame(names, rows)


def weights_table(behaviour: "Behaviour") -> "pd.DataFrame":
    """Stated and revealed weight per goal."""
    rows = behaviour.revealed_weights or ()
    return _frame(["goal", "stated weight", "revealed weight"], [(r.goal, r.stated, r.revealed) for r in rows])


def pareto_table(frontier: "Frontier", points: Mapping[str, tuple[float, float]], x: Goal, y: Goal) -> "pd.DataFrame":
    """The vertices of the limit that are drawn, then today, the model's, the best and the random choice."""
    names = ["what", *(f"{g.id} ({g.metric}{', ' + g.unit if g.unit else ''}), wanted direction" for g in (x, y))]
    rows = [("limit", float(a), float(b)) for a, b in frontier.points]
    return _frame(names, [*rows, *((kind, *point) for kind, point in points.items())])


def repair_table(report: "MappingReport", repair: "Repair", units: Mapping[str, str | None]) -> "pd.DataFrame":
    """One row per term of today's objective or the repaired one."""
    now = {t.metric: t.coefficient for t in report.terms}
    terms = list(dict.fromkeys([*now, *repair.weights]))
    rows = [(m, units.get(m), now.get(m), repair.weights.get(m)) for m in terms]
    return _frame(["term", "unit", "now", "repaired"], rows)


def worst_table(
    behaviour: "Behaviour", item: str, levers: Sequence[str], today: Mapping[str, Mapping[str, Any]]
) -> "pd.DataFrame":
    """One row per item: today's, the model's and the best choice, and the loss in points."""
    names = [item]
    for lever in levers:
        names += [f"{lever} today", f"{lever} by the model", f"{lever} by the best choice"]
    rows = []
    for w in behaviour.worst_items:
        before = today.get(str(w.item), {})
        row: list[Any] = [w.item]
        for lever in levers:
            row += [plain(before.get(lever)), plain(w.model.get(lever)), plain(w.best.get(lever))]
        rows.append((*row, None if w.loss is None else 100 * w.loss))
    return _frame([*names, "loss, points"], rows)


def candidates_table(found: "Sequence[Candidate]", rules: Mapping[str, str]) -> "pd.DataFrame":
    """One row per candidate of an item. rules: names by id."""
    levers, metrics = list(found[0].levers), list(found[0].metrics)
    rows = [
        (
            *(plain(c.levers[name]) for name in levers),
            _role(c),
            "" if c.allowed else _why_not(c, rules),
            c.objective,
            c.utility,
            *(c.metrics[m] for m in metrics),
        )
        for c in found
    ]
    return _frame([*levers, "who picks it", "why not", "objective", "value for the goals", *metrics], rows)


def ranks_table(agreement: "Agreement") -> "pd.DataFrame":
    """The rank that each team gives each goal."""
    rows = [(row.goal, *(row.ranks.get(team) for team in agreement.teams)) for row in agreement.goals]
    return _frame(["goal", *agreement.teams], rows)


def pairs_table(agreement: "Agreement") -> "pd.DataFrame":
    """Kendall's tau-b of each two teams."""
    return _frame(["team", "other team", "tau-b"], [(*p.teams, p.tau_b) for p in agreement.pairs])


def plain(value: Any) -> Any:
    """A value of the table as a number where it is one."""
    return float(value) if isinstance(value, Decimal) else value


def _role(c: "Candidate") -> str:
    said = [name for name, is_it in (("model", c.model), ("best", c.best), ("today", c.today)) if is_it]
    return ", ".join(said)


def _why_not(c: "Candidate", rules: Mapping[str, str]) -> str:
    return ", ".join(rules.get(r, r) for r in c.breaks) or "a value is missing or outside the lever’s range"


def _said(evidence: Mapping[str, Any]) -> str:
    return "; ".join(f"{key}: {value}" for key, value in evidence.items())


def _frame(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(rows, columns=list(names))
