"""Rebuild the sample: estimate demand, then write the catalogue, the decision table and the diagnostics beside it.

Run `python data/sample/build/build.py` with the packages of `requirements.txt`; about three minutes on one core.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # one order of additions, so that a rerun gives the same digits

import demand  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import tables  # noqa: E402

TARGET = Path(__file__).resolve().parent.parent


def main() -> None:
    cars, households = demand.read_cars()
    fit = demand.fit_demand(cars, households)
    catalogue = tables.make_catalogue(cars, fit)
    decisions = tables.make_decisions(catalogue, cars, households, fit)
    found = diagnose(cars, fit, catalogue, decisions)
    catalogue.to_csv(TARGET / "catalogue.csv", index=False)
    decisions.to_parquet(TARGET / "decisions.parquet", index=False, compression="zstd")
    (TARGET / "diagnostics.json").write_text(json.dumps(found, indent=2) + "\n")
    (TARGET / "diagnostics.md").write_text(describe(found))


def diagnose(cars: pd.DataFrame, fit: demand.Fit, catalogue: pd.DataFrame, decisions: pd.DataFrame) -> dict:
    today = decisions[decisions["is_current"]].set_index("car").loc[catalogue["car"]]
    error = np.abs(today["units"].to_numpy() - catalogue["units_today"].to_numpy())
    lerner = 1 - fit.costs / cars["prices"].to_numpy()
    return {
        "data": {"model_years": len(cars), "years": cars["market_ids"].nunique(), "firms": cars["firm_ids"].nunique()},
        "quality": fit.quality,
        "estimates": fit.estimates,
        "own_price_elasticity": quantiles(fit.own_elasticity),
        "cars_with_inelastic_demand": int((fit.own_elasticity > -1).sum()),
        "margin_over_price": quantiles(lerner),
        "marginal_cost_usd": quantiles(fit.costs * 1000, 0),
        "cars_with_cost_not_above_zero": int((fit.costs <= 0).sum()),
        "worst_error_of_units_today": int(error.max()),
        "cars_without_competitor_price": int(catalogue["competitor_price"].isna().sum()),
        "candidates": len(decisions),
    }


def quantiles(values: np.ndarray, digits: int = 3) -> dict[str, float]:
    at = {"min": 0, "p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "max": 1}
    return {name: round(float(np.quantile(values, q)), digits) for name, q in at.items()} | {
        "mean": round(float(values.mean()), digits)
    }


def describe(found: dict) -> str:
    quality, data = found["quality"], found["data"]
    least, largest = quality["least_hessian_eigenvalue"], quality["largest_hessian_eigenvalue"]
    converged = "yes" if quality["optimizer_converged"] else "no"
    lines = [
        "# Diagnostics of the demand model",
        "",
        "Written by `build/build.py`; do not edit. Prices and costs in USD of 1983.",
        "",
        f"Random-coefficients logit with a supply side, two-step GMM, pyblp {quality['pyblp']}, "
        f"{data['model_years']:,} model years, {data['years']} years, {data['firms']} firms.",
        "",
        f"- Optimiser converged: {converged}; objective {quality['objective']}; "
        f"norm of the gradient {quality['projected_gradient_norm']:.1e}; eigenvalues of the Hessian from {least} to "
        f"{largest} ({'all positive: a minimum' if least > 0 else 'not all positive: no minimum'}).",
        f"- Cars whose estimated marginal cost is not above zero: {found['cars_with_cost_not_above_zero']}; "
        f"costs held at the lower bound during the last step: {quality['clipped_costs']}.",
        f"- Cars with an own-price elasticity above -1: {found['cars_with_inelastic_demand']}.",
        "- Units at today's price against observed sales: largest difference "
        f"{found['worst_error_of_units_today']} cars.",
        "- Cars without a competitor price (fewer than three comparable cars): "
        f"{found['cars_without_competitor_price']}.",
        "",
    ]
    closing = (
        "Standard errors are robust and clustered by model code. Several are large; README.md says what that limits."
    )
    return "\n".join([*lines, *tabulate_spread(found), "", *tabulate_estimates(found["estimates"]), "", closing, ""])


def tabulate_spread(found: dict) -> list[str]:
    titles = {
        "own-price elasticity": "own_price_elasticity",
        "margin over price": "margin_over_price",
        "marginal cost, USD": "marginal_cost_usd",
    }
    rows = [f"| {title} | " + " | ".join(f"{x:,}" for x in found[key].values()) + " |" for title, key in titles.items()]
    return ["| | min | p5 | p25 | median | p75 | p95 | max | mean |", "|---|---|---|---|---|---|---|---|---|", *rows]


def tabulate_estimates(estimates: list[dict]) -> list[str]:
    rows = [f"| {e['group']} | {e['name']} | {e['estimate']} | {e['standard_error']} |" for e in estimates]
    return ["| estimate | name | value | standard error |", "|---|---|---|---|", *rows]


if __name__ == "__main__":
    main()
