"""Words on pages: what people write, and the escapes that keep a name from acting as HTML or markdown."""

import re
from html import escape

from alignment.words import (
    MINUS as MINUS,
)
from alignment.words import (
    NO_BREAK as NO_BREAK,
)
from alignment.words import (
    UNKNOWN as UNKNOWN,
)
from alignment.words import (
    amount as amount,
)
from alignment.words import (
    apart as apart,
)
from alignment.words import (
    capital as capital,
)
from alignment.words import (
    compact as compact,
)
from alignment.words import (
    count as count,
)
from alignment.words import (
    counted as counted,
)
from alignment.words import (
    cut as cut,
)
from alignment.words import (
    cut_apart as cut_apart,
)
from alignment.words import (
    days as days,
)
from alignment.words import (
    in_words as in_words,
)
from alignment.words import (
    is_currency as is_currency,
)
from alignment.words import (
    listed as listed,
)
from alignment.words import (
    money as money,
)
from alignment.words import (
    noun as noun,
)
from alignment.words import (
    number as number,
)
from alignment.words import (
    points as points,
)
from alignment.words import (
    share as share,
)
from alignment.words import (
    spoken as spoken,
)

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:=^&\"'/])")
_SHORTCODE = re.compile(r":(?=[\w+/-])")


def html(text: object) -> str:
    """The text with nothing in it that a browser takes for HTML; safe in attributes too."""
    return escape(str(text), quote=True)


def md(text: object) -> str:
    """The text with nothing in it that Streamlit's markdown takes for emphasis, links, mathematics, colours or icons.

    A colon before a letter is followed by an invisible joiner: shortcodes are looked for after escapes are resolved.
    """
    line = re.sub(r"\s*\n\s*", " ", str(text))
    return _SHORTCODE.sub(":\u2060", _PUNCTUATION.sub(r"\\\1", line))
