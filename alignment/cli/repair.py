"""Applies one proposed repair to an initiative file, touching nothing else in its text: comments and layout stay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from alignment.conflicts.applying import apply as applied
from alignment.conflicts.report import Conflict, ConflictReport, Edit, Repair
from alignment.errors import FileProblems, UsageError
from alignment.initiative.models import Initiative
from alignment.initiative.reading import read_text
from alignment.initiative.writing import to_json, to_yaml

_FORMATS = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}


def chosen(report: ConflictReport, conflict_id: str, option: int) -> Repair:
    """The repair of that number of that conflict; UsageError naming those that exist."""
    conflict = next((c for c in report.conflicts if c.id == conflict_id), None)
    if conflict is None:
        ids = [c.id for c in report.conflicts]
        known = f"conflicts are {', '.join(ids[:8])}{', …' if len(ids) > 8 else ''}" if ids else "there is none"
        raise UsageError(f"there is no conflict '{conflict_id}'; {known}")
    return _option(conflict, option)


def _option(conflict: Conflict, option: int) -> Repair:
    repair = next((r for r in conflict.repairs if r.option == option), None)
    if repair is None:
        numbers = ", ".join(str(r.option) for r in conflict.repairs)
        known = f"its repairs are {numbers}" if numbers else "none is proposed"
        raise UsageError(f"conflict '{conflict.id}' has no repair {option}; {known}")
    return repair


def repaired_text(path: str, initiative: Initiative, repair: Repair, out: str | None) -> str:
    """The text of the file at `path`, which holds `initiative`, with the repair applied.

    It is YAML or JSON by the ending of `out`, else what the file is. In YAML the rest of the text stays as its author
    wrote it.
    """
    wanted = applied(initiative, repair)
    text = Path(path).read_text(encoding="utf-8")
    was = "json" if text.lstrip()[:1] == "{" else "yaml"
    becomes = _FORMATS.get(Path(out or "").suffix.lower(), was)
    if becomes == "json":
        return to_json(wanted)
    edited = _edited(text, initiative, repair.changes) if was == "yaml" else None
    return edited if edited is not None and _says(edited, wanted) else to_yaml(wanted)


def _says(text: str, wanted: Initiative) -> bool:
    try:
        return read_text(text).model_dump() == wanted.model_dump()
    except FileProblems:
        return False


def _edited(text: str, initiative: Initiative, changes: Sequence[Edit]) -> str | None:
    """The YAML text with each changed field replaced, or added below the rule; None where it cannot be told how."""
    order = {c.id: i for i, c in enumerate(initiative.constraints)}
    spans = []
    nodes = _field(yaml.compose(text, Loader=yaml.CSafeLoader), "constraints")
    if not isinstance(nodes, yaml.SequenceNode):
        return None
    for edit in changes:
        entity = nodes.value[order[edit.constraint]]
        if not isinstance(entity, yaml.MappingNode) or edit.to is None:
            return None
        spans.append(_span(text, entity, edit.field, edit.to))
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _span(text: str, entity: yaml.MappingNode, field: str, to: str) -> tuple[int, int, str]:
    old = _field(entity, field)
    if old is not None:
        return old.start_mark.index, old.end_mark.index, _scalar(to)
    rule = _field(entity, "rule")
    assert rule is not None  # a constraint without a rule cannot be read
    if entity.flow_style:
        return rule.end_mark.index, rule.end_mark.index, f", {field}: {_scalar(to)}"
    indent = " " * next(key.start_mark.column for key, value in entity.value if value is rule)
    end = rule.end_mark.index
    if text[end - 1] == "\n":  # a block of text ends where the next line begins
        return end, end, f"{indent}{field}: {_scalar(to)}\n"
    end_of_line = text.find("\n", end) if "\n" in text[end:] else len(text)
    return end_of_line, end_of_line, f"\n{indent}{field}: {_scalar(to)}"


def _field(node: Any, name: str) -> Any:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _scalar(text: str) -> str:
    return yaml.safe_dump({"x": text}, width=10**6, allow_unicode=True, default_flow_style=True)[4:-2]
