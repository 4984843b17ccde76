"""The rule language: what may be written, what is refused, and what the refusal says."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from alignment.errors import RuleError
from alignment.rules.parse import Schema, parse_condition, parse_expression, parse_rule
from alignment.rules.render import render

SCHEMA = Schema(
    columns={
        "sku": "text", "category": "text", "cost": "number", "stock": "number", "current_price": "number",
        "launched": "date", "exported": "bool", "Pack Size": "number",
    },
    levers={"price": "number", "action": "text"},
)  # fmt: skip

ALLOWED = [
    "price >= cost * 1.08",
    "PRICE >= Cost",
    "price >= cost",
    "price between cost * 0.9 and 2 * cost",
    "price not between 1 and 2",
    "price in (9.99, 10.99)",
    "price not in (9.99)",
    "category like 'cle%' or price > 5",
    "category not like '%x_'",
    "cost is null or price >= cost",
    "cost is not null",
    "not (price < 5)",
    "case when stock = 0 then price >= cost else price >= cost * 1.1 end",
    "case category when 'a' then 1 else 2 end <= price",
    "coalesce(cost, 0) <= price",
    "price / nullif(stock, 0) > 1",
    "abs(price / current_price - 1) <= 0.1",
    "round(price, 2) = price",
    "round(price) = price",
    "floor(price) < ceil(price)",
    "ceiling(price) = 3",
    "price >= greatest(cost, 3) and price <= least(cost * 3, 99, 100)",
    "ln(cost) > 1 and exp(stock) > 2 and sqrt(stock) > 2",
    "lower(category) = 'a' and upper(category) <> 'B' and length(sku) >= 3",
    "year(launched) = 2026 and month(launched) in (1, 2) and day(launched) < 15",
    "quarter(launched) = 1 or week(launched) = 7 or dayofweek(launched) = 0",
    "extract(year from launched) = 2026",
    "launched >= date '2026-03-01'",
    "launched between date '2026-03-01' and date '2026-03-31'",
    "exported",
    "exported = true and not exported or false",
    "price % 1 = 0.99",
    "-price < -1",
    "price >= .5",
    "price >= 1e2",
    '"Pack Size" * price > 3',
    "action in ('review', 'decline')",
    "action <> 'decline' or cost > 3",
    "price <= avg(cost) * 2",
    "price <= (max(cost) - min(cost)) * count(*)",
    "avg(price / cost) <= 1.02",
    "sum((price - cost) * stock) >= 0.25 * sum(price * stock)",
    "count(*) filter (where price <> current_price) <= 200",
    "sum(stock) filter (where price > cost and exported) > 3",
    "count(sku) > 3",
    "price <> 5",
    "(price > 3) = exported",
    "(price > 3) is null",
    "price > 3 is null",
    "price != 5",
    "price >= null",
    "category = 'it''s'",
    "price >= 0.00000000000000000000000000001",
    "price <= 123456789012345678901234567890",
    "price\n  >= cost\t* 2",
    "cost isnull or cost notnull or exported is unknown",
]

REFUSED = [
    ("price >= (select max(cost) from catalogue)", "subquery"),
    ("exists (select 1)", "subquery"),
    ("price in (select cost from catalogue)", "subquery"),
    ("price in unnest([1, 2])", ""),
    ("price > any (select 1)", ""),
    ("select 1", ""),
    ("read_csv('x.csv') = 1", "read_csv"),
    ("price >= getenv('HOME')", "getenv"),
    ("sum(cost) over () > 3", "window"),
    ("price > lag(cost) over (order by sku)", ""),
    ("row_number() over () > 3", ""),
    ("list_filter([1], x -> x > 1) = price", ""),
    ("(x -> x) = 1", ""),
    ("* = 1", "star"),
    ("price > *", ""),
    ("sum(*) > 1", "star"),
    ("columns(*) > 1", ""),
    ("price = columns('c.*')", ""),
    ("cast(price as integer) = 3", "cast"),
    ("try_cast(price as integer) = 3", "cast"),
    ("price::integer = 3", "cast"),
    ("price :: integer = 3", "cast"),
    ("integer '3' = price", ""),
    ("timestamp '2026-03-01' = launched", ""),
    ("date 'x' = launched", "not a date"),
    ("date '2026-3-1' = launched", "not a date"),
    ("price > 3 -- because", "comment"),
    ("price > /* why */ 3", "comment"),
    ("price > ?", ""),
    ("price > $1", ""),
    ("price > $x", ""),
    ("price > :x", ""),
    ("price > @x", ""),
    ("#1 > price", ""),
    ("price > \x00 3", "control character"),
    ("price > \x1b 3", "control character"),
    ("price >= 1; drop table x", "semicolon"),
    ("price >= 1; price <= 2", "more than one statement"),
    ("price >= 1;", "semicolon"),
    ("", "empty"),
    ("   ", "empty"),
    ("avg(sum(price)) > 3", "aggregate inside an aggregate"),
    ("sum(price + max(cost)) > 3", "aggregate inside an aggregate"),
    ("count(*) filter (where price > avg(cost)) > 3", "aggregate inside an aggregate"),
    ("sum(distinct cost) > price", "distinct"),
    ("count(distinct category) > 3", "distinct"),
    ("sum(cost order by sku) > 3", ""),
    ("upper.price >= lower.price", "no pairs"),
    ("catalogue.cost > price", "not a name here"),
    ("a.b.c > price", "not a name here"),
    ("price >= 1234567890123456789012345678901", "30 digits"),
    ("price >= 1e31", "30 digits"),
    ("price >= 0x10", ""),
    ("price >= 1e-99", "30 digits"),
    ("ifnull(cost, 0) < price", "ifnull"),
    ("nvl(cost, 0) < price", "nvl"),
    ("pow(price, 2) > 3", "pow"),
    ("power(price, 2) > 3", "power"),
    ("price ** 2 > 3", ""),
    ("price ^ 2 > 3", ""),
    ("price // 2 > 3", "integer division"),
    ("price & 2 > 3", ""),
    ("price << 2 > 3", ""),
    ("~stock > 3", ""),
    ("category || 'a' = 'b'", "text joining"),
    ("category ilike 'a'", "ilike"),
    ("category glob 'a'", ""),
    ("category ~ 'a'", ""),
    ("category similar to 'a'", ""),
    ("category like 'a' escape '!'", ""),
    ("regexp_matches(category, 'a')", "regexp_matches"),
    ("try(price > 3)", "try"),
    ("if(exported, price > 1, price > 2)", "if"),
    ("price > 3 is true", "`is`"),
    ("exported is true", "`is`"),
    ("exported is not false", "`is`"),
    ("price is distinct from 3", ""),
    ("price is not distinct from 3", ""),
    ("price between symmetric 3 and 1", "symmetric"),
    ("[price] = [3]", ""),
    ("list_value(price) = 3", "list_value"),
    ("array[price] = 3", ""),
    ("struct_pack(a := price) = 3", ""),
    ("{'a': price} = 3", ""),
    ("map {'a': price} = 3", ""),
    ("category[1] = 'a'", ""),
    ("category[1:2] = 'a'", ""),
    ("(price, cost) = (1, 2)", ""),
    ("row(price) = 3", ""),
    ("interval 3 days > 3", ""),
    ("launched + interval 3 days > launched", ""),
    ("launched + 3 > launched", "number"),
    ("current_date > launched", ""),
    ("now() > launched", "now"),
    ("random() > price", "random"),
    ("min(cost, 3) > price", ""),
    ("max(cost, 3) > price", ""),
    ("price collate nocase = 3", ""),
    ("price at time zone 'x' > 3", ""),
    ("extract(epoch from launched) > 3", "date part"),
    ("extract(hour from launched) > 3", "date part"),
    ("round(price, cost) = 3", "round"),
    ("round(price, -1) = 3", "round"),
    ("floor(price, 2) = 3", ""),
    ("ln(2, price) = 3", ""),
    ("coalesce() = price", ""),
    ("count() > price", "something missing"),
    ("least(price) = 3 as x", ""),
    ("price > 3 as x", ""),
    ("price > 3 and", ""),
    ("1 < price < 3", "chains comparisons"),
    ("exported = true = false", "chains comparisons"),
    ("exported = not exported", "chains comparisons"),
    ("price >", ""),
    ("(price > 3", ""),
    ("price > 3)", ""),
    ("'price > 3", "quotes"),
    ("price > 'a", "quotes"),
    ("price >= cots * 1.1", "did you mean 'cost'"),
    ("price = 3 limit 1", ""),
    ("from catalogue", ""),
    ("pragma version", ""),
    ("install httpfs", ""),
    ("attach 'x'", ""),
    ("price > 3 union select 1", ""),
    ("default > 3", ""),
    ("price > e'a'", ""),
    ("price = $$a$$", ""),
    ("all(price) > 3", ""),
    ("cost > all(price)", ""),
    ("price in cost", ""),
    ("price = grouping(cost)", ""),
    ("truncate(price) = 3", ""),
]

KINDS_MIXED = [
    ("price >= '3'", "'3'"),
    ("price >= category", "mixes kinds"),
    ("launched >= '2026-03-01'", "write date '2026-03-01'"),
    ("launched > 3", "mixes kinds"),
    ("price + category > 3", "needs a number"),
    ("price and cost > 3", "needs a condition"),
    ("not price", "needs a condition"),
    ("price", "not a condition"),
    ("price * 2", "not a condition"),
    ("exported > true", "orders conditions"),
    ("exported between true and false", "orders conditions"),
    ("price in (1, 'a')", "mixes kinds"),
    ("coalesce(cost, 'a') = 3", "mixes kinds"),
    ("least(cost, launched) > 3", "mixes kinds"),
    ("nullif(cost, 'a') = 3", "mixes kinds"),
    ("case when cost then true else false end", "needs a condition"),
    ("case when exported then 1 else 'a' end = 1", "mixes kinds"),
    ("case cost when 'a' then true end", "mixes kinds"),
    ("cost like 'a'", "needs text"),
    ("lower(cost) = 'a'", "needs text"),
    ("year(cost) = 3", "needs a date"),
    ("sum(category) > 3", "needs a number"),
    ("abs(category) > 3", "needs a number"),
    ("-category = 3", "needs a number"),
    ("count(*) filter (where cost) > 3", "needs a condition"),
]


@pytest.mark.parametrize("text", ALLOWED)
def test_may_be_written_and_runs(text: str) -> None:
    rule = parse_rule(text, SCHEMA)
    assert runs(render(rule.tree))


@pytest.mark.parametrize(("text", "says"), REFUSED)
def test_is_refused(text: str, says: str) -> None:
    with pytest.raises(RuleError) as refusal:
        parse_rule(text, SCHEMA)
    assert says in str(refusal.value)
    assert refusal.value.found and refusal.value.expected, "a refusal says what is wrong and what would be right"


@pytest.mark.parametrize(("text", "says"), KINDS_MIXED)
def test_nothing_is_converted(text: str, says: str) -> None:
    with pytest.raises(RuleError) as refusal:
        parse_rule(text, SCHEMA)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("(" * 39 + "price > 3" + ")" * 39, False),
        ("(" * 30 + "price > 3" + ")" * 30, True),
        ("not " * 45 + "price > 3", False),
        ("not " * 30 + "price > 3", True),
        ("abs(" * 45 + "price" + ")" * 45 + " > 3", False),
        (" + ".join(["price"] * 45) + " > 3", False),
        ("- " * 45 + "price > 3", False),
        (" and ".join(["price > 3"] * 140), True),
        (" or ".join(["price > 3"] * 150), True),
        ("(" + " and ".join(["price > 3"] * 60) + ") or " + " and ".join(["cost > 3"] * 60), True),
        (" and ".join(["(price > 3 or cost > 2)"] * 60), True),
        ("case when exported then " * 45 + "price > 3" + " end" * 45, False),
        ("price > 3 and " * 200 + "price > 3", False),
        ("price > " + " " * 2000 + "3", False),
        ("category = '" + "x" * 1900 + "'", True),
    ],
)
def test_size_is_bounded(text: str, allowed: bool) -> None:
    if allowed:
        assert runs(render(parse_rule(text, SCHEMA).tree))
        return
    with pytest.raises(RuleError, match=r"nested more than 40 deep|at most 2,000"):
        parse_rule(text, SCHEMA)


@pytest.mark.parametrize(
    ("text", "pairs", "family"),
    [
        ("price >= cost * 1.08", False, "item"),
        ("cost > 3", False, "item"),
        ("price <= avg(cost)", False, "item"),
        ("upper.price >= lower.price + 0.5", True, "pair"),
        ("upper.price >= lower.price * 1.1 or upper.cost < lower.cost", True, "pair"),
        ("upper.price <= lower.price + avg(cost)", True, "pair"),
        ("avg(price / cost) <= 1.02", False, "aggregate"),
        ("count(*) filter (where price <> current_price) <= 200", False, "aggregate"),
        ("sum(price) <= sum(cost)", False, "aggregate"),
    ],
)
def test_family_follows_from_what_is_named(text: str, pairs: bool, family: str) -> None:
    assert parse_rule(text, SCHEMA, pairs=pairs).family == family


@pytest.mark.parametrize(
    ("text", "pairs", "says"),
    [
        ("price > lower.price", True, "'price' has no lower. or upper."),
        ("price > cost", True, "the rule has no lower. or upper."),
        ("upper.price > avg(price)", True, "mixes pairs and aggregates"),
        ("upper.price > sum(lower.cost)", True, "inside an aggregate"),
        ("avg(price) > cost", False, "outside the aggregate"),
        ("avg(price) > price", False, "outside the aggregate"),
        ("middle.price > lower.price", True, "not a name here"),
    ],
)
def test_families_do_not_mix(text: str, pairs: bool, says: str) -> None:
    with pytest.raises(RuleError) as refusal:
        parse_rule(text, SCHEMA, pairs=pairs)
    assert says in str(refusal.value)


def test_scope_is_part_of_the_rule_and_of_its_columns() -> None:
    rule = parse_rule("price >= cost", SCHEMA, where="category <> 'clearance' and stock > 0")
    assert rule.levers == ("price",) and rule.columns == ("category", "cost", "stock")


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("price > 3", "names the lever 'price'"),
        ("stock", "not a condition"),
        ("stock > avg(stock)", "aggregate"),
        ("lower.stock > 3", "lower."),
        ("stok > 3", "did you mean 'stock'"),
        ("stock > 3 -- x", "comment"),
    ],
)
def test_scope_speaks_about_columns_alone(where: str, says: str) -> None:
    with pytest.raises(RuleError) as refusal:
        parse_rule("price >= cost", SCHEMA, where=where)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "says"), [("price > 3", "not a number"), ("lower.price", "lower."), ("category", "not a number")]
)
def test_expression_is_a_number(text: str, says: str) -> None:
    parse_expression("price * stock - 0.2 * cost", SCHEMA)
    with pytest.raises(RuleError) as refusal:
        parse_expression(text, SCHEMA)
    assert says in str(refusal.value)


def test_condition_may_name_levers_where_they_are_in_its_schema() -> None:
    parse_condition("price < 3 and stock > 0", SCHEMA)


def test_names_are_found_whatever_their_case_unless_two_differ_by_case_alone() -> None:
    schema = Schema({"Cost": "number", "COST": "number", "Stock": "number"})
    assert parse_rule("stock > 3 and Cost > 1", schema).columns == ("Cost", "Stock")
    with pytest.raises(RuleError, match="'cost' is not a column"):
        parse_rule("cost > 1", schema)


_TOKENS = """price cost stock category launched exported action "Pack Size" 1 2.5 0 'a' '' date '2026-03-01' null true
    false
    + - * / % ( ) ( ) ( ) , < <= > >= = <> != and or not in between like is null case when then else end coalesce(
    nullif( abs( round( floor( ceil( least( greatest( ln( exp( sqrt( lower( upper( length( sum( avg( count( min(
    max(
    count(*) filter (where lower. upper. year( extract( from year :: . ; [ ] { } $ ? # @ ! ~ | & ^ -- /* */ ' " ` \\
    select exists any all distinct interval cast( as escape symmetric over () lambda x -> := || // ** e'a' $$ 1e5 9e99
    window values array struct row map try( if( ifnull( random() glob ilike similar to unknown collate unnest("""
TOKENS = st.sampled_from(_TOKENS.split())


@st.composite
def altered(draw: st.DrawFn) -> str:
    """A text that may be written, with one or two of its words replaced, left out or doubled."""
    words = re.findall(r"'[^']*'|\"[^\"]*\"|[\w.]+|\S", draw(st.sampled_from(ALLOWED)))
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(words) - 1))
        words[at : at + draw(st.integers(0, 2))] = draw(st.lists(TOKENS, max_size=2))
        words = words or ["price"]
    return " ".join(words)


FUZZ = altered() | altered() | st.lists(TOKENS, min_size=1, max_size=14).map(" ".join) | st.text(max_size=30)
_LISTED = """coalesce nullif abs round floor ceil least greatest ln exp sqrt lower upper length sum avg count min max
    year
    quarter month week day dayofweek extract cast try_cast try filter where in and or not between when then else case
    like decimal is"""
LISTED = set(_LISTED.split())


@settings(max_examples=2000, deadline=None, phases=[Phase.generate])
@given(FUZZ, st.booleans())
def test_any_text_is_a_rule_that_runs_or_a_refusal(text: str, pairs: bool) -> None:
    try:
        rule = parse_rule(text, SCHEMA, pairs=pairs)
    except RuleError as refusal:
        assert refusal.found and refusal.expected
        return
    sql = render(rule.tree)
    assert called(sql) <= LISTED
    assert runs(sql)


def called(sql: str) -> set[str]:
    outside_text = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", "''", sql)
    return {word.lower() for word in re.findall(r"([A-Za-z_]\w*)\s*\(", outside_text)}


_COLUMNS = """'a' as sku, 'clearance' as category, cast(2 as decimal(18, 2)) as cost, 3 as stock, 1.5 as current_price,
    date '2026-01-31' as launched, true as exported, 6 as "Pack Size", cast(4.99 as decimal(18, 6)) as price,
    'review' as action"""
_TABLE = duckdb.connect()
_TABLE.execute(f'create table "upper" as select {_COLUMNS}')
_TABLE.execute(f'create table "lower" as select {_COLUMNS}')


def runs(sql: str) -> bool:
    """Does a condition run, alone or beside aggregates, and give a truth value or NULL?"""
    source = '"upper", "lower"' if re.search(r'\b(upper|lower)\.|"(upper|lower)"\.', sql) else '"upper"'
    aggregates = re.search(r"\b(sum|avg|count|min|max)\(", sql, re.IGNORECASE)
    if aggregates and '"' in re.sub(r"(?i)\b(sum|avg|count|min|max)\([^()]*\)", "", sql):
        return True  # an aggregate beside plain columns is bound to its value before it runs
    row = _TABLE.execute(f"select {sql} from {source}").fetchone()
    return row is not None and row[0] in (True, False, None)
