"""What each rule leaves of a list of values, side by side: rules down, values across, and that nothing is left."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.teams import Team
from ui.words import capital, cut, html, in_words

MOST = 12


@dataclass(frozen=True)
class Leaves:
    """A rule of a team and the values that it allows on one item."""

    name: str
    team: Team
    values: tuple[str, ...]


def choices(rows: Sequence[Leaves], values: Sequence[str], word: str) -> str:
    """HTML of the table. values: all that the lever may take; beyond twelve those that no rule allows are left out.

    word: what one value is called, as in "no offer is left".
    """
    wanted = values if len(values) <= MOST else [v for v in values if any(v in row.values for row in rows)]
    shown = wanted[:MOST]
    head = "".join(f'<th scope="col" title="{html(value)}">{html(cut(value, 16))}</th>' for value in shown)
    lines = "".join(f"<tr>{_head(row)}{''.join(_cell(value in row.values) for value in shown)}</tr>" for row in rows)
    none = f'<tr class="last"><th scope="row">together</th><td colspan="{len(shown)}">no {html(word)} is left</td></tr>'
    more = len(values) - len(shown)
    note = f'<p class="ac-matrix-note">{capital(in_words(more, "more value"))} not shown.</p>' if more else ""
    return (
        '<div class="ac-scroll" tabindex="0" role="region" aria-label="Values that each rule allows">'
        f'<table class="ac-choices"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{lines}{none}</tbody></table></div>{note}"
    )


def _head(row: Leaves) -> str:
    return f'<th scope="row" title="{html(row.name)}">{row.team.mark} {html(cut(row.name, 28))}</th>'


def _cell(allowed: bool) -> str:
    return '<td class="yes">✓<span class="ac-sr"> allowed</span></td>' if allowed else "<td>–</td>"
