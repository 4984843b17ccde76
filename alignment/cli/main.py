"""Runs one command line: the answer on stdout or in a file, errors on stderr, and what it means as the exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from alignment.cli.arguments import Request, read_request
from alignment.cli.judgement import BAD_INPUT, CLEAR
from alignment.cli.output import complain, progress, refuse_unwritable, show, write_whole
from alignment.errors import AccordError, FileProblems

_STOPPED = 130
_DOING = {
    "validate": "Reading",
    "check": "Checking",
    "why": "Checking",
    "stress": "Checking",
    "map": "Mapping",
    "export": "Checking",
    "repair": "Checking",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line (default: this process's own) and returns its exit code; no traceback is ever shown.

    With ACCORD_DEBUG=1 in the environment an unexpected error keeps its traceback.
    """
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except FileProblems as error:
        complain([str(problem) for problem in error.problems])
    except AccordError as error:
        complain([str(error)])
    except KeyboardInterrupt:
        complain(["stopped; nothing was written"])
        return _STOPPED
    except Exception as error:
        if os.environ.get("ACCORD_DEBUG") == "1":
            traceback.print_exc()
        kind = "memory ran out" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"
        complain([f"this should not have happened ({kind}); ACCORD_DEBUG=1 shows where"])
    return BAD_INPUT


def _run(words: Sequence[str]) -> int:
    request = read_request(words)
    if isinstance(request, str):
        show(request.encode())
        return CLEAR
    if request.output and request.output != "-":
        refuse_unwritable(request.output, _inputs(request))
    from alignment.cli.commands import answer

    with progress(f"{_DOING.get(request.command, 'Working')} {request.file}", wanted=not request.quiet):
        found = answer(request)
    complain(list(found.errors))
    _deliver(request, found.body, found.code)
    return found.code


def _deliver(request: Request, body: bytes, code: int) -> None:
    if request.output and request.output != "-":
        if code != BAD_INPUT:
            write_whole(request.output, body)
        return
    if not (request.quiet and request.format == "text" and request.command in ("validate", "check", "why", "map")):
        show(body)


def _inputs(request: Request) -> list[str]:
    """Files that an answer must not overwrite; a repair may, for that is what it is for."""
    named = [request.catalogue, request.decisions]
    return [name for name in ([] if request.command == "repair" else [request.file]) + named if name]
