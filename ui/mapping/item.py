"""The items where model and goals differ most, and a look at any one of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from alignment.errors import AccordError
from ui.mapping.judged import candidates, today
from ui.mapping.sentences import worst_sub, worst_title
from ui.mapping.tables import candidates_table, plain, worst_table
from ui.widgets.figure import heading
from ui.widgets.notes import problem
from ui.widgets.tables import long_table
from ui.words import amount, listed, md, spoken

if TYPE_CHECKING:
    from alignment.objective.item import Candidate
    from alignment.objective.report import MappingReport

Units = Mapping[str, str | None]


def worst_items(
    base: "MappingReport", report: "MappingReport", key: str, units: Units, rules: Mapping[str, str]
) -> None:
    """The table of the worst items under `report`, and the candidates of the one that is picked or named.

    base: the report that holds what is prepared. key: the column that names items. units: of levers, by name.
    """
    behaviour = report.behaviour
    assert behaviour is not None
    levers = list(units)
    sub = (
        worst_sub(behaviour, levers[0]) if len(levers) == 1 else "Loss in points, 1\u00a0% of what the best choice adds"
    )
    heading(worst_title(behaviour), sub)
    worst = [row.item for row in behaviour.worst_items]
    if worst:
        table = worst_table(behaviour, key, levers, today(base, worst))
        loss = {"loss, points": st.column_config.NumberColumn(format="%.2f")}
        long_table(table, "worst_items", loss, one="item")
    chosen = st.selectbox(
        "Look at an item", worst, index=None, placeholder="One of these, or type any key", accept_new_options=True,
        key="look_at_item", width=420,
    )  # fmt: skip
    if chosen is not None:
        _look(base, report, chosen, units, rules)


def _look(base: "MappingReport", report: "MappingReport", item: Any, units: Units, rules: Mapping[str, str]) -> None:
    try:
        found = candidates(base, report.weights, item)
    except AccordError as error:
        problem(str(error))
        return
    st.markdown(md(item_sentence(item, found, units)))
    long_table(candidates_table(found, rules), f"item_{item}", one="candidate")


def item_sentence(item: Any, found: "Sequence[Candidate]", units: Units) -> str:
    """What model, goals and today pick for one item."""
    picks = {
        "the model picks": [c for c in found if c.model],
        "the goals would pick": [c for c in found if c.best],
        "today it is": [c for c in found if c.today],
    }
    if not picks["the model picks"]:
        return f"{item}: no candidate keeps every hard rule, so neither the model nor the goals can pick one."
    said = [f"{who} {_levers(rows, units)}" for who, rows in picks.items() if rows]
    return f"For {item} {listed(said)}."


def _levers(rows: "Sequence[Candidate]", units: Units) -> str:
    first = rows[0]
    said = " and ".join(
        (f"{spoken(name).lower()} " if len(units) > 1 else "") + _value(first.levers[name], unit)
        for name, unit in units.items()
    )
    return said + (f" (one of {len(rows)} that tie)" if len(rows) > 1 else "")


def _value(value: Any, unit: str | None) -> str:
    value = plain(value)
    return amount(value, unit) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
