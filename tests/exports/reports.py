"""A small initiative with the reports of its check and its mapping, by hand: what exports and texts are tested on."""

from datetime import date

from alignment.conflicts.report import (
    Amount,
    Concession,
    Conflict,
    ConflictReport,
    ConstraintStatus,
    Correction,
    Edit,
    Finding,
    Gap,
    Near,
    Relaxation,
    Repair,
    Slack,
    Tightness,
)
from alignment.initiative.models import Initiative
from alignment.initiative.reading import read_text
from alignment.objective import report as mapped

TEXT = """\
accord: 1
id: spring-pricing
name: Spring pricing
summary: Weekly shelf prices for 2,256 products
currency: USD
as_of: 2026-03-01
teams: [operations, brand, tech, R&D]

levers:
  - {name: price, unit: USD, minimum: 0, maximum: 500, step: 0.01, current: current_price}

catalogue: {source: catalogue.csv, key: sku, value: revenue, value_unit: USD}

metrics:
  - {name: gross_margin, unit: USD}
  - {name: price_image, unit: points, measured: proxy}

goals:
  - {id: earn, team: operations, metric: gross_margin, weight: 3, swing: 1000, because: "It pays the bills"}
  - {id: keep-price-image, team: brand, metric: price_image, weight: 1, horizon_days: 365, target: ">= 70"}

constraints:
  # argued over for an hour
  - id: floor-over-cost
    team: operations
    kind: floor
    rule: price >= cost * 1.08   # freight included
    where: category <> 'clearance'
    priority: 5
    relax_to: 1.02
    guards: [gross_margin]
    owner: j.doe
    because: "Below this we lose cash on every unit"
    status: agreed
    review_by: 2026-09-01
  - id: promo-ceiling
    team: brand
    kind: ceiling
    rule: price <= promo_price
    strength: soft
    because: "=1+1 is what we promised"
  - {id: pack-ladder, team: tech, kind: ladder, rule: upper.price >= lower.price,
     pairs: {within: [brand, flavour], order: pack_size}, owner: "@desk", review_by: 2026-02-01}
  - id: old-cap
    team: tech
    rule: price <= 400
    status: retired

backstops:
  - {id: margin-stop, team: operations, when: gross_margin < -0.02, action: fallback, to: current_price,
     respond_within_minutes: 30, owner: pricing-oncall, tested_on: 2026-02-20}

objective: {expression: gross_margin}

signatures:
  - {name: Ana, team: brand, at: 2026-02-28T10:00:00, content_hash: "sha256:old"}
"""

HASH = "sha256:" + "0123456789abcdef" * 4
MEMBERS = ("floor-over-cost", "promo-ceiling")
WAYS_OUT = (
    Repair(
        1, "bound", (Edit("floor-over-cost", "rule", "price >= cost * 1.08", "price >= cost * 1.02", 1.5, "USD"),),
        132, 0, (), None, True, (Concession("operations", 1.5, "USD"),),
    ),
    Repair(
        2, "soften", (Edit("floor-over-cost", "strength", "hard", "soft", None, None),),
        132, 3, ("c-2",), Amount(1250.5, "USD"), False, (),
    ),
    Repair(
        3, "scope", (Edit("promo-ceiling", "where", None, "category <> 'clearance'", None, None),),
        132, 0, (), None, True, (),
    ),
)  # fmt: skip
CLASH = Conflict(
    id="c-1", constraints=MEMBERS, teams=("brand", "operations"), strength="hard", family="item", group=1,
    waived_until=None, stake=Amount(48210, "USD"), items=132, share=132 / 2256, domain=False, gap=Gap(1.5, 0.42, "USD"),
    worst={"sku": 1183, "lower": 9.99, "upper": 8.49, "cost": 9.25, "promo_price": 8.49},
    sample=(1183, 77, 12, 40, 41, 42, 43),
    explanation="Operations' floor and Brand's ceiling leave no price for 132 of 2,256 items; worst at 1183: at least "
    "9.99 USD, at most 8.49 USD.",
    repairs=WAYS_OUT,
)  # fmt: skip
WAIVED = Conflict(
    id="c-2", constraints=("promo-ceiling",), teams=("brand",), strength="soft", family="item", group=2,
    waived_until=date(2026, 3, 1), stake=None, items=1, share=1 / 2256, domain=True, gap=None, worst={},
    sample=("a&b",),
    explanation="Brand's ceiling lies below the least price on one item.", repairs=(),
)  # fmt: skip


