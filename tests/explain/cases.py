"""Forty small workshops, each with one thing that people get wrong: what is said about them is read by a person."""

SHIRTS = """sku,kind,size,cost,price_today,rival,units
A,basic,S,5,9,9.5,100
B,basic,M,11,12,14,80
C,basic,L,12,12,12.5,60
D,fine,S,20,40,38,20
E,fine,M,25,30,45,10
F,fine,L,30,50,52,5
"""
MISSING = "sku,kind,size,cost,price_today,rival,units\nA,basic,S,,9,9.5,100\nB,basic,M,11,12,,80\n"
ONE = "sku,kind,size,cost,price_today,rival,units\nA,basic,S,14,9,9.5,100\n"
PRICE = {"name": "price", "unit": "USD", "minimum": 0, "maximum": 100, "current": "price_today"}
EUROS = PRICE | {"unit": "EUR"}
WHOLE = PRICE | {"step": 1}
OPEN = {"name": "price", "unit": "USD", "current": "price_today"}
DISCOUNT = {"name": "discount", "unit": "%", "minimum": 0, "maximum": 60}
CHANNEL = {"name": "channel", "values": ["post", "mail", "visit"]}
CENTS = PRICE | {"step": "0.01"}
BY_SIZE = {"within": ["kind"], "order": "cost"}


def rule(id, text, team="brand", **more):
    """A constraint as it stands in a file."""
    return {"id": id, "team": team, "rule": text, **more}


