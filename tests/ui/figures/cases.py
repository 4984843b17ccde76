"""Initiatives to draw: none, one, five and twenty goals, with short and with long names."""

import random

from ui.colours import DARK, LIGHT
from ui.figures.drawing import Look
from ui.figures.subjects import Goal, Rule
from ui.teams import roster

TEAMS = ["operations", "brand", "tech", "finance", "legal", "store_ops"]
LONG = [
    "Share of deliveries promised before noon that arrive before noon",
    "Average discount depth, units weighted, in full-price stores",
    "Non-member price within five percent of market",
]
LIGHT_LOOK, DARK_LOOK = Look(LIGHT, roster(TEAMS)), Look(DARK, roster(TEAMS))
TERMS_BY_GOALS = {0: 0, 1: 1, 5: 3, 20: 9}


def cover(goal, term, path=(), sign=None, strength=None, lag=None, evidence=None):
    return {
        "goal": goal, "term": term, "path": list(path), "sign": sign, "strength": strength,
        "lag_days": lag, "evidence": evidence,
    }  # fmt: skip


def term(metric, coefficient=1.0):
    return {"metric": metric, "coefficient": coefficient, "unit": None, "mixed": False, "estimated": False, "se": None}


def mapped(n: int):
    """n goals with their coverage by some terms: every fourth is uncovered, every fourth harmed."""
    dice = random.Random(n)
    weights = [dice.random() + 0.1 for _ in range(n)]
    goals = [
        Goal(
            f"g{i}", f"{LONG[i % 3]} {i}", TEAMS[i % 6], w / sum(weights), "share_noon_on_time", "points", 90 * (i + 1)
        )
        for i, w in enumerate(weights)
    ]
    terms = [term(f"a_rather_long_metric_{j}", j + 1) for j in range(TERMS_BY_GOALS[n])]
    rows = []
    for i, goal in enumerate(goals):
        if n > 1 and i % 4 == 3:
            rows.append(cover(goal.id, None))
            continue
        for j in sorted({dice.randrange(len(terms)) for _ in range(min(2, n))}):
            path = ["a", "b"] if (i + j) % 3 else ["a"]
            sign = -1 if n > 1 and i % 4 == 2 else 1
            rows.append(cover(goal.id, terms[j]["metric"], path, sign, dice.choice([0.3, 0.6, 1]), 30, "expert"))
    return goals, terms, rows


def behaved(n: int):
    """The behaviour of a model on n goals, its rules, and the goals."""
    dice = random.Random(n)
    goals, _, _ = mapped(n)
    shares = [dice.uniform(-0.3, 0.6) * goal.weight for goal in goals]
    captured = 1 - sum(shares)
    by_team: dict[str, float] = {}
    for goal, part in zip(goals, shares, strict=True):
        by_team[goal.team] = by_team.get(goal.team, 0) + part
    behaviour = {
        "items": 2217,
        "captured": {"model": captured, "low": captured - 0.04, "high": captured + 0.03, "random": 0.1, "reason": None},
        "regret": [
            {"goal": g.id, "team": g.team, "metric": g.metric, "unit": "deliveries", "share": s, "amount": 1.0,
             "model_change": -1234.0, "best_change": 12345.0}
            for g, s in zip(goals, shares, strict=True)
        ],
        "teams": [{"team": t, "regret_share": s} for t, s in by_team.items()],
        "goodhart": {"curve": curve([0.1 + 0.05 * k for k in range(12)]), "peak_n": None, "lost_after_peak": 0.0},
        "guardrails": [
            {"constraint": f"r{i}", "price": dice.random() * 0.1, "protects": dice.uniform(-0.05, 0.3)}
            for i in range(n)
        ],
        "revealed_weights": [
            {"goal": g.id, "stated": g.weight, "revealed": r}
            for g, r in zip(goals, sorted(g.weight for g in goals), strict=True)
        ],
        "revealed_fit": 0.74,
    }  # fmt: skip
    rules = [Rule(f"r{i}", f"A rule with a rather long name, number {i}, indeed", TEAMS[i % 6]) for i in range(n)]
    return behaviour, goals, rules


def curve(values):
    return [{"n": 2**k if k < len(values) - 1 else None, "captured": v} for k, v in enumerate(values)]


def texts(fig) -> list[str]:
    return [note.text for note in fig.layout.annotations if note.text]
