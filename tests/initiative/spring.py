"""The initiative that the contract shows, as its author would write it."""

SPRING = """\
accord: 1
name: Spring pricing
id: spring-pricing
summary: Automate weekly shelf prices for 2,256 products
currency: USD
as_of: 2026-03-01
teams: [operations, brand, tech, finance]
levers:
  - name: price
    unit: USD
    minimum: 0
    maximum: 500
    step: 0.010
    current: current_price
  - {name: action, values: [approve, step_up, review, decline], current: action_today}
catalogue:
  source: catalogue.csv
  key: sku
  value: revenue_last_year
  value_unit: USD
metrics:
  - name: gross_margin
    unit: USD
    better: higher
    horizon_days: 30
    aggregate: sum
    measured: direct
    available: true
    definition: "price minus landed cost, times units sold"
    owner: finance
    source: warehouse.sales_v3
  - {name: price_image, better: higher, measured: none, aggregate: mean}
  - {name: discount_depth, better: lower}
  - {name: revenue}
links:
  - {from: discount_depth, to: price_image, sign: negative, strength: 0.60, lag_days: 180, evidence: experiment}
goals:
  - id: keep-price-image
    team: brand
    metric: price_image
    want: higher
    weight: 0.40
    swing: 10
    horizon_days: 365
    target: ">= 70"
    because: "Premium position is the brand's only moat"
constraints:
  - rule: price >= cost * 1.08
    id: floor-over-cost
    team: operations
    kind: floor
    where: category <> 'clearance'
    strength: hard
    priority: 5
    relax_to: 1.02
    guards: [price_image]
    owner: j.doe
    because: "Below this we lose cash on every unit"
    status: agreed
    from: 2026-03-01
    until: 2026-12-31
    review_by: 2026-09-01
    nature: requirement
    links: []
  - id: pack-ladder
    team: brand
    kind: ladder
    rule: upper.price >= lower.price + 0.50
    pairs: {within: [brand, flavour], order: pack_size}
  - id: category-margin
    team: finance
    kind: average
    rule: sum((price - cost) * volume) >= 0.25 * sum(price * volume)
    per: [category]
backstops:
  - id: margin-stop
    team: operations
    when: daily_margin_rate < -0.02
    action: fallback
    to: current_price
    respond_within_minutes: 30
    owner: pricing-oncall
    tested_on: 2026-02-20
objective:
  sense: maximise
  expression: revenue - 0.2 * discount_cost
  horizon_days: 1
  owner: data-science
decisions:
  source: decisions.parquet
  item: sku
  status_quo: is_current
points:
  - {participant: Ada, team: brand, goal: keep-price-image, points: 100}
stances:
  - {on: floor-over-cost, team: brand, by: Ada, stance: object, because: too high, counter: price >= cost * 1.05}
waivers:
  - {conflict: [floor-over-cost, pack-ladder], because: until the new packs, by: Ada, until: 2026-06-30}
changes:
  - {date: 2026-02-01, team: tech, what: new stock feed, columns: [stock], metrics: [revenue], announced: 2026-01-15}
definitions:
  - {metric: revenue, version: 2, text: net of returns, owner: finance, since: 2026-01-01}
readiness:
  - {participant: Ada, team: brand, area: data, statement: we trust the costs, score: 4, comment: mostly}
evidence:
  - {claim: image reacts to depth, kind: experiment, where: wiki, date: 2025-11-01}
decisions_log:
  - {date: 2026-02-10, about: [floor-over-cost], outcome: kept, by: [Ada], because: cash}
signatures:
  - {name: Ada, team: brand, at: 2026-02-11T14:10:00Z, content_hash: "sha256:00"}
"""
