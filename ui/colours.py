"""The inks of figures and tables, light and dark, and the arithmetic of contrast; nothing of Streamlit."""

from dataclasses import dataclass

TEXT_CONTRAST = 4.5
SHAPE_CONTRAST = 3.0
DARK_TEXT, WHITE, BLACK = "#0b1211", "#ffffff", "#000000"


@dataclass(frozen=True)
class Ink:
    """Colours of one theme, as `#rrggbb`; `soft` variants are grounds, never text."""

    dark: bool
    ink: str
    muted: str
    line: str
    grid: str
    ground: str
    band: str
    good: str
    good_soft: str
    bad: str
    bad_soft: str
    on: str


LIGHT = Ink(
    dark=False, ink="#0b1211", muted="#55605e", line="#97a19f", grid="#e3e8e6", ground="#ffffff", band="#f5f7f6",
    good="#0f766e", good_soft="#d5e8e6", bad="#b42318", bad_soft="#fbeae8", on="#ffffff",
)  # fmt: skip
DARK = Ink(
    dark=True, ink="#e6ebe9", muted="#a3adab", line="#6b7775", grid="#27302e", ground="#101514", band="#1a2120",
    good="#3fb8ab", good_soft="#173a37", bad="#e5675c", bad_soft="#3b1c19", on="#101514",
)  # fmt: skip


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 for black to 1 for white (WCAG 2.2)."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """The colour `share` of the way from one to the other, 0 to 1."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a * (1 - share) + b * share):02x}" for a, b in pairs)


def text_on(ground: str) -> str:
    """White or near-black, whichever stands out more; black where neither does by 4.5 to 1, as then it must."""
    best = max((WHITE, DARK_TEXT), key=lambda text: contrast(text, ground))
    return best if contrast(best, ground) >= TEXT_CONTRAST else BLACK


def lifted(colour: str, ink: Ink) -> str:
    """The colour itself, or on a dark ground the first lighter one that stands out by 4.5 to 1."""
    while ink.dark and contrast(colour, ink.ground) < TEXT_CONTRAST:
        colour = mix(colour, WHITE, 0.08)
    return colour


def edge(colour: str, ink: Ink) -> dict:
    """Outline of a bar: none where the colour stands out by 3 to 1 by itself, else a darker line."""
    if contrast(colour, ink.ground) >= SHAPE_CONTRAST:
        return {"width": 0}
    return {"width": 1, "color": mix(colour, ink.ink, 0.45)}


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
