"""Shirts whose model maximises margin while brand wants an image: three candidates for each of six items."""

from tests.pages.conftest import INITIATIVE, SHIRTS, Shop, opened
from ui.workshop import take_in

GOALS = """goals:
- {id: more-margin, team: operations, metric: margin, weight: 0.4, horizon_days: 30}
- {id: strong-image, team: brand, metric: image, weight: 0.6, horizon_days: 365}
constraints:
- {id: floor, team: operations, rule: price >= cost * 1.05, status: agreed}
- {id: cap, team: brand, rule: price <= 50, status: agreed}
"""
HEAD = INITIATIVE[: INITIATIVE.index("goals:")] + GOALS
OBJECTIVE = "objective: {expression: margin, horizon_days: 30, owner: data-science}\n"
DECISIONS = "decisions: {source: candidates.csv, item: sku, status_quo: is_today}\n"
WHOLE = HEAD + OBJECTIVE + DECISIONS


def candidates(rows: str = SHIRTS) -> str:
    """A decision table: a tenth less earns margin and costs image, a tenth more the other way round."""
    lines = ["sku,price,is_today,margin,image"]
    for sku, _, _, price in (row.split(",") for row in rows.splitlines()[1:]):
        for factor, margin, image in ((90, 20, -9), (100, 10, 0), (110, 5, 5)):
            lines.append(f"{sku},{float(price) * factor / 100:g},{int(factor == 100)},{margin},{image}")
    return "\n".join(lines) + "\n"


def mapped(text: str = WHOLE, table: str | None = None) -> Shop:
    """A workshop with the initiative, its catalogue and its decision table."""
    shop = opened(text, SHIRTS)
    take_in(shop.id, "decisions", (table or candidates()).encode(), "candidates.csv", shop.ana.actor)
    return shop


def headings(app) -> list[str]:
    """The findings over figures and tables."""
    bodies = [e.proto.body for e in app.get("html") if 'class="ac-figure"' in e.proto.body]
    return [body.split("<h3>")[1].split("</h3>")[0] for body in bodies]


def buttons(app, label: str) -> list:
    """Buttons that say `label`."""
    return [button for button in app.button if button.label == label]
