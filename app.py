"""The launcher: `streamlit run app.py`, or any ASGI server on `app:app`.

The script that draws is `ui/shell.py`. A main script beside the folder `pages/` would let the first visitor of a
fresh process open a page file by its link without the shell, so the two stand apart.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


@asynccontextmanager
async def warm(_app: st.App) -> AsyncIterator[None]:
    """Load what the first visitor would otherwise wait for, and put the sample in on the first start."""
    await asyncio.to_thread(_load)
    first = asyncio.create_task(asyncio.to_thread(_check_sample))
    yield
    first.cancel()


def _load() -> None:
    import duckdb
    import pandas  # noqa: F401
    import plotly.graph_objects  # noqa: F401
    import pyarrow  # noqa: F401

    duckdb.sql("select 1").fetchall()
    _prepare_workshop()


def _prepare_workshop() -> None:
    """The sample in its place; a workshop that cannot be opened is said here and again on each page."""
    from alignment.errors import AccordError
    from ui.workshop import put_sample

    try:
        put_sample()
    except AccordError as error:
        print(f"Accord: {error}", file=sys.stderr)


def _check_sample() -> None:
    """The sample's report, worked out while the first visitor arrives; a failure shows where the page asks again."""
    from ui import analysis
    from ui.workshop import SAMPLE_ID

    try:
        analysis.report(analysis.ground(SAMPLE_ID))
    except Exception as error:
        logging.getLogger("accord").warning("The sample could not be checked ahead: %s", error)


def explain(error: Exception) -> bool:
    """Show a failure as one sentence and keep its details for the log of the server."""
    from alignment.errors import AccordError
    from ui.widgets.notes import problem

    if isinstance(error, AccordError):
        problem(str(error))
        return True
    logging.getLogger("accord").error("A page failed", exc_info=error)
    problem(
        "This page could not be drawn. What was recorded is safe: reload the page, "
        "and if it fails again, look into the log of the server."
    )
    return True


from ui.own_origin import OwnOrigin  # noqa: E402 - after the path of the app is known

app = st.App(ROOT / "ui" / "shell.py", lifespan=warm, on_script_error=explain, middleware=[Middleware(OwnOrigin)])
