"""How long a person waits from `make app` to the first page: in a fresh clone, and where everything is installed.

`python benchmarks/start.py` clones this checkout, runs `make app` in the clone three times with Chromium waiting, and
prints when the address answered, when Home showed the sample, and when the sample's conflicts were on the page.
With `--installed` it starts this checkout instead, with a workshop of its own. It needs Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
BROWSER = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 900.0
SAMPLE = "Car list prices"
# Milliseconds since the page was asked for, once its script has ended and stayed so for a third of a second.
SETTLED = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  const done = document.querySelector('h1') && app?.dataset.testScriptState === 'notRunning';
  if (!done) window.accordDone = null; else window.accordDone ??= performance.now();
  return done && performance.now() - window.accordDone > 300 ? window.accordDone : 0;
}"""


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def made_app(folder: Path, home: Path) -> Iterator[tuple[str, float, list[float]]]:
    """`make app` in a folder: its address, when it was called, and a list that gets its seconds of processor."""
    port, spent = free_port(), [0.0]
    env = {**os.environ, "ACCORD_HOME": str(home), "MAKEFLAGS": ""}
    began, before = time.monotonic(), os.times()
    command = ["make", "app", f"PORT={port}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    app = subprocess.Popen(command, cwd=folder, env=env, start_new_session=True, **quiet)
    try:
        yield f"http://127.0.0.1:{port}", began, spent
    finally:
        with suppress(ProcessLookupError):
            os.killpg(app.pid, signal.SIGTERM)
        app.wait(30)
        after = os.times()
        spent[0] = after.children_user + after.children_system - before.children_user - before.children_system


def answered(address: str, patience: float = PATIENCE) -> float:
    """The moment at which an address answers. Raises TimeoutError."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        with suppress(OSError):
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).read()
            return time.monotonic()
        time.sleep(0.05)
    raise TimeoutError(f"{address} does not answer")


def settled(page: Page, patience: float = 180.0) -> float:
    """Waits until a page is drawn; seconds from asking for it until then."""
    return float(page.wait_for_function(SETTLED, timeout=patience * 1000, polling=50).json_value()) / 1000


def start(browser: Browser, folder: Path, home: Path) -> tuple[float, float, float, float]:
    """Seconds from `make app` until the address answers, Home shows the sample, its conflicts show; of processor."""
    with made_app(folder, home) as (address, began, spent):
        up = answered(address) - began
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.get_by_role("button", name="Open the sample").wait_for(timeout=60_000)
        page.locator("[data-testid=stMain]").get_by_text(SAMPLE, exact=True).first.wait_for(timeout=60_000)
        shown = time.monotonic() - began
        settled(page)
        page.get_by_role("button", name="Open the sample").click()
        page.locator("h1", has_text="leave no price").wait_for(timeout=120_000)
        opened = time.monotonic() - began
        page.close()
    return up, shown, opened, spent[0]


def told(what: str, seconds: tuple[float, float, float, float]) -> None:
    """One line of the table."""
    up, shown, opened, spent = seconds
    print(f"{what:28} {up:9.1f} {shown:12.1f} {opened:14.1f} {spent:10.1f}", flush=True)


def measure(browser: Browser, folder: Path, home: Path, first: str, runs: int) -> None:
    """Prints the first start, with an empty workshop, and the starts after it."""
    print(f"{'seconds from make app until':28} {'answers':>9} {'Home shown':>12} {'sample open':>14} {'processor':>10}")
    told(first, start(browser, folder, home))
    for _ in range(runs - 1):
        told("started again", start(browser, folder, home))


def clone(folder: Path) -> Path:
    """A fresh clone of what is committed here."""
    target = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--installed", action="store_true", help="start this checkout, where all is installed")
    parser.add_argument("--runs", type=int, default=3, help="starts, the first among them")
    asked = parser.parse_args()
    if not Path(CHROMIUM).exists():
        print("The first page was not measured: it needs Chromium: install it, or name yours in CHROMIUM")
        return
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=BROWSER)
        folder = ROOT if asked.installed else clone(Path(scratch))
        how = "uv" if shutil.which("uv") else "pip"
        first = "first start, installed" if asked.installed else f"fresh clone, with {how}"
        measure(browser, folder, Path(scratch) / "home", first, asked.runs)
        browser.close()


if __name__ == "__main__":
    main()
