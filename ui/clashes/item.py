"""Why one item is as it is: what each rule allows on it, what is left, and who decides the ends."""

from typing import Any

import streamlit as st

from alignment.conflicts.report import as_json
from alignment.errors import AccordError
from ui.clashes.line import lever_of
from ui.clashes.verdict import lever_word
from ui.figures.allowed import allowed, domain_row, spans
from ui.figures.conflicts import number_line
from ui.figures.drawing import Look
from ui.rules.naming import named
from ui.session import Here, situation
from ui.widgets.figure import figure
from ui.widgets.notes import problem
from ui.words import amount, listed, md

MOST_FOUND = 50


def item_trail(here: Here, looks: Look) -> None:
    """A search for an item, and its trail."""
    st.space(8)
    st.header("Why is this item as it is?", anchor=False)
    case = situation(here)
    typed = st.text_input(f"Search by {case.catalogue.key}", key="why_typed", placeholder="part of a key", width=360)
    if not (typed or "").strip():
        st.caption("Any item: what every rule allows on it, what is left, and which rules decide that.")
        return
    keys = found_keys(case, typed.strip())
    if not keys:
        return problem(f"No {case.catalogue.key} holds '{typed.strip()}'; type a part of one")
    key = keys[0]
    if len(keys) > 1:
        key = st.selectbox("Item", keys, key="why_item", width=360)
    try:
        from alignment.conflicts.trail import trail

        _shown(trail(here.initiative, key, case.catalogue, "proposed", case.today), here, looks)
    except AccordError as error:
        problem(str(error))


def found_keys(case: Any, part: str) -> list[str]:
    """Keys that hold a text, the one that is equal to it first; at most fifty."""
    from alignment.catalogue.reading import quoted

    column = f"cast({quoted(case.catalogue.key)} as varchar)"
    query = (
        f"select {column} from {quoted(case.catalogue.table)} where contains(lower({column}), lower(?)) "
        f"order by lower({column}) <> lower(?), 1 limit {MOST_FOUND}"
    )
    return [row[0] for row in case.catalogue.connection.execute(query, [part, part]).fetchall()]


def _shown(found: Any, here: Here, looks: Look) -> None:
    import pandas as pd

    lever = lever_of(here.initiative, found.lever)
    unit = lever.unit if lever else None
    teams = {c.id: c.team for c in here.initiative.constraints}
    st.markdown(md(sentence(found, lever_word(here.initiative, found.lever), unit)), width=900)
    known = [r for r in found.rules if r.state != "out_of_scope" and r.parts is not None]
    if lever is not None and lever.values is None and not found.left and known:
        deciding = [r for r in known if r.constraint in (*found.lower_by, *found.upper_by)] or known
        rows = [allowed(teams[r.constraint], named(r.constraint), as_json(r.parts)) for r in deciding[:6]]
        if len(rows) == 1 and lever.minimum is not None:
            rows.append(domain_row(float(lever.minimum), None if lever.maximum is None else float(lever.maximum)))
        word = lever_word(here.initiative, lever.name)
        figure(number_line(rows, looks, lever=word, unit=unit, today=found.today), f"why_{found.item}", titled=False)
    table = [_row(r, teams, unit, looks) for r in found.rules if r.state != "out_of_scope"]
    if table:
        st.table(pd.DataFrame(table), border="horizontal", hide_index=True)
    off = [w for w in found.without if w.left and not found.left]
    if off:
        st.caption(md(f"Something would be left without {listed(named(w.constraint) for w in off)}."))


def sentence(found: Any, lever: str, unit: str | None) -> str:
    """What is left on the item, who decides the ends, and today's value."""
    now = f" Today {amount(found.today, unit)}." if isinstance(found.today, (int, float)) else ""
    if not found.rules:
        return f"No rule speaks about item {found.item}."
    if not found.left:
        asked = [f"{listed(named(i) for i in ids)} {what}" for ids, what in _ends(found)]
        return (
            f"Nothing is left on item {found.item}: {'; '.join(asked)}.{now}"
            if asked
            else (f"Nothing is left on item {found.item}.{now}")
        )
    said = _left(found.left, unit)
    ends = [f"{what} by {listed(named(i) for i in ids)}" for ids, what in _bounds(found)]
    decided = f", {' and '.join(ends)}" if ends else ""
    return f"On item {found.item} the {lever} may be {said}{decided}.{now}"


def _ends(found: Any) -> list[tuple[tuple[str, ...], str]]:
    pairs = ((found.lower_by, "asks for the most"), (found.upper_by, "allows the least"))
    return [(ids, what) for ids, what in pairs if ids]


def _bounds(found: Any) -> list[tuple[tuple[str, ...], str]]:
    pairs = ((found.lower_by, "held up"), (found.upper_by, "held down"))
    return [(ids, what) for ids, what in pairs if ids]


def _left(left: Any, unit: str | None) -> str:
    if hasattr(left[0], "lower"):
        row = allowed(None, "", as_json(left))
        return spans(row, lambda value: amount(value, unit))
    return listed(str(value) for value in left)


def _row(rule: Any, teams: dict[str, str], unit: str | None, looks: Look) -> dict[str, str]:
    team = looks.teams[teams[rule.constraint]]
    return {
        "Rule": f"{team.symbol_md}\u00a0{md(named(rule.constraint))}",
        "Allows": md(_allows(rule, unit)),
        "Today": {True: "kept", False: ":red[:material/close:] broken", None: "–"}[rule.allows_today],
    }


def _allows(rule: Any, unit: str | None) -> str:
    if rule.state == "unknown":
        return (
            "cannot be told, because data are missing"
            if rule.parts is not None or rule.values is not None
            else ("is held against today's value only")
        )
    if rule.values is not None:
        return listed(str(v) for v in rule.values) or "nothing"
    return spans(allowed(None, "", as_json(rule.parts)), lambda value: amount(value, unit))
