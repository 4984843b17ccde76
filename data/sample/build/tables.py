"""The catalogue and the decision table of the sample, computed from the cars and the fitted demand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from demand import Fit

# Households of the United States in thousands, March of each year: Census Bureau, Current Population Survey, HH-1.
HOUSEHOLDS = {
    1971: 64778, 1972: 66676, 1973: 68251, 1974: 69859, 1975: 71120, 1976: 72867, 1977: 74142, 1978: 76030,
    1979: 77330, 1980: 80776, 1981: 82368, 1982: 83527, 1983: 83918, 1984: 85290, 1985: 86789, 1986: 88458,
    1987: 89479, 1988: 91124, 1989: 92830, 1990: 93347,
}  # fmt: skip
# The source numbers the firms; these names are read off its model codes (BK, CD, CV: Buick, Cadillac, Chevrolet).
FIRMS = {
    1: "Toyota", 2: "Nissan", 3: "Honda", 4: "Mazda", 5: "Subaru", 6: "Volvo", 7: "Volkswagen", 8: "BMW",
    9: "Mercedes-Benz", 10: "Mitsubishi", 11: "Saab", 12: "Porsche", 13: "Isuzu", 14: "Peugeot", 15: "American Motors",
    16: "Chrysler", 17: "Fiat", 18: "Ford", 19: "General Motors", 20: "Alfa Romeo", 21: "Hyundai", 22: "Jaguar",
    23: "Yugo", 24: "Renault", 25: "Capri", 26: "Opel",
}  # fmt: skip
FACTORS = [0.80, 0.85, 0.90, 0.95, 0.975, 1.025, 1.05, 1.10, 1.15, 1.20]
PRICE_STEP = 50
FEWEST_COMPARABLE = 3
SIZES = ["compact", "mid-size", "full-size"]


def make_catalogue(cars: pd.DataFrame, fit: Fit) -> pd.DataFrame:
    """One row a model year, in the order of `cars`; money in USD of 1983. README.md says what each column means."""
    price = (cars["prices"] * 1000).round().astype(int)
    cost = pd.Series(np.where(fit.costs > 0, fit.costs * 1000, np.nan)).round(2)
    units = (cars["shares"] * cars["market_ids"].map(HOUSEHOLDS) * 1000).round().astype(int)
    base = pd.DataFrame({
        "car": item_keys(cars),
        "model": cars["clustering_ids"],
        "year": cars["market_ids"],
        "firm": cars["firm_ids"].map(FIRMS),
        "region": cars["region"],
        "size_class": size_classes(cars),
        "new_model": new_models(cars),
        "air": cars["air"],
        "hpwt": cars["hpwt"].round(4),
        "mpg": (cars["mpg"] * 10).round(1),
        "miles_per_dollar": (cars["mpd"] * 10).round(2),
        "space": cars["space"].round(4),
        "current_price": price,
        "cost": cost,
    })  # fmt: skip
    compared = compare_with_rivals(base)
    return base.assign(
        comparable_cars=compared["comparable_cars"],
        competitor_price=compared["competitor_price"],
        image_today=compared["image_today"],
        elasticity=np.round(fit.own_elasticity, 2),
        units_today=units,
        revenue_today=units * price,
        margin_today=((price - cost) * units).round(2),
    )


def item_keys(cars: pd.DataFrame) -> pd.Series:
    """Model code and year; a second body of the same code in one year ends in -2."""
    repeat = cars.groupby(["clustering_ids", "market_ids"]).cumcount()
    suffix = repeat.map(lambda n: "" if n == 0 else f"-{n + 1}")
    return cars["clustering_ids"] + "-" + cars["market_ids"].astype(str) + suffix


def size_classes(cars: pd.DataFrame) -> pd.Series:
    by_year = cars.groupby("market_ids")["space"]
    third, two_thirds = by_year.transform(lambda s: s.quantile(1 / 3)), by_year.transform(lambda s: s.quantile(2 / 3))
    return pd.Series(np.select([cars["space"] <= third, cars["space"] <= two_thirds], SIZES[:2], SIZES[2]), cars.index)


def new_models(cars: pd.DataFrame) -> pd.Series:
    """1 in the first year of a model code, 0 later; unknown in the first year of the data."""
    first = cars.groupby("clustering_ids")["market_ids"].transform("min")
    new = (first == cars["market_ids"]).astype("Int64")
    return new.mask(cars["market_ids"] == cars["market_ids"].min())


def compare_with_rivals(base: pd.DataFrame) -> pd.DataFrame:
    """Number and median price of comparable cars, and the price image today; columns by item."""
    rows = []
    for _, item in base.iterrows():
        rivals = rivals_of(base, item)
        comparable = rivals[rivals["air"] == item["air"]]["current_price"]
        rows.append({
            "comparable_cars": len(comparable),
            "competitor_price": comparable.median() if len(comparable) >= FEWEST_COMPARABLE else np.nan,
            "image_today": price_image(rivals["current_price"].to_numpy(), np.array([item["current_price"]]))[0],
        })  # fmt: skip
    return pd.DataFrame(rows, index=base.index)


def rivals_of(base: pd.DataFrame, item: pd.Series) -> pd.DataFrame:
    """Other firms' cars of the same year and size class."""
    same = (base["year"] == item["year"]) & (base["size_class"] == item["size_class"])
    return base[same & (base["firm"] != item["firm"])]