CASES: list[tuple] = [
    (
        "a floor over a ceiling on one item",
        [rule("floor", "price >= cost * 1.2", "operations"), rule("cap", "price <= 14.3")],
        [PRICE],
        ONE,
    ),
    (
        "a floor over a ceiling on several",
        [rule("floor", "price >= cost * 1.2", "operations"), rule("cap", "price <= 14")],
        [PRICE],
        SHIRTS,
    ),
    ("two rules of one team", [rule("floor", "price >= cost * 1.2"), rule("cap", "price <= 14")], [PRICE], SHIRTS),
    (
        "ends that touch, one of them strict",
        [rule("over", "price > 20", "operations"), rule("under", "price <= 20")],
        [PRICE],
        SHIRTS,
    ),
    ("both ends strict", [rule("over", "price > 20", "operations"), rule("under", "price < 20")], [PRICE], SHIRTS),
    (
        "only within a scope",
        [
            rule("floor", "price >= 15", "operations", where="kind = 'basic'"),
            rule("cap", "price <= 12", where="size = 'S'"),
        ],
        [PRICE],
        SHIRTS,
    ),
    ("against the allowed range alone", [rule("dear", "price >= 120")], [PRICE], SHIRTS),
    ("against a range that is open above", [rule("free", "price <= -1")], [PRICE | {"maximum": None}], SHIRTS),
    ("a contradiction in one rule", [rule("odd", "price >= 20 and price <= 10")], [PRICE], SHIRTS),
    ("no lever at all", [rule("dear-costs", "cost <= 25")], [PRICE], SHIRTS),
    (
        "three rules, any two of which agree",
        [
            rule("from-twenty", "price <= 10 or price >= 20", "tech"),
            rule("floor", "price >= 12", "operations"),
            rule("cap", "price <= 18"),
        ],
        [PRICE],
        SHIRTS,
    ),
    (
        "a hole in the middle",
        [rule("not-near", "price < 10 or price > 20", "tech"), rule("band", "price between 12 and 18")],
        [PRICE],
        SHIRTS,
    ),
    (
        "only listed values",
        [rule("points", "price in (9, 19, 29)", "tech"), rule("band", "price between 20 and 28")],
        [PRICE],
        SHIRTS,
    ),
    (
        "many listed values",
        [rule("points", "price in (1, 2, 3, 4, 5)", "tech"), rule("floor", "price >= 9", "operations")],
        [PRICE],
        SHIRTS,
    ),
    ("one value against another", [rule("ten", "price = 10", "tech"), rule("eleven", "price = 11")], [PRICE], SHIRTS),
    (
        "a price ending",
        [rule("ending", "price % 1 = 0.99", "tech"), rule("band", "price between 12 and 12.5")],
        [CENTS],
        SHIRTS,
    ),
    ("a step that misses the band", [rule("band", "price > 12 and price < 13")], [WHOLE], SHIRTS),
    (
        "whole prices between two rules",
        [rule("floor", "price >= 12.2", "operations"), rule("cap", "price <= 12.8")],
        [WHOLE],
        SHIRTS,
    ),
    (
        "a margin in percent",
        [rule("margin", "(price - cost) / price >= 0.5", "finance"), rule("rival", "price <= rival")],
        [PRICE],
        SHIRTS,
    ),
    (
        "a largest change",
        [
            rule("change", "abs(price / price_today - 1) <= 0.1", "operations"),
            rule("margin", "price >= cost * 1.3", "finance"),
        ],
        [PRICE],
        SHIRTS,
    ),
    (
        "euros and cents",
        [rule("floor", "price >= cost * 1.234", "operations"), rule("cap", "price <= 14.01")],
        [EUROS],
        SHIRTS,
    ),
    (
        "a case by kind",
        [
            rule("floor", "price >= case when kind = 'fine' then 45 else 5 end", "operations"),
            rule("cap", "price <= rival"),
        ],
        [PRICE],
        SHIRTS,
    ),
    (
        "the larger of two bounds",
        [
            rule("floor", "price >= greatest(cost * 1.1, price_today)", "operations"),
            rule("cap", "price <= least(rival, 13)"),
        ],
        [PRICE],
        SHIRTS,
    ),
    (
        "soft against hard",
        [rule("wish", "price >= rival", strength="soft"), rule("cap", "price <= 13", "operations")],
        [PRICE],
        SHIRTS,
    ),
    (
        "no range and no step",
        [rule("floor", "price >= cost * 3", "operations"), rule("cap", "price <= rival * 2")],
        [OPEN],
        SHIRTS,
    ),
    (
        "missing costs are not a conflict",
        [rule("floor", "price >= cost * 9", "operations"), rule("cap", "price <= rival")],
        [PRICE],
        MISSING,
    ),
    (
        "four teams at once",
        [
            rule("floor", "price >= cost * 1.2", "operations"),
            rule("cap", "price <= 14"),
            rule("rival", "price <= rival * 0.9", "tech"),
            rule("margin", "price - cost >= 4", "finance"),
        ],
        [PRICE],
        SHIRTS,
    ),
    (
        "a lever of words",
        [rule("no-post", "channel <> 'post'", "tech"), rule("cheap", "channel in ('post')")],
        [CHANNEL],
        SHIRTS,
    ),
    (
        "a lever of words that is used up",
        [
            rule("no-post", "channel <> 'post'", "tech"),
            rule("no-mail", "channel <> 'mail'"),
            rule("no-visit", "channel <> 'visit'", "finance"),
        ],
        [CHANNEL],
        SHIRTS,
    ),
    (
        "two levers that are linked",
        [
            rule("link", "price = price_today * (1 - discount / 100)", "tech"),
            rule("deep", "discount >= 50"),
            rule("floor", "price >= cost", "operations"),
        ],
        [PRICE, DISCOUNT],
        SHIRTS,
    ),
    (
        "percent as a unit",
        [rule("deep", "discount >= 30"), rule("shallow", "discount <= 20", "operations")],
        [DISCOUNT],
        SHIRTS,
    ),
    (
        "a ladder with a floor and a ceiling",
        [
            rule("ladder", "upper.price >= lower.price + 2", "tech", pairs=BY_SIZE),
            rule("band", "price between 10 and 13"),
        ],
        [PRICE],
        SHIRTS,
    ),
    (
        "a ladder that falls",
        [
            rule("ladder", "upper.price <= lower.price - 5", "tech", pairs=BY_SIZE),
            rule("floor", "price >= cost", "operations"),
            rule("cap", "price <= 20", where="kind = 'basic'"),
        ],
        [PRICE],
        SHIRTS,
    ),
    (
        "an average out of reach",
        [rule("index", "avg(price / rival) <= 1"), rule("floor", "price >= rival * 1.1", "operations")],
        [PRICE],
        SHIRTS,
    ),
    (
        "an average in each group",
        [
            rule("index", "avg(price) >= 30", per=["kind"]),
            rule("cap", "price <= 20", "operations", where="kind = 'basic'"),
        ],
        [PRICE],
        SHIRTS,
    ),
    (
        "a budget of changes",
        [
            rule("budget", "count(*) filter (where price <> price_today) <= 1", "operations"),
            rule("margin", "price >= cost * 1.5", "finance"),
        ],
        [PRICE],
        SHIRTS,
    ),
    (
        "a sum that cannot be earned",
        [rule("plan", "sum((price - cost) * units) >= 5000", "finance"), rule("cap", "price <= rival", "brand")],
        [PRICE],
        SHIRTS,
    ),
    (
        "the dearest and the cheapest",
        [
            rule("spread", "max(price) - min(price) <= 5"),
            rule("floor", "price >= cost", "operations"),
            rule("cap", "price <= 10", where="sku = 'A'"),
        ],
        [PRICE],
        SHIRTS,
    ),
    ("an aggregate that contradicts the range alone", [rule("plan", "avg(price) >= 150", "finance")], [PRICE], SHIRTS),
    (
        "a ladder against a sum",
        [
            rule("ladder", "upper.price >= lower.price + 20", "tech", pairs=BY_SIZE),
            rule("total", "sum(price) <= 100", "finance"),
        ],
        [PRICE],
        SHIRTS,
    ),
]
