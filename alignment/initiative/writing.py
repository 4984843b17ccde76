"""Writes an initiative as YAML or JSON: nothing lost, the author's order kept, decimals as they were written."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import yaml

from alignment.initiative.models import Initiative


class _Dumper(yaml.SafeDumper):
    """Block style, two-space lists, decimals as plain numbers, and quotes where YAML 1.1 readers would misread."""

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


_Dumper.add_representer(Decimal, _decimal)
_Dumper.add_representer(datetime, _datetime)


def to_yaml(initiative: Initiative) -> str:
    """The initiative as YAML text; reading it again gives an equal initiative."""
    return yaml.dump(initiative.written(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def to_json(initiative: Initiative) -> str:
    """The initiative as JSON text; reading it again gives an equal initiative."""
    return json.dumps(_exact(initiative.written()), ensure_ascii=False, indent=2) + "\n"


class _Number(float):
    """A decimal that JSON writes digit for digit."""

    def __new__(cls, value: Decimal) -> _Number:
        number = super().__new__(cls, value)
        number.text = plain_number(value)
        return number

    text: str

    def __repr__(self) -> str:
        return self.text


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _exact(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_exact(v) for v in value]
    if isinstance(value, Decimal):
        return int(value) if "." not in plain_number(value) else _Number(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value
