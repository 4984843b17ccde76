"""The behaviour of an objective by plain loops over fractions: what `alignment.objective` must agree with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt


@dataclass(frozen=True)
class Candidate:
    """One row: metrics by name (None where unknown), the objective, the rules it breaks, and whether it is today's."""

    metrics: dict
    objective: Fraction | None
    breaks: frozenset = frozenset()
    today: bool = False
    in_domain: bool = True


@dataclass(frozen=True)
class Goal:
    id: str
    team: str
    metric: str
    direction: int
    weight: Fraction
    swing: Fraction | None = None
    mean: bool = False


DRAWS = [2**i for i in range(11)]


def mean(values):
    values = list(values)
    return sum(values, Fraction(0)) / len(values)


class Oracle:
    """Everything of the behaviour for a table `items`: key to a list of candidates, in table order."""

    def __init__(self, items, goals, columns, rules):
        self.rules = rules
        self.seen = [g for g in goals if g.metric in columns]
        self.unseen = [g.id for g in goals if g.metric not in columns]
        needed = {g.metric for g in self.seen}
        self.rows = {k: list(v) for k, v in items.items()}
        self.incomplete = sum(not self.complete(c, needed) for v in items.values() for c in v)
        self.usable = {k: [c for c in v if self.complete(c, needed) and c.in_domain] for k, v in items.items()}
        self.allowed = {k: [c for c in v if not c.breaks] for k, v in self.usable.items()}
        self.keys = [k for k in sorted(items) if self.allowed[k]]
        self.infeasible = len(items) - len(self.keys)
        self.base = {k: self.base_of(k, needed) for k in self.keys}
        self.set_swings()
        self.choose()

    def complete(self, c, needed):
        return c.objective is not None and all(c.metrics[m] is not None for m in needed)

    def base_of(self, key, needed):
        for c in self.rows[key]:
            if c.today and all(c.metrics[m] is not None for m in needed):
                return c.metrics
        return {m: mean(c.metrics[m] for c in self.allowed[key]) for m in needed}

    def set_swings(self):
        self.scale, self.per = {}, {}
        for g in self.seen:
            total = sum(
                (max(c.metrics[g.metric] for c in self.allowed[k]) - min(c.metrics[g.metric] for c in self.allowed[k])
                 for k in self.keys), Fraction(0))  # fmt: skip
            self.per[g.id] = Fraction(len(self.keys)) if g.mean and self.keys else Fraction(1)
            self.scale[g.id] = Fraction(0) if total == 0 else (g.swing * self.per[g.id] if g.swing else total)
        self.unmovable = [g.id for g in self.seen if self.scale[g.id] == 0]
        self.goals = [g for g in self.seen if self.scale[g.id] != 0]
        whole = sum((g.weight for g in self.goals), Fraction(0))
        self.weight = {g.id: g.weight / whole if whole else Fraction(0) for g in self.goals}

    def delta(self, g, key, c):
        return g.direction * (c.metrics[g.metric] - self.base[key][g.metric])

    def u(self, key, c):
        return sum((self.weight[g.id] * self.delta(g, key, c) / self.scale[g.id] for g in self.goals), Fraction(0))

    @staticmethod
    def top(candidates, value):
        best = max(map(value, candidates))
        return [c for c in candidates if value(c) == best]

    def choose(self):
        self.model = {k: self.top(self.allowed[k], lambda c: c.objective) for k in self.keys}
        self.best = {k: self.top(self.allowed[k], lambda c, k=k: self.u(k, c)) for k in self.keys}
        self.u_model = {k: mean(self.u(k, c) for c in self.model[k]) for k in self.keys}
        self.u_best = {k: self.u(k, self.best[k][0]) for k in self.keys}
        self.u_random = {k: mean(self.u(k, c) for c in self.allowed[k]) for k in self.keys}
        self.total = sum(self.u_best.values(), Fraction(0))

    def kappa(self, values):
        return sum(values.values(), Fraction(0)) / self.total if self.total > 0 else None

    def regret(self, g):
        """(share, amount, model_change, best_change)"""
        model = sum((mean(self.delta(g, k, c) for c in self.model[k]) for k in self.keys), Fraction(0))
        best = sum((mean(self.delta(g, k, c) for c in self.best[k]) for k in self.keys), Fraction(0))
        share = self.weight[g.id] * (best - model) / self.scale[g.id] / self.total if self.total > 0 else None
        per = self.per[g.id]
        return share, (best - model) / per, g.direction * model / per, g.direction * best / per

    def dominated(self):
        count, gain = 0, Fraction(0)
        for k in self.keys:
            own = self.model[k][0]
            gains = [self.u(k, c) - self.u(k, own) for c in self.allowed[k] if self.beats(c, own)]
            count += bool(gains)
            gain += max(gains, default=Fraction(0))
        return count, gain / self.total if self.total > 0 else None

    def beats(self, c, own):
        pairs = [(g.direction * c.metrics[g.metric], g.direction * own.metrics[g.metric]) for g in self.seen]
        return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)

    def goodhart(self):
        curve = []
        for n in [*DRAWS, None]:
            total = Fraction(0)
            for k in self.keys:
                size, below = len(self.allowed[k]), 0
                for level in sorted({c.objective for c in self.allowed[k]}):
                    group = [c for c in self.allowed[k] if c.objective == level]
                    high, low = Fraction(below + len(group), size), Fraction(below, size)
                    part = high**n - low**n if n else Fraction(high == 1)
                    total += mean(self.u(k, c) for c in group) * part
                    below += len(group)
            curve.append(total / self.total if self.total > 0 else None)
        return curve

    def guardrail(self, rule):
        price, protects = Fraction(0), Fraction(0)
        for k in self.keys:
            free = [c for c in self.usable[k] if not c.breaks - {rule}]
            price += max(self.u(k, c) for c in free) - self.u_best[k]
            protects += self.u_model[k] - mean(self.u(k, c) for c in self.top(free, lambda c: c.objective))
        return (price / self.total, protects / self.total) if self.total > 0 else (None, None)

    def tau(self):
        """(mean tau-b, items) over the items where objective and utility both vary."""
        found = []
        for k in self.keys:
            score, a, b = 0, 0, 0
            for i, x in enumerate(self.allowed[k]):
                for y in self.allowed[k][:i]:
                    s = (x.objective > y.objective) - (x.objective < y.objective)
                    t = (self.u(k, x) > self.u(k, y)) - (self.u(k, x) < self.u(k, y))
                    score, a, b = score + s * t, a + s * s, b + t * t
            if a and b:
                found.append(score / sqrt(a * b))
        return (sum(found) / len(found), len(found)) if found else (None, 0)

    def centred(self, value):
        out = []
        for k in self.keys:
            middle = mean(value(k, c) for c in self.allowed[k])
            out += [value(k, c) - middle for c in self.allowed[k]]
        return out

    def distance(self):
        a, b = self.centred(lambda k, c: c.objective), self.centred(self.u)
        aa, bb = sum(x * x for x in a), sum(x * x for x in b)
        if not aa or not bb:
            return None
        rho = float(sum(x * y for x, y in zip(a, b, strict=True))) / sqrt(float(aa) * float(bb))
        return sqrt(max(0.0, (1 - rho) / 2))

    def losses(self):
        return sorted((-(self.u_best[k] - self.u_model[k]), k) for k in self.keys if self.u_best[k] > self.u_model[k])
