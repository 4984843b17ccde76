"""The demand model of the sample: estimated with pyblp from the car data that pyblp ships.

Source of the method: Berry, Levinsohn and Pakes, "Automobile Prices in Market Equilibrium", Econometrica 63 (1995); the
specification, starting values and draws are those of pyblp's documentation for this data set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyblp

DEMAND = "1 + hpwt + air + mpd + space"
TASTES = "1 + prices + hpwt + air + mpd + space"
COSTS = "1 + log(hpwt) + air + log(mpg) + log(space) + trend"
TASTE_NAMES = ["1", "prices", "hpwt", "air", "mpd", "space"]
START_SIGMA = np.diag([3.612, 0, 4.628, 1.818, 1.050, 2.056])
START_PI = np.c_[[0, -43.501, 0, 0, 0, 0]]
LEAST_COST = 0.001  # thousand USD; keeps log(cost) defined while the optimiser searches
GRADIENT_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Fit:
    """What the estimation found. Arrays follow the rows of the products; prices and costs in thousand USD of 1983."""

    mean_utility: np.ndarray
    sigma: np.ndarray
    price_over_income: float
    costs: np.ndarray
    own_elasticity: np.ndarray
    estimates: list[dict[str, object]]
    quality: dict[str, object]


def read_cars() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The products (2,217 model years) and the simulated households (200 a year) that pyblp ships."""
    return pd.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION), pd.read_csv(pyblp.data.BLP_AGENTS_LOCATION)


def fit_demand(cars: pd.DataFrame, households: pd.DataFrame) -> Fit:
    """Two-step GMM of demand and supply; firms set the prices of all their models (Bertrand), cost is log-linear."""
    formulations = tuple(pyblp.Formulation(text) for text in (DEMAND, TASTES, COSTS))
    problem = pyblp.Problem(formulations, cars, pyblp.Formulation("0 + I(1 / income)"), households, costs_type="log")
    results = problem.solve(
        START_SIGMA,
        START_PI,
        costs_bounds=(LEAST_COST, None),
        W_type="clustered",
        se_type="clustered",
        initial_update=True,
        optimization=pyblp.Optimization("l-bfgs-b", {"gtol": GRADIENT_TOLERANCE, "ftol": 0}),
    )
    elasticities = results.compute_elasticities()
    return Fit(
        mean_utility=results.delta.ravel(),
        sigma=results.sigma.diagonal().copy(),
        price_over_income=float(results.pi[1, 0]),
        costs=results.compute_costs().ravel(),
        own_elasticity=own_elasticities(elasticities, cars["market_ids"]),
        estimates=list_estimates(results),
        quality=describe_quality(results),
    )


def own_elasticities(elasticities: np.ndarray, markets: pd.Series) -> np.ndarray:
    """The diagonal of each year's block; pyblp pads the blocks to the widest year."""
    position = markets.groupby(markets).cumcount().to_numpy()
    return elasticities[np.arange(len(position)), position]


def list_estimates(results: pyblp.ProblemResults) -> list[dict[str, object]]:
    def entry(group: str, name: str, estimate: float, error: float) -> dict[str, object]:
        value, spread = round(float(estimate), 4), round(float(error), 4)
        return {"group": group, "name": name, "estimate": value, "standard_error": spread}

    def entries(group: str, labels: list[str], estimates: np.ndarray, errors: np.ndarray) -> list[dict[str, object]]:
        return [entry(group, *row) for row in zip(labels, estimates.flat, errors.flat, strict=True)]

    tastes = [
        entry("spread of tastes", name, results.sigma[k, k], results.sigma_se[k, k])
        for k, name in enumerate(TASTE_NAMES)
        if name != "prices"
    ]
    price = [entry("price", "prices / income", results.pi[1, 0], results.pi_se[1, 0])]
    mean = entries("mean taste", results.beta_labels, results.beta, results.beta_se)
    cost = entries("log of marginal cost", results.gamma_labels, results.gamma, results.gamma_se)
    return price + tastes + mean + cost


def describe_quality(results: pyblp.ProblemResults) -> dict[str, object]:
    eigenvalues = np.linalg.eigvalsh(results.reduced_hessian)
    return {
        "pyblp": pyblp.__version__,
        "objective": round(float(results.objective.item()), 4),
        "optimizer_converged": bool(results.converged),
        "projected_gradient_norm": float(f"{float(results.projected_gradient_norm):.1e}"),
        "least_hessian_eigenvalue": round(float(eigenvalues.min()), 4),
        "largest_hessian_eigenvalue": round(float(eigenvalues.max()), 1),
        "clipped_costs": int(results.clipped_costs.sum()),
    }
