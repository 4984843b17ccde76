"""The shipped sample keeps its promises: real cars, whole tables, numbers that follow from one another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import yaml

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample"


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.read_csv(str(SAMPLE / "catalogue.csv")).create_view("catalogue")
    connection.read_parquet(str(SAMPLE / "decisions.parquet")).create_view("decisions")
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def initiative() -> dict:
    return yaml.safe_load((SAMPLE / "initiative.yaml").read_text(encoding="utf-8"))


def one(tables: duckdb.DuckDBPyConnection, query: str) -> object:
    return tables.execute(query).fetchone()[0]


def columns(tables: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    return {row[0] for row in tables.execute(f"describe {table}").fetchall()}


def test_the_catalogue_has_every_model_year_once(tables):
    assert one(tables, "select count(*) from catalogue") == 2217
    assert one(tables, "select count(distinct car) from catalogue") == 2217
    assert tables.execute("select min(year), max(year) from catalogue").fetchone() == (1971, 1990)


@pytest.mark.parametrize("column", ["current_price", "cost", "competitor_price", "units_today", "revenue_today"])
def test_amounts_are_above_zero_where_they_are_known(tables, column):
    assert one(tables, f"select count(*) from catalogue where {column} <= 0") == 0


def test_a_competitor_price_is_empty_exactly_where_fewer_than_three_cars_compare(tables):
    assert one(tables, "select count(*) from catalogue where (comparable_cars < 3) <> (competitor_price is null)") == 0
    assert one(tables, "select count(*) from catalogue where competitor_price is null") == 41


def test_the_competitor_price_is_the_median_of_comparable_cars(tables):
    wrong = """
        with medians as (
            select item.car, count(rival.car) as cars, median(rival.current_price) as price
            from catalogue as item
            left join catalogue as rival
              on (rival.year, rival.size_class, rival.air) = (item.year, item.size_class, item.air)
             and rival.firm <> item.firm
            group by item.car
        )
        select count(*) from catalogue join medians using (car)
        where comparable_cars <> cars or (cars >= 3 and abs(competitor_price - price) > 1e-9)
    """
    assert one(tables, wrong) == 0


def test_a_model_is_new_in_the_first_year_of_its_code_and_unknown_in_1971(tables):
    wrong = """
        select count(*) from (select *, min(year) over (partition by model) as first from catalogue)
        where new_model is distinct from case when year = 1971 then null when year = first then 1 else 0 end
    """
    assert one(tables, wrong) == 0


def test_every_item_has_eleven_prices_and_one_of_them_is_todays(tables):
    wrong = """
        select count(*) from (
            select car, count(*) as candidates, count(distinct price) as prices,
                count(*) filter (where is_current) as today
            from decisions group by car
        ) where candidates <> 11 or prices <> 11 or today <> 1
    """
    assert one(tables, wrong) == 0
    assert one(tables, "select count(*) from catalogue anti join decisions using (car)") == 0
    assert one(tables, "select count(*) from decisions anti join catalogue using (car)") == 0


def test_todays_candidate_repeats_the_catalogue(tables):
    wrong = """
        select count(*) from catalogue join decisions using (car)
        where is_current and (price <> current_price or units <> units_today or revenue <> revenue_today
            or abs(gross_margin - margin_today) > 0.005 or price_image <> image_today)
    """
    assert one(tables, wrong) == 0


def test_metrics_follow_from_price_units_and_cost(tables):
    wrong = """
        select count(*) from catalogue join decisions using (car)
        where revenue <> price * units
           or abs(gross_margin - (price - cost) * units) > 0.011
           or price_changed <> (price <> current_price)::int
           or abs(price_move - 100 * abs(price / current_price - 1)) > 0.0051
           or abs(price_index - price / competitor_price) > 0.000051
           or (price_index is null) <> (competitor_price is null)
    """
    assert one(tables, wrong) == 0


def test_the_price_image_is_the_share_of_cheaper_rivals(tables):
    wrong = """
        with shares as (
            select car, price, round(100 * avg((rival.current_price < price)::int), 2) as share
            from decisions join catalogue as item using (car)
            join catalogue as rival
              on (rival.year, rival.size_class) = (item.year, item.size_class) and rival.firm <> item.firm
            group by car, price
        )
        select count(*) from decisions join shares using (car, price) where abs(price_image - share) > 0.011
    """
    assert one(tables, wrong) == 0


def test_metrics_are_finite_or_unknown(tables):
    numeric = columns(tables, "decisions") - {"car", "is_current"}
    for column in sorted(numeric):
        assert one(tables, f"select count(*) from decisions where not isfinite({column}::double)") == 0, column
    for column in sorted(numeric - {"price_index"}):
        assert one(tables, f"select count(*) from decisions where {column} is null") == 0, column


def test_a_higher_price_never_sells_more_cars(tables):
    rising = """
        select count(*) from (select units, lag(units) over (partition by car order by price) as cheaper from decisions)
        where units > cheaper
    """
    assert one(tables, rising) == 0


def test_sales_lost_to_a_price_go_partly_to_the_firms_other_cars(tables):
    wrong = """
        select count(*) from decisions join catalogue using (car)
        where abs(line_units - units_today) > abs(units - units_today) + 1
           or (line_units - units_today) * (units - units_today) < -1
    """
    assert one(tables, wrong) == 0


def test_the_estimated_elasticity_is_the_slope_of_the_decision_table(tables):
    slope = """
        select max(abs(elasticity - ln(u2 / u1) / ln(p2 / p1)) / abs(elasticity)) from (
            select car, max(price) filter (where price < current_price) as p1,
                min(price) filter (where price > current_price) as p2,
                max_by(units, price) filter (where price < current_price) as u1,
                min_by(units, price) filter (where price > current_price) as u2
            from decisions join catalogue using (car) group by car
        ) join catalogue using (car) where u2 > 1000
    """
    assert one(tables, slope) < 0.05


def test_the_model_behind_it_converged_and_no_cost_is_negative():
    found = json.loads((SAMPLE / "diagnostics.json").read_text(encoding="utf-8"))
    assert found["quality"]["optimizer_converged"]
    assert found["quality"]["projected_gradient_norm"] < 1e-4
    assert found["quality"]["least_hessian_eigenvalue"] > 0
    assert found["cars_with_cost_not_above_zero"] == 0
    assert found["cars_with_inelastic_demand"] == 0


def test_the_initiative_is_as_rich_as_promised(initiative):
    checked = [c for c in initiative["constraints"] if c.get("status") != "retired"]
    assert len(checked) >= 12
    kinds = {"floor", "ceiling", "change", "ladder", "average", "exclusion", "range"}
    assert kinds <= {c["kind"] for c in checked}
    assert {c["strength"] for c in checked} == {"hard", "soft"}
    assert {c["status"] for c in checked} == {"proposed", "agreed"}
    assert len(initiative["backstops"]) >= 2
    assert len(initiative["goals"]) >= 5
    assert {c["team"] for c in checked} == set(initiative["teams"])


def test_no_person_is_invented(initiative):
    for people in ("points", "stances", "signatures", "decisions_log", "readiness"):
        assert initiative[people] == []
    owners = {entry["owner"] for kind in ("constraints", "backstops", "metrics") for entry in initiative[kind]}
    assert owners == {"pricing-desk", "sales-planning", "brand-management", "data-science", "finance-controlling"}


def test_the_file_names_only_columns_that_the_tables_have(initiative, tables):
    decided = columns(tables, "decisions")
    measured = {goal["metric"] for goal in initiative["goals"]}
    unmeasured = {metric["name"] for metric in initiative["metrics"] if metric["measured"] == "none"}
    assert measured - decided == unmeasured == {"owner_loyalty"}
    assert {"car", "price", "is_current"} <= decided
    assert {"car", "current_price", "revenue_today"} <= columns(tables, "catalogue")


def test_every_item_rule_runs_on_the_real_columns(initiative, tables):
    for constraint in initiative["constraints"]:
        if "pairs" in constraint:
            continue
        scope = f"is_current and ({constraint.get('where', 'true')})"
        group = f"group by {', '.join(constraint['per'])}" if "per" in constraint else ""
        today = f"from catalogue join decisions using (car) where {scope} {group}"
        assert one(tables, f"select count(*) from (select ({constraint['rule']}) as holds {today})") > 0, constraint[
            "id"
        ]


def test_the_licence_and_the_provenance_are_shipped():
    assert "Permission is hereby granted, free of charge" in (SAMPLE / "LICENSE-pyblp.txt").read_text(encoding="utf-8")
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    assert "blp_products.csv" in readme and "MIT" in readme


def test_every_column_is_explained(tables):
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    for table in ("catalogue", "decisions"):
        for column in sorted(columns(tables, table)):
            assert f"`{column}`" in readme, column
