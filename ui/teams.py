"""How a team looks: its colour, symbol and slot in the theme, the same in every table, figure and export."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ui.colours import DARK, lifted, text_on
from ui.words import NO_BREAK, html, md, spoken


@dataclass(frozen=True)
class Team:
    """How one team looks. `slot` is the colour word of Streamlit's markdown that the theme gives to it, if any."""

    id: str
    symbol: str
    colour: str
    slot: str | None = None

    @property
    def name(self) -> str:
        """The team as people read it: `store_ops` is Store ops."""
        return spoken(self.id)

    @property
    def text(self) -> str:
        """Colour of text over the team's own colour."""
        return text_on(self.colour)

    @property
    def mark(self) -> str:
        """The coloured symbol, for HTML."""
        dark = lifted(self.colour, DARK)
        return f'<span aria-hidden="true" style="color:light-dark({self.colour},{dark})">{self.symbol}</span>'

    @property
    def chip(self) -> str:
        """Coloured symbol and name, for HTML."""
        return f'<span class="ac-team">{self.mark}{NO_BREAK}{html(self.name)}</span>'

    @property
    def symbol_md(self) -> str:
        """The symbol for markdown: coloured where the theme has a slot for the team, else in ink."""
        return f":{self.slot}[{self.symbol}]" if self.slot else self.symbol

    @property
    def tag(self) -> str:
        """Symbol and name for markdown and labels of widgets."""
        return f"{self.symbol_md}{NO_BREAK}{md(self.name)}"

    @property
    def plain(self) -> str:
        """Symbol and name without colour, for the cells of a long table."""
        return f"{self.symbol} {self.name}"


KNOWN: Mapping[str, Team] = {
    "operations": Team("operations", "●", "#0072B2", "blue"),
    "brand": Team("brand", "◆", "#CC79A7", "violet"),
    "tech": Team("tech", "■", "#009E73", "green"),
    "finance": Team("finance", "▲", "#E69F00", "orange"),
    "legal": Team("legal", "▼", "#56B4E9"),
}
SPARE_SYMBOLS = "◀★▶✚⬢⬟"
SPARE_COLOURS = ("#D55E00", "#882255", "#7A7A1F", "#5B5BB5", "#8C8C8C", "#A0522D", "#2E8B9A")


def roster(names: Iterable[str]) -> dict[str, Team]:
    """The look of an initiative's teams, in their order.

    The five known teams keep their look; every other takes the next spare symbol and colour, so the same list gives the
    same looks. Six symbols and seven colours make 42 different pairs before one repeats.
    """
    teams: dict[str, Team] = {}
    for name in names:
        if name in teams:
            continue
        spare = sum(team not in KNOWN for team in teams)
        teams[name] = KNOWN.get(name.lower()) or _spare(name, spare)
    return teams


def _spare(name: str, n: int) -> Team:
    return Team(name, SPARE_SYMBOLS[n % len(SPARE_SYMBOLS)], SPARE_COLOURS[n % len(SPARE_COLOURS)])
