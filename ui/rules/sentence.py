"""A rule as a sentence of five choices, and the same as text: either is made from the other. Pure words, no widgets."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from alignment.errors import RuleError

ALL = "all items"
AT_LEAST, AT_MOST, EXACTLY, BETWEEN, WITHIN = "at least", "at most", "exactly", "between", "within"
IS, IS_NOT = "one of", "none of"
WRITTEN = "as written"
NUMBERS = (AT_LEAST, AT_MOST, EXACTLY, BETWEEN, WITHIN, WRITTEN)
CHOICES = (IS, IS_NOT, WRITTEN)
AMOUNT = "itself"

_OPERATORS = {AT_LEAST: ">=", AT_MOST: "<=", EXACTLY: "="}
_COMPARISONS = {sign: word for word, sign in _OPERATORS.items()}
_NUMBER = r"-?\d+(?:\.\d+)?"
_NAME = r"[A-Za-z_]\w*"
_WHERE = re.compile(r"(?:^|\n)\s*where\s+", re.IGNORECASE)
_MUCH = re.compile(r"([+\-−]?)\s*[^\d\s.+\-−%]?\s*(\d[\d,]*(?:\.\d+)?)\s*(%?)")


@dataclass(frozen=True)
class Sentence:
    """For scope, the lever must be (comparison) this much of a column. `of` is AMOUNT where `much` stands alone."""

    scope: str = ALL
    lever: str = ""
    comparison: str = AT_LEAST
    much: str = ""
    of: str = AMOUNT


def rule_of(sentence: Sentence) -> str:
    """The rule's text. Raises RuleError where `much` cannot be read or something is missing."""
    lever, comparison = sentence.lever, sentence.comparison
    if comparison in (IS, IS_NOT):
        values = ", ".join(f"'{v.strip()}'" for v in sentence.much.split(",") if v.strip())
        if not values:
            raise RuleError("no value is named", "write one or more, with commas between them")
        return f"{lever} {'' if comparison == IS else 'not '}in ({values})"
    if comparison == BETWEEN:
        low, _, high = sentence.much.partition(" to ")
        if not high:
            raise RuleError(f"'{sentence.much}' is not a range", "write two numbers, such as 85 % to 115 %")
        low = low if "%" in low or "%" not in high else f"{low} %"
        return f"{lever} between {_bound(low, sentence.of)} and {_bound(high, sentence.of)}"
    if comparison == WITHIN:
        return _within(sentence)
    return f"{lever} {_OPERATORS[comparison]} {_bound(sentence.much, sentence.of)}"


def _within(sentence: Sentence) -> str:
    if sentence.of == AMOUNT:
        raise RuleError("there is nothing to be within", "pick a column, such as today's value")
    _, value, percent = _read_much(sentence.much)
    if percent:
        return f"abs({sentence.lever} / {sentence.of} - 1) <= {_plain(value / 100)}"
    return f"abs({sentence.lever} - {sentence.of}) <= {_plain(value)}"


def _bound(much: str, of: str) -> str:
    if of != AMOUNT and not much.strip():
        return of
    sign, value, percent = _read_much(much)
    if of == AMOUNT:
        if percent:
            raise RuleError(f"'{much.strip()}' is a share of nothing", "pick a column that it is a share of")
        return _plain(-value if sign == "-" else value)
    if sign:
        offset = f"{of} * {_plain(1 + (value if sign == '+' else -value) / 100)}" if percent else ""
        return offset or f"{of} {sign} {_plain(value)}"
    factor = value / 100 if percent else value
    return of if factor == 1 else f"{of} * {_plain(factor)}"


def _read_much(text: str) -> tuple[str, Decimal, bool]:
    found = _MUCH.fullmatch(text.strip())
    if not text.strip():
        raise RuleError("it is not said how much", "write a number, such as 130 % or 9.99")
    if found is None:
        raise RuleError(f"'{text.strip()}' is not a number", "write one such as 130 %, 1.3, 9.99 or +500")
    sign = "-" if found[1] in ("-", "−") else found[1]
    return sign, Decimal(found[2].replace(",", "")), bool(found[3])


def _plain(value: Decimal) -> str:
    text = format(value.normalize(), "f")
    return text if "." not in text else text.rstrip("0").rstrip(".")


def read(rule: str, scope: str | None, levers: Collection[str], columns: Collection[str]) -> Sentence | None:
    """The sentence that says the same as a rule's text, None where five choices cannot say it."""
    text = " ".join(rule.split())
    where = scope or ALL
    for lever in levers:
        found = _read_change(text, lever) or _read_between(text, lever) or _read_bound(text, lever)
        found = found or _read_choice(text, lever)
        if found is not None and (found[2] == AMOUNT or found[2] in columns):
            return Sentence(where, lever, *found)
    return None


def _read_change(text: str, lever: str) -> tuple[str, str, str] | None:
    share = re.fullmatch(rf"abs\({lever} / ({_NAME}) - 1\) <= ({_NUMBER})", text)
    if share:
        return WITHIN, _percent(share[2]), share[1]
    distance = re.fullmatch(rf"abs\({lever} - ({_NAME})\) <= ({_NUMBER})", text)
    return (WITHIN, distance[2], distance[1]) if distance else None


def _read_between(text: str, lever: str) -> tuple[str, str, str] | None:
    found = re.fullmatch(rf"{lever} between (.+?) and (.+)", text, re.IGNORECASE)
    if not found:
        return None
    low, high = _read_end(found[1]), _read_end(found[2])
    if low is None or high is None or low[1] != high[1]:
        return None
    return BETWEEN, f"{low[0] or '100 %'} to {high[0] or '100 %'}", low[1]


def _read_bound(text: str, lever: str) -> tuple[str, str, str] | None:
    found = re.fullmatch(rf"{lever} (>=|<=|=) (.+)", text)
    end = _read_end(found[2]) if found else None
    return (_COMPARISONS[found[1]], *end) if found and end else None


def _read_end(text: str) -> tuple[str, str] | None:
    if re.fullmatch(_NUMBER, text):
        return text, AMOUNT
    found = re.fullmatch(rf"({_NAME})(?: ([*+-]) (\d+(?:\.\d+)?))?", text)
    if not found:
        return None
    if found[2] is None:
        return "100 %", found[1]
    return (_percent(found[3]) if found[2] == "*" else f"{found[2]}{found[3]}"), found[1]


def _read_choice(text: str, lever: str) -> tuple[str, str, str] | None:
    found = re.fullmatch(rf"{lever} (not )?in \(((?:'[^']*'(?:, ?)?)+)\)", text, re.IGNORECASE)
    if found:
        return IS_NOT if found[1] else IS, ", ".join(re.findall(r"'([^']*)'", found[2])), AMOUNT
    single = re.fullmatch(rf"{lever} (=|<>) '([^']*)'", text)
    return (IS if single[1] == "=" else IS_NOT, single[2], AMOUNT) if single else None


def _percent(factor: str) -> str:
    try:
        return f"{_plain(Decimal(factor) * 100)} %"
    except InvalidOperation:
        return factor


def raw_of(rule: str, scope: str | None) -> str:
    """Rule and scope as one text: the scope on a line of its own, after `where`."""
    return f"{rule}\nwhere {scope}" if scope else rule


def split_raw(raw: str) -> tuple[str, str | None]:
    """Rule and scope of such a text; a `where` inside a line belongs to the rule."""
    found = list(_WHERE.finditer(raw))
    if not found:
        return raw.strip(), None
    cut = found[-1]
    return raw[: cut.start()].strip(), raw[cut.end() :].strip() or None
