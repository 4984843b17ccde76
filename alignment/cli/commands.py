"""The commands: each turns a request into an answer and an exit code, through the functions that the browser uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import alignment
from alignment.cli.arguments import Request
from alignment.cli.judgement import BAD_INPUT, CLEAR, FINDINGS, counting, exit_code, mapping_exit_code, severities
from alignment.conflicts.report import ConflictReport, as_json
from alignment.errors import UsageError
from alignment.exports.json import dumped
from alignment.exports.results import CONFLICT_RULES, Result, conflict_results, error_results, finding_results
from alignment.initiative.models import Initiative


@dataclass(frozen=True)
class Answer:
    """What goes out, and what the run means; `errors` go to stderr, one line each."""

    body: bytes
    code: int = CLEAR
    errors: tuple[str, ...] = ()


def answer(request: Request) -> Answer:
    """The answer to a request. Raises AccordError for bad input."""
    return _COMMANDS[request.command](request)


def _validate(request: Request) -> Answer:
    from alignment.cli.text_item import error_line

    found = as_json(alignment.validate(request.file, **_given(request, "catalogue", "decisions")))
    errors = found["errors"]
    code = CLEAR if found["valid"] else BAD_INPUT
    lines = tuple(error_line(error) for error in errors)
    if request.format == "text":
        return Answer(f"{request.file} is valid.\n".encode() if found["valid"] else b"", code, lines)
    if request.format == "json":
        return Answer(dumped(found), code, lines)
    results = error_results(errors, lines)
    return Answer(_viewed(request, results, Path(request.file).stem, None, {}), code, lines)


def _check(request: Request) -> Answer:
    initiative = alignment.load(request.file)
    report = _checked(request, initiative)
    code = exit_code(report, request.fail_on, request.complete_within is not None)
    if request.format == "text":
        from alignment.cli.text import check_text

        return Answer(check_text(report, initiative.title).encode("utf-8", "replace"), code)
    if request.format == "json":
        return Answer(dumped(report), code)
    counts = [c.id for c in counting(report, request.fail_on)]
    results = conflict_results(report, initiative, counts)
    return Answer(_viewed(request, results, initiative.slug, report.content_hash, CONFLICT_RULES), code)


def _checked(request: Request, initiative: Initiative) -> ConflictReport:
    options = _given(request, "catalogue", "complete_within")
    return alignment.check(initiative, stage=request.stage, fail_on=request.fail_on, **options)


def _why(request: Request) -> Answer:
    initiative = alignment.load(request.file)
    found = as_json(alignment.why(initiative, request.item, stage=request.stage, **_given(request, "catalogue")))
    if request.format == "json":
        return Answer(dumped(found))
    from alignment.cli.text_item import why_text

    return Answer(why_text(found).encode("utf-8", "replace"))


def _stress(request: Request) -> Answer:
    found = alignment.stress(request.file, request.change, stage=request.stage, **_given(request, "catalogue"))
    counts = {"hard": ("hard",), "soft": ("hard", "soft")}.get(request.fail_on, ())
    code = FINDINGS if any(c.strength in counts for change in found.changes for c in change.conflicts) else CLEAR
    if request.format == "json":
        return Answer(dumped(found), code)
    from alignment.cli.text_stress import stress_text

    return Answer(stress_text(found).encode("utf-8", "replace"), code)


def _map(request: Request) -> Answer:
    initiative = alignment.load(request.file)
    found = as_json(_mapped(request, initiative))
    code = mapping_exit_code(found["findings"], request.fail_on)
    if request.format == "text":
        from alignment.cli.text_mapping import mapping_text

        return Answer(mapping_text(found, initiative.title).encode("utf-8", "replace"), code)
    if request.format == "json":
        return Answer(dumped(found), code)
    results = finding_results(found["findings"], initiative, severities(request.fail_on))
    return Answer(_viewed(request, results, initiative.slug, found["content_hash"], {}), code)


def _mapped(request: Request, initiative: Initiative) -> Any:
    options = _given(request, "catalogue", "decisions")
    return alignment.map_objective(initiative, stage=request.stage, **options)


def _export(request: Request) -> Answer:
    from alignment.exports import FORMATS, export

    endings = {ending: name for name, ending in FORMATS.items()}
    to = request.to or endings.get(Path(request.output or "").suffix.lower(), "xlsx")
    if to == "xlsx" and not request.output:
        raise UsageError("a workbook is not for the screen: name a file with -o, as in -o constraints.xlsx")
    initiative = alignment.load(request.file)
    report = _checked(request, initiative) if initiative.catalogue or request.catalogue else None
    mapping = _mapped(request, initiative) if initiative.objective and initiative.goals else None
    return Answer(export(initiative, report, mapping, to))


def _repair(request: Request) -> Answer:
    from alignment.cli.repair import chosen, repaired_text

    initiative = alignment.load(request.file)
    repair = chosen(_checked(request, initiative), str(request.conflict), int(request.option or 0))
    return Answer(repaired_text(request.file, initiative, repair, request.output).encode())


def _schema(request: Request) -> Answer:
    from alignment.initiative.schema import json_schema

    return Answer(dumped(json_schema()))


_COMMANDS: dict[str, Callable[[Request], Answer]] = {
    "validate": _validate,
    "check": _check,
    "why": _why,
    "stress": _stress,
    "map": _map,
    "export": _export,
    "repair": _repair,
    "schema": _schema,
}


def _viewed(
    request: Request, results: list[Result], initiative: str, content_hash: str | None, rules: dict[str, str]
) -> bytes:
    if request.format == "junit":
        from alignment.exports.junit import to_junit

        return to_junit(results, request.command, initiative)
    from alignment.exports.sarif import to_sarif

    return to_sarif(results, request.file, rules, content_hash)


def _given(request: Request, *options: str) -> dict[str, Any]:
    return {name: getattr(request, name) for name in options if getattr(request, name) is not None}
