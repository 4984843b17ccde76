"""How a team looks in a sheet: its colour, its symbol, and the colour of text over it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WHITE, DARK = "#ffffff", "#0b1211"
ACCENT = "#0f766e"


@dataclass(frozen=True)
class Look:
    """Colours as `#rrggbb`; `pale` is a light ground of the same hue on which dark text is read."""

    symbol: str
    colour: str

    @property
    def text(self) -> str:
        """White or near-black, whichever stands out more from the team's colour."""
        return max((WHITE, DARK), key=lambda ink: _contrast(ink, self.colour))

    @property
    def pale(self) -> str:
        """The team's colour at 15 % over white."""
        return "#" + "".join(f"{round(255 - 0.15 * (255 - c)):02x}" for c in _channels(self.colour))


_KNOWN = {
    "operations": Look("●", "#0072B2"),
    "brand": Look("◆", "#CC79A7"),
    "tech": Look("■", "#009E73"),
    "finance": Look("▲", "#E69F00"),
    "legal": Look("▼", "#56B4E9"),
}
_SPARE_SYMBOLS = "◀★▶✚⬢⬟"
_SPARE_COLOURS = ("#D55E00", "#882255", "#7A7A1F", "#5B5BB5", "#8C8C8C", "#A0522D", "#2E8B9A")


def looks(teams: Iterable[str]) -> dict[str, Look]:
    """The look of each team, in their order: the known ones keep theirs (Okabe-Ito), others take the next spare one."""
    shown: dict[str, Look] = {}
    for team in teams:
        if team not in shown:
            n = sum(t not in _KNOWN for t in shown)
            spare = Look(_SPARE_SYMBOLS[n % len(_SPARE_SYMBOLS)], _SPARE_COLOURS[n % len(_SPARE_COLOURS)])
            shown[team] = _KNOWN.get(team.lower(), spare)
    return shown


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    shares = (c / 255 for c in _channels(colour))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)
