"""The JSON Schema of the initiative file, generated from its models."""

from __future__ import annotations

from typing import Any

from alignment.initiative.models import Initiative


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of an initiative file of format 1."""
    schema = Initiative.model_json_schema(by_alias=True)
    schema["anyOf"] = [{"required": ["id"]}, {"required": ["name"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Accord initiative", **schema}
