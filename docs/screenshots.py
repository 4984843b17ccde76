"""Takes the pictures of the documentation from the running app, with the sample: python docs/screenshots.py."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
BROWSER = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PAGES = {"conflicts": 1180, "record": 1080, "objective": 1100, "behaviour": 1300, "sign": 900}


@contextmanager
def served() -> Iterator[str]:
    """The app on a free port with an empty workshop; its address."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as home:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "app.py",
            "--server.port",
            str(port),
            "--server.headless",
            "true",
        ]
        app = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "ACCORD_HOME": home}, stdout=subprocess.DEVNULL)
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            app.terminate()
            app.wait(20)


def wait_for(address: str, seconds: float = 90) -> None:
    """Returns when the address answers. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=2).read()
            return
        except OSError:
            time.sleep(0.3)
    raise TimeoutError(f"{address} does not answer")


def settled(page: Page) -> None:
    """Waits until Streamlit has nothing more to draw."""
    page.wait_for_selector("h1", timeout=90_000)
    ended = "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
    page.wait_for_function(ended, timeout=90_000)
    page.wait_for_timeout(1500)


def main() -> None:
    """Writes docs/images/NAME.png for each page, 1440 pixels wide."""
    IMAGES.mkdir(exist_ok=True)
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=BROWSER
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        settled(page)
        page.get_by_role("button", name="Open the sample").click()
        settled(page)
        for name, height in PAGES.items():
            page.set_viewport_size({"width": 1440, "height": height})
            page.goto(f"{address}/{name}?initiative=car-list-prices")
            settled(page)
            page.screenshot(path=IMAGES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
