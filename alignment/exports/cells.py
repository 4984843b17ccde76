"""Text made safe for where it goes: cells that no spreadsheet runs, characters that XML can hold, names of sheets."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST_CELL = 32_767
LONGEST_SHEET_NAME = 31

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")


def xml_text(text: str) -> str:
    """The text with a replacement mark for each character that XML 1.0 cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def cell_text(text: str) -> str:
    """The text as one cell of a workbook can hold it: XML characters only, at most 32,767, what is cut ending in …"""
    text = xml_text(text).replace("\r\n", "\n")
    return text if len(text.encode("utf-16-le")) <= 2 * LONGEST_CELL else _cut(text)


def _cut(text: str) -> str:
    units = text.encode("utf-16-le")[: 2 * (LONGEST_CELL - 1)]
    return units.decode("utf-16-le", "ignore") + "…"


def runs_as_formula(text: str) -> bool:
    """Would a spreadsheet take the text for a formula if it were typed or read from CSV?"""
    return text.lstrip(" ").startswith(_RUNS)


def csv_text(text: str) -> str:
    """The text with a leading apostrophe where a spreadsheet would take it for a formula."""
    return "'" + text if runs_as_formula(text) else text


def sheet_names(wanted: Iterable[str]) -> list[str]:
    """Names that a workbook accepts, one for each that is wanted: legal, at most 31 characters, all different."""
    taken = {"history"}  # Excel keeps this one for itself
    names = []
    for name in wanted:
        clean = xml_text(_NOT_IN_SHEET_NAMES.sub(" ", name)).strip(" '") or "Sheet"
        names.append(_free(clean, taken))
        taken.add(names[-1].casefold())
    return names


def _free(name: str, taken: set[str]) -> str:
    candidate, n = _short(name), 1
    while candidate.casefold() in taken:
        n += 1
        ending = f" ({n})"
        candidate = _short(name, LONGEST_SHEET_NAME - len(ending)) + ending
    return candidate


def _short(name: str, most: int = LONGEST_SHEET_NAME) -> str:
    while len(name.encode("utf-16-le")) > 2 * most:
        name = name[:-1]
    return name.rstrip(" '")
