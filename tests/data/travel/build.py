"""Makes the travel tables from statsmodels' `modechoice.csv` (public domain): python build.py PATH/modechoice.csv.

Only arrangement, no estimation: a row a traveller for the catalogue, a row a traveller and mode for the decision table.
"""

import csv
import sys
from pathlib import Path

MODES = {"1": "air", "2": "train", "3": "bus", "4": "car"}


def main(source: str) -> None:
    """Writes catalogue.csv and decisions.csv beside this file."""
    here = Path(__file__).parent
    with open(source, encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    chosen = {row["individual"]: MODES[row["mode"]] for row in rows if row["choice"] == "1"}
    travellers = list(dict.fromkeys((row["individual"], row["hinc"], row["psize"]) for row in rows))
    with open(here / "catalogue.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["traveller", "income_thousand", "party", "mode_today"])
        out.writerows([who, income, party, chosen[who]] for who, income, party in travellers)
    with open(here / "decisions.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["traveller", "mode", "is_today", "fare", "ride_minutes", "wait_minutes", "generalised_cost"])
        out.writerows(
            [
                r["individual"],
                MODES[r["mode"]],
                str(r["choice"] == "1").lower(),
                r["invc"],
                r["invt"],
                r["ttme"],
                r["gc"],
            ]
            for r in rows
        )


if __name__ == "__main__":
    main(sys.argv[1])
