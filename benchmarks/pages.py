"""How long each page takes from its address until it is drawn, on the sample and on a million items.

`python benchmarks/pages.py [--items 1000000] [--rules 50]` starts this checkout with a workshop of its own and opens
each page twice in Chromium: the first time nothing is known, the second time what the first worked out is kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from conflicts import items, written
from playwright.sync_api import Browser, sync_playwright
from start import BROWSER, CHROMIUM, ROOT, answered, made_app, settled

PAGES = ("conflicts", "record", "frame", "objective", "behaviour", "sign")
SAMPLE = "car-list-prices"
VALUES = "decimal(12, 2)"


def put_in(folder: Path, home: Path, rows: int, rules: int) -> str:
    """Makes a table of so many items and an initiative of so many rules on it in a workshop; the initiative's id."""
    os.environ["ACCORD_HOME"] = str(home)
    sys.path.insert(0, str(ROOT))
    from alignment.initiative.reading import load
    from alignment.store import ACCORD
    from ui.workshop import take_in, workshop

    file = written(folder, items(folder, rows, 0.05, VALUES), rules)
    initiative = load(file)
    id = workshop().create(initiative)
    take_in(id, "catalogue", folder / initiative.catalogue.source, initiative.catalogue.source, ACCORD)
    workshop().close()
    return id


def opened(browser: Browser, address: str, page: str, initiative: str) -> float:
    """Seconds from the address of a page until it is drawn; the browser has the scripts of the app already."""
    tab = browser.contexts[0].new_page()
    tab.goto(f"{address}/{page}?initiative={initiative}", wait_until="commit")
    seconds = settled(tab)
    tab.close()
    return seconds


def measure(browser: Browser, address: str, initiative: str) -> None:
    """Prints a line for each page: the first opening and the second."""
    for page in PAGES:
        first, second = (opened(browser, address, page, initiative) for _ in range(2))
        print(f"{initiative:20} {page:12} {first:8.1f} {second:8.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, default=50)
    asked = parser.parse_args()
    if not Path(CHROMIUM).exists():
        print("The pages were not measured: that needs Chromium: install it, or name yours in CHROMIUM")
        return
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as play:
        home = Path(scratch) / "home"
        large = put_in(Path(scratch), home, asked.items, asked.rules)
        browser = play.chromium.launch(executable_path=CHROMIUM, args=BROWSER)
        browser.new_context(viewport={"width": 1440, "height": 900})
        with made_app(ROOT, home) as (address, _, _):
            answered(address)
            opened(browser, address, "", SAMPLE)
            print(f"{'seconds until drawn':33} {'first':>8} {'again':>8}")
            for initiative in (SAMPLE, large):
                measure(browser, address, initiative)
        browser.close()


if __name__ == "__main__":
    main()
