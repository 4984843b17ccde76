"""Numbers, amounts, shares, counts and names as people write them, in sheets, sentences, pages and terminals."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

NO_BREAK = "\u00a0"
MINUS = "−"
UNKNOWN = "–"
SYMBOLS = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "CNY": "CN¥",
    "INR": "₹",
    "AUD": "A$",
    "CAD": "C$",
    "NZD": "NZ$",
}
SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "m"))
SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def number(value: float | None, decimals: int | None = None, sign: bool = False) -> str:
    """1234.5 as 1,234.5: grouped, a true minus, at most four figures after which nothing is said.

    decimals: fixed number of decimals; by default as many as leave four significant figures, without trailing zeros.
    """
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return _signed("∞", value, sign)
    text = f"{abs(value):,.{_decimals(value) if decimals is None else decimals}f}"
    if decimals is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return _signed(text, value, sign)


def money(value: float | None, currency: str, decimals: int | None = None, sign: bool = False) -> str:
    """Money with its currency: $1,183, $8.49, 12.50 CHF. Cents are left out from 1,000 on and where there are none."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if decimals is None:
        decimals = 0 if abs(value) >= 1000 or float(value).is_integer() or currency == "JPY" else 2
    text = f"{abs(value):,.{decimals}f}"
    symbol = SYMBOLS.get(currency)
    return _signed(f"{symbol}{text}" if symbol else f"{text}{NO_BREAK}{currency}", value, sign)


def amount(value: float | None, unit: str | None, decimals: int | None = None, sign: bool = False) -> str:
    """A value with its unit: money where the unit is a currency, else the number, a no-break space and the unit."""
    if value is None:
        return UNKNOWN
    if is_currency(unit):
        return money(value, str(unit), decimals, sign)
    text = number(value, decimals, sign)
    return f"{text}{NO_BREAK}{unit}" if unit else text


def compact(value: float | None, unit: str | None, sign: bool = False) -> str:
    """A large amount with one decimal and its scale: $24.0 bn, +10.2 m units; below a million as `amount`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    for scale, word in SCALES:
        if abs(value) < scale * 0.99995:
            continue
        text = f"{abs(value) / scale:,.1f}{NO_BREAK}{word}"
        if is_currency(unit):
            symbol = SYMBOLS.get(str(unit))
            return _signed(f"{symbol}{text}" if symbol else f"{text} {unit}", value, sign)
        return _signed(f"{text} {unit}" if unit else text, value, sign)
    return amount(_three(value), unit, sign=sign)


def share(value: float | None, sign: bool = False) -> str:
    """A share as whole percents, with a decimal below 1 %; never 0 % or 100 % of what is not quite that."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    value = round(value, 9)  # what differs from 0 or from all by rounding only is 0 or all
    size = abs(value) * 100
    if 0 < size < 0.05:
        return _signed(f"<0.1{NO_BREAK}%", value, sign)
    near_whole = 99.5 <= size < 100
    digits = 1 if (0 < size < 0.95) or near_whole else 0
    text = f"{min(size, 99.9) if near_whole else size:,.{digits}f}".removesuffix(".0")
    return _signed(f"{text}{NO_BREAK}%", value, sign)


def points(value: float | None, sign: bool = False) -> str:
    """A share in points, without the word: 1.33 is 133; a decimal below one half, a bare 0 for nothing."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    size = abs(value) * 100
    text = f"{size:,.0f}" if size >= 0.5 else f"{size:.1f}"
    return "0" if float(text.replace(",", "")) == 0 else _signed(text, value, sign)


def count(n: int | None) -> str:
    """2256 as 2,256."""
    return UNKNOWN if n is None else f"{n:,}"


def counted(n: int, one: str, many: str | None = None) -> str:
    """1 item, 2,256 items, with the plural that is given where it is not an added s."""
    return f"{count(n)} {noun(n, one, many)}"


def in_words(n: int, one: str, many: str | None = None) -> str:
    """Three conflicts, 14 conflicts: small counts spelt out, to open or stand in a sentence; lower case."""
    return f"{SMALL[n] if 0 <= n < len(SMALL) else count(n)} {noun(n, one, many)}"


def noun(n: int, one: str, many: str | None = None) -> str:
    """The noun in the number that n asks for."""
    if n == 1:
        return one
    if many:
        return many
    return one[:-1] + "ies" if one.endswith("y") and one[-2] not in "aeiou" else one + "s"


def capital(text: str) -> str:
    """The text with its first letter large, the rest untouched."""
    return text[:1].upper() + text[1:]


def spoken(identifier: str) -> str:
    """A name out of an identifier: `keep-price-image` is Keep price image."""
    return capital(re.sub(r"[-_]+", " ", identifier).strip()) or identifier


def listed(names: Iterable[str], word: str = "and") -> str:
    """a, b and c; word: what stands before the last."""
    first = list(names)
    last = first.pop() if first else ""
    return f"{', '.join(first)} {word} {last}" if first else last


def whose(name: str) -> str:
    """brand's, operations'."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def cut(text: str, most: int) -> str:
    """The text, or its beginning and … within `most` characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def cut_apart(names: Sequence[str], most: int) -> list[str]:
    """Names within `most` characters, still different from each other where the whole names are.

    Names that would be cut to the same text lose their middle instead: what they begin with is what they share.
    """
    short = [cut(name, most) for name in names]
    same = {text for text in short if len({n for n, s in zip(names, short, strict=True) if s == text}) > 1}
    return [_middle(name, most) if text in same else text for name, text in zip(names, short, strict=True)]


def days(n: float | None) -> str:
    """A span of time: 1 day, 30 days, 18 months, 3 years."""
    if n is None:
        return UNKNOWN
    if n >= 730:
        return f"{number(round(n / 365, 1))} years"
    if n == 365:
        return "1 year"
    if n >= 360 and n % 30 == 0:
        return f"{n // 30:.0f} months"
    return f"{number(n)} {noun(int(n), 'day') if n == int(n) else 'days'}"


def is_currency(unit: str | None) -> bool:
    """True for a currency's three letters, such as USD."""
    return bool(unit and re.fullmatch(r"[A-Z]{3}", unit))


def apart(values: Iterable[float | None], least: int = 0) -> int:
    """Decimals, from `least` to six, that write the values apart from each other and not visibly off."""
    finite = [v for v in values if v is not None and math.isfinite(v)]
    for decimals in range(least, 6):
        written = {round(v, decimals) for v in finite}
        rounding = max((abs(v - round(v, decimals)) for v in finite), default=0.0)
        gaps = [b - a for a, b in zip(sorted(set(finite)), sorted(set(finite))[1:], strict=False)]
        if len(written) == len(set(finite)) and rounding <= 0.005 * max(min(gaps, default=math.inf), 1e-9):
            return decimals
    return 6 if finite else least


def _middle(name: str, most: int) -> str:
    head = (most - 1) // 2
    return f"{name[:head].rstrip()}…{name[len(name) - (most - 1 - head) :].lstrip()}"


def _three(value: float) -> float:
    """The value to three figures, or to the unit where it has more."""
    return round(value) if abs(value) >= 100 else float(f"{value:.3g}")


def _decimals(value: float) -> int:
    size = abs(value)
    if size >= 1000 or size == 0:
        return 0
    return min(6, max(0, 3 - math.floor(math.log10(size))))


def _signed(text: str, value: float, sign: bool) -> str:
    if not any(digit in text for digit in "123456789∞"):
        return text
    return (MINUS if value < 0 else "+" if sign else "") + text
