"""Writes an initiative as YAML or JSON: nothing lost, the author's order kept, decimals as they were written."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import yaml

from alignment.initiative.models import Initiative
from alignment.initiative.reading import SCALARS


class _Dumper(yaml.SafeDumper):
    """Block style, two-space lists, decimals as plain numbers, and quotes where YAML 1.1 or 1.2 would misread."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def plain_number(value: Decimal) -> str:
    """A decimal without exponent, as people write it; `1.50` stays `1.50`."""
    return format(value, "f")


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    text = plain_number(value)
    kind = "float" if "." in text else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", text)


def _datetime(dumper: yaml.SafeDumper, value: datetime) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", value.isoformat())


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = '"' if _LINE_ENDS.search(value) else None  # which any other style would read as a plain end of line
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)


_LINE_ENDS = re.compile("[\r\x85\u2028\u2029\ufeff]")

for _tag, _pattern, _first in SCALARS:
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)
_Dumper.add_representer(str, _text)
_Dumper.add_representer(Decimal, _decimal)
_Dumper.add_representer(datetime, _datetime)


def to_yaml(initiative: Initiative) -> str:
    """The initiative as YAML text; reading it again gives an equal initiative."""
    return yaml.dump(initiative.written(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def to_json(initiative: Initiative) -> str:
    """The initiative as JSON text; reading it again gives an equal initiative."""
    return _json(initiative.written(), "\n") + "\n"


def _json(value: Any, line: str) -> str:
    """Indented JSON in which decimals stand digit for digit, which the standard library cannot write."""
    deeper = line + "  "
    if isinstance(value, dict) and value:
        members = (f"{json.dumps(key, ensure_ascii=False)}: {_json(inner, deeper)}" for key, inner in value.items())
        return "{" + deeper + f",{deeper}".join(members) + line + "}"
    if isinstance(value, list) and value:
        return "[" + deeper + f",{deeper}".join(_json(inner, deeper) for inner in value) + line + "]"
    if isinstance(value, Decimal):
        return plain_number(value)
    return json.dumps(value.isoformat() if isinstance(value, date) else value, ensure_ascii=False)
