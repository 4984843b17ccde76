"""An initiative with every kind of record, and the three people of these tests."""

from __future__ import annotations

from alignment.store import Actor

INITIATIVE = """
accord: 1
name: Spring pricing
summary: Weekly shelf prices
teams: [operations, brand, tech]
as_of: 2026-03-01
metrics:
- unit: USD
  name: margin
- {name: price_image, better: higher, measured: proxy, horizon_days: 180}
levers:
- {name: price, unit: USD, minimum: 0, maximum: 500.00, step: 0.010, current: current_price}
- {name: action, values: ["1", 2, 3.50, approve]}
catalogue: {source: catalogue.csv, key: sku}
links:
- {from: price, to: margin, sign: positive, evidence: experiment}
- {from: price, to: margin, sign: positive, strength: 0.30}
goals:
- {id: keep-image, team: brand, metric: price_image, weight: 0.40, because: "Our only moat"}
- {id: margin-up, team: operations, metric: margin, weight: 0.6}
constraints:
- id: floor
  team: operations
  rule: price >= cost * 1.08
  status: agreed
  kind: floor
  because: "Below this we lose cash"
- {team: brand, id: ladder, rule: upper.price >= lower.price + 0.50, pairs: {order: size, within: [brand]}, owner: null}
- {id: ceiling, team: brand, rule: price <= 9.99, from: 2026-03-01, until: 2026-12-31, guards: [price_image]}
backstops:
- {id: margin-stop, team: operations, when: margin < -0.02, action: fallback, to: current_price}
objective: {sense: maximise, terms: [{metric: margin, coefficient: 1.10}], horizon_days: 1}
decisions: {source: decisions.parquet, item: sku}
points: []
stances: [{on: floor, team: brand, by: Bo, stance: object, because: "Too high"}]
waivers: [{conflict: [floor, ceiling], because: "Clearance", by: Bo, until: 2026-06-01}]
changes:
- {date: 2026-01-02, team: brand, what: Repriced by hand, columns: [price], from: 2026-01-01, to: "2026-01-09",
   announced: true}
- {date: 2026-01-02, team: brand, what: Repriced by hand, from: last week, announced: 2026-01-01}
definitions: [{metric: margin, version: 2, text: "price minus cost"}, {metric: margin, version: "3", text: "net"}]
readiness: [{participant: Ana, team: operations, area: fear, statement: "We dare", score: 4}]
evidence: [{claim: "Elasticity is −1.2", kind: experiment, date: 2025-11-01}]
decisions_log: [{date: 2026-02-01, about: [floor], outcome: lowered, by: [Ana, Bo]}]
signatures: [{name: Ana, team: operations, at: 2026-03-01T14:10:00, content_hash: "sha256:00"}]
currency: USD
"""

ANA = Actor("Ana", "operations", "facilitator")
BO = Actor("Bo", "brand")
CY = Actor("Cy", "tech", "reviewer")