def price_image(rival_prices: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """Per price, 100 times the share of rivals that are cheaper."""
    return np.round(100 * (rival_prices[None, :] < prices[:, None]).mean(axis=1), 2)


def make_decisions(catalogue: pd.DataFrame, cars: pd.DataFrame, households: pd.DataFrame, fit: Fit) -> pd.DataFrame:
    """Item by candidate price with predicted metrics; every other car keeps today's price."""
    parts = []
    for year, positions in cars.groupby("market_ids").indices.items():
        drawn = households[households["market_ids"] == year]
        utility = utilities(cars.iloc[positions], positions, drawn, fit)
        response = fit.price_over_income / drawn["income"].to_numpy()
        weights = drawn["weights"].to_numpy()
        market = Market(catalogue.iloc[positions], utility, response, weights, HOUSEHOLDS[year] * 1000)
        parts.extend(market.decide(k) for k in range(len(positions)))
    return pd.concat(parts, ignore_index=True)


def utilities(cars: pd.DataFrame, positions: np.ndarray, drawn: pd.DataFrame, fit: Fit) -> np.ndarray:
    """Utility of each car (rows) to each simulated household (columns) at today's prices."""
    tastes = np.column_stack([np.ones(len(cars)), cars[["hpwt", "air", "mpd", "space"]]])
    spread = np.delete(fit.sigma, 1)  # the taste for price varies with income alone
    nodes = drawn[[f"nodes{k}" for k in range(5)]].to_numpy()
    price_part = np.outer(cars["prices"], fit.price_over_income / drawn["income"])
    return fit.mean_utility[positions][:, None] + (tastes * spread) @ nodes.T + price_part


def rounded_towards(today: int, factor: float) -> int:
    """Today's price times the factor, on the price step, rounded towards today so that a 10 % cut is at most 10 %."""
    steps = round(today * factor, 6) / PRICE_STEP
    return (math.ceil(steps) if factor < 1 else math.floor(steps)) * PRICE_STEP


class Market:
    """One year's cars with the households who choose among them."""

    def __init__(self, items: pd.DataFrame, utility: np.ndarray, response: np.ndarray, weights: np.ndarray, size: int):
        self.items, self.response, self.weights, self.size = items.reset_index(drop=True), response, weights, size
        self.attraction = np.exp(utility)
        self.total = 1 + self.attraction.sum(axis=0)

    def shares(self, k: int, prices: np.ndarray) -> np.ndarray:
        """Market shares of all cars (columns) at each candidate price of car k (rows), USD."""
        move = (prices - self.items["current_price"][k]) / 1000
        moved = self.attraction[k] * np.exp(np.outer(move, self.response))
        total = self.total - self.attraction[k] + moved
        others = (self.weights / total) @ self.attraction.T
        others[:, k] = (self.weights * moved / total).sum(axis=1)
        return others

    def decide(self, k: int) -> pd.DataFrame:
        item = self.items.iloc[k]
        today = int(item["current_price"])
        prices = np.array(sorted({today} | {rounded_towards(today, factor) for factor in FACTORS}))
        shares = self.shares(k, prices)
        units = np.round(shares[:, k] * self.size).astype(int)
        margin = np.round((prices - item["cost"]) * units, 2)
        return pd.DataFrame({
            "car": item["car"],
            "price": prices,
            "is_current": prices == today,
            "units": units,
            "revenue": prices * units,
            "gross_margin": margin,
            "line_units": np.round(units + self.sister_units(k, shares, prices == today).sum(axis=1)).astype(int),
            "line_margin": np.round(margin + self.sister_margin(k, shares, prices == today), 0),
            "price_image": price_image(rivals_of(self.items, item)["current_price"].to_numpy(), prices),
            "price_index": np.round(prices / item["competitor_price"], 4),
            "price_changed": (prices != today).astype(int),
            "price_move": np.round(100 * np.abs(prices / today - 1), 2),
        })  # fmt: skip

    def sisters(self, k: int) -> np.ndarray:
        """The other cars of the same firm in this year, as a mask."""
        return ((self.items["firm"] == self.items["firm"][k]) & (self.items.index != k)).to_numpy()

    def sister_units(self, k: int, shares: np.ndarray, today: np.ndarray) -> np.ndarray:
        """Change of sales of the firm's other cars of the year (columns) at each candidate (rows), against today."""
        others = shares[:, self.sisters(k)]
        return (others - others[today]) * self.size

    def sister_margin(self, k: int, shares: np.ndarray, today: np.ndarray) -> np.ndarray:
        """Change of the margin on the firm's other cars of the year, against today, USD."""
        unit_margin = (self.items["current_price"] - self.items["cost"]).to_numpy()[self.sisters(k)]
        return self.sister_units(k, shares, today) @ unit_margin
