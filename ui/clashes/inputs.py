"""If an input moves: which items lose their last value, which conflicts appear, and what gives first."""

from typing import Any

import streamlit as st

from alignment.conflicts.stress import Stressed
from alignment.errors import AccordError
from alignment.initiative.models import Initiative
from alignment.rules.normal import Normal
from ui.clashes.verdict import at_stake, lever_word
from ui.figures.drawing import Look
from ui.figures.moves import Move, moves, percents
from ui.rules.naming import named, tagged_all
from ui.session import Here, breaking, moved, situation
from ui.widgets.figure import figure
from ui.widgets.notes import problem
from ui.words import NO_BREAK, capital, count, counted, in_words, listed, md, number

REACH, FIRST_MOVE = 30, 10
AT_ONCE = 20_000


def if_an_input_moves(here: Here, looks: Look) -> None:
    """A column and how far it moves, chosen by the reader, with what that does; nothing where no rule uses one."""
    columns = used_columns(situation(here))
    if not columns:
        return
    st.space(8)
    st.header("If an input moves", anchor=False)
    rows = situation(here).catalogue.rows
    if rows > AT_ONCE and not st.toggle(f"Move an input on all {count(rows)} items", key="moves_wanted"):
        return
    _tried(here, looks, columns)


@st.fragment
def _tried(here: Here, looks: Look, columns: list[str]) -> None:
    left, right = st.columns([5, 7], gap=32)
    with left:
        column = st.selectbox("Input", columns, key="moved_column", help="A column that rules use, on every item")
    with right:
        percent = st.slider("moves by", -REACH, REACH, FIRST_MOVE, 1, format="%+d\u00a0%%", key="moved_percent")
    try:
        with st.spinner("Moving it on every item …"):
            pairs = breaking(here, column)
            found = moved(here, column, percent) if percent else None
    except AccordError as error:
        return problem(str(error))
    if found is not None:
        st.markdown(md(said(found, here.initiative)), width=900)
        _appeared(found, here, looks)
    drawn = [_move(pair, here) for pair in pairs]
    figure(moves(drawn, looks, column=column, chosen=percent, reach=REACH), "moves", _table(drawn) if drawn else None)


def used_columns(case: Any) -> list[str]:
    """Number columns of the catalogue that item rules in force use, most used first; today's values of levers last."""
    kinds, today = case.catalogue.kinds, {lever.current for lever in case.initiative.levers}
    uses: dict[str, int] = {}
    for checked in case.rules.checked:
        if isinstance(checked.form, Normal):
            for column in checked.rule.columns:
                if kinds.get(column) == "number" and column != case.catalogue.key:
                    uses[column] = uses.get(column, 0) + 1
    return sorted(uses, key=lambda column: (column in today, -uses[column], column))


def said(found: Stressed, initiative: Initiative) -> str:
    """What a move does, in one sentence or two."""
    lever = lever_word(initiative)
    at = f"With {found.column} {number(abs(found.percent))}{NO_BREAK}% {'higher' if found.percent > 0 else 'lower'},"
    new = [c for c in found.conflicts if c.is_new]
    more = f" {capital(in_words(len(new), 'conflict'))} would be new." if new else ""
    if not found.items:
        return f"{at} no item loses its last {lever}.{more}"
    stake = f", {at_stake(found.stake, initiative)} at stake" if found.stake and found.stake.amount else ""
    lose = f"loses its last {lever}" if found.items == 1 else f"lose their last {lever}"
    return f"{at} {counted(found.items, 'item')} {lose}{stake}.{more}"


def _appeared(found: Stressed, here: Here, looks: Look) -> None:
    import pandas as pd

    rows = [
        {
            "Conflict": tagged_all(c.constraints, here.initiative, looks.teams),
            "": ("new" if c.is_new else "grows") + ("" if c.strength == "hard" else ", with a should"),
            "On more items": count(c.items),
            "Such as": md(listed(str(key) for key in c.sample[:3])),
        }
        for c in found.conflicts[:8]
    ]
    if rows:
        st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)
    if len(found.conflicts) > len(rows):
        st.caption(f"{counted(len(found.conflicts) - len(rows), 'more conflict')} would grow on fewer items.")


def _move(pair: Any, here: Here) -> Move:
    teams = {c.id: c.team for c in here.initiative.constraints}
    one, other = pair.constraints
    return Move((named(one), named(other)), (teams[one], teams[other]), pair.percent, str(pair.item))


def _table(drawn: list[Move]) -> Any:
    import pandas as pd

    return pd.DataFrame(
        [{"Rules": " and ".join(m.names), "Clash past": percents(m.percent), "First on": m.item} for m in drawn],
        columns=["Rules", "Clash past", "First on"],
    )
