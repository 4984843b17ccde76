"""What a rule's sentence can be made of on this catalogue: parts of it to pick as scope, and its columns of numbers."""

from alignment.catalogue.reading import Catalogue, quoted
from alignment.errors import AccordError
from ui import analysis
from ui.rules.sentence import ALL
from ui.session import Here

MOST_VALUES = 8
MOST_SCOPES = 60
_scopes = analysis.Kept()


def scopes_of(here: Here) -> list[str]:
    """Conditions to offer: all items, those in use, and each value of columns with few values."""
    used = [c.where for c in here.initiative.constraints if c.where]
    try:
        table = analysis.catalogue(here.ground)
    except AccordError:
        return list(dict.fromkeys([ALL, *used]))
    parts = _scopes.get(table.sha256, lambda: _parts(table))
    return list(dict.fromkeys([ALL, *used, *parts]))[:MOST_SCOPES]


def _parts(table: Catalogue) -> list[str]:
    found = []
    for column, kind in table.kinds.items():
        if kind != "text" or column == table.key:
            continue
        query = (
            f"select distinct {quoted(column)} from {quoted(table.table)} where {quoted(column)} is not null "
            f"order by 1 limit {MOST_VALUES + 1}"
        )
        values = [row[0] for row in table.connection.execute(query).fetchall()]
        if 1 < len(values) <= MOST_VALUES:
            found += [f"{column} = '{str(value).replace(chr(39), chr(39) * 2)}'" for value in values]
    return found


def numeric_columns(here: Here) -> list[str]:
    """Columns of numbers, none where there is no catalogue."""
    try:
        kinds = analysis.catalogue(here.ground).kinds
    except AccordError:
        return []
    return [column for column, kind in kinds.items() if kind == "number"]