def status(id: str, status, violated: int | None = 0, unknown: int = 0, by: tuple[str, ...] = ()) -> ConstraintStatus:
    return ConstraintStatus(id, "item", status, 2000, unknown, violated, None, by, Tightness(4.5, 0.009, 2))


REPORT = ConflictReport(
    accord=1, initiative="spring-pricing", content_hash=HASH, items=2256, verdict="conflict", complete=True,
    not_checked=("pack-ladder",),
    findings=(Finding("no_owner", "warning", ("promo-ceiling",), "promo-ceiling has no owner."),),
    constraints=(
        status("floor-over-cost", "active", 12, 7), status("promo-ceiling", "never_binds", by=("floor-over-cost",)),
        status("pack-ladder", "not_checked_yet", None), status("old-cap", "not_in_force", None),
    ),
    conflicts=(CLASH, WAIVED),
    near=(Near(MEMBERS, Slack(0.02, 0.4, "USD"), 17, {"sku": 5, "lower": 3.0, "upper": 3.02}),),
    feasible_items=2124, infeasible_items=132,
    corrections=(Correction(("promo-ceiling",), 5, 132, Amount(48210, "USD"), ("brand",)),), corrections_complete=True,
    relaxation=Relaxation({"floor-over-cost": 0, "promo-ceiling": 1.5}, "USD", "priority, then least total"),
)  # fmt: skip

MAPPING = mapped.MappingReport(
    accord=1, initiative="spring-pricing", content_hash=HASH, verdict="misaligned",
    findings=(
        mapped.Finding("proxy_only", "note", ("earn",), ("operations",), "Earn is reached by itself.", {}, ""),
        mapped.Finding("uncovered_goal", "error", ("keep-price-image",), ("brand",),
                       "Nothing in the objective serves price image.", {"weight": 0.25}, "Add price_image to it."),
    ),
    coverage=(
        mapped.Coverage("earn", "gross_margin", ("gross_margin",), 1, 1.0, 0, "identity"),
        mapped.Coverage("keep-price-image", None, (), None, None, None, None),
    ),
    terms=(mapped.Term("gross_margin", 1.0, "USD"),), agreement=None,
    behaviour=mapped.Behaviour(
        items=2200, candidates=44000, infeasible_items=56, incomplete_candidates=0, unseen_goals=(), unseen_weight=0,
        unmovable=(), constraints_not_applied=("pack-ladder",),
        captured=mapped.Captured(0.41, 0.38, 0.44, -0.2), coupled=None,
        regret=(
            mapped.Regret("earn", "operations", "gross_margin", "USD", 0.09, 310.0, 900.0, 1210.0),
            mapped.Regret("keep-price-image", "brand", "price_image", "points", 0.5, 3.2, -2.0, 1.2),
        ),
        teams=(mapped.TeamRegret("operations", 0.09), mapped.TeamRegret("brand", 0.5)),
        rank_agreement=None, distance=None, dominated=mapped.Dominated(3, 3 / 2200, 0.01),
        goodhart=mapped.Goodhart((mapped.CurvePoint(1, -0.2), mapped.CurvePoint(None, 0.41)), None, 0.0),
        guardrails=(), revealed_weights=None, revealed_fit=None, robustness=None, worst_items=(),
    ),
    repair=None,
)  # fmt: skip


def initiative() -> Initiative:
    return read_text(TEXT, "initiative.yaml")
