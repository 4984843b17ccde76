"""Turns the words of a command line into a `Request`, or says in one sentence what is wrong with them."""

from __future__ import annotations

import argparse
import difflib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from alignment.errors import UsageError


@dataclass(frozen=True)
class Command:
    """One command: what it does in a line, whether it takes a file, and the options that are its own."""

    does: str
    takes_file: bool = True
    own: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("text", "json", "sarif", "junit")


COMMANDS = {
    "validate": Command("reads the file and all it names; lists every error with line and fix",
                        own=("catalogue", "decisions")),
    "check": Command("constraints: conflicts, explanations, repairs", own=("catalogue", "complete_within")),
    "why": Command("one item: what every rule allows, what is left, who decides each end",
                   own=("item", "catalogue"), formats=("text", "json")),
    "stress": Command("which conflicts appear if inputs move, and how far they may move before two rules clash",
                      own=("change", "catalogue"), formats=("text", "json")),
    "map": Command("objective mapping: structural, and behavioural where there is a decision table",
                   own=("decisions", "catalogue")),
    "export": Command("constraint sheet for people (xlsx, markdown) and for programs (csv, json)",
                      own=("to", "catalogue", "decisions")),
    "repair": Command("writes the file with one proposed repair applied", own=("conflict", "option", "catalogue")),
    "schema": Command("the JSON Schema of the initiative file", takes_file=False),
}  # fmt: skip

OPTIONS = {
    "format": "text|json|sarif|junit  how the answer is written (default text)",
    "fail_on": "hard|soft|never  what makes the exit code 1 (default hard)",
    "output": "OUT  write the answer to this file instead of the screen",
    "quiet": "no text and no progress: errors and the exit code only",
    "stage": "proposed|agreed  check proposed and agreed rules, or agreed ones alone (default proposed)",
    "catalogue": "PATH  items from this file instead of the one that the initiative names",
    "decisions": "PATH  decision table from this file instead of the one that the initiative names",
    "complete_within": "SECONDS  stop looking after so long and say what is missing (default: no limit)",
    "item": "KEY  the item to explain",
    "change": "COLUMN=PERCENT  how an input moves, as in cost=+10%; may be given several times",
    "to": "xlsx|csv|json|markdown  what to write (default: by the ending of OUT, else xlsx)",
    "conflict": "ID  the conflict to repair, as check lists it",
    "option": "N  which of its repairs",
}
COMMON = ("format", "fail_on", "output", "quiet", "stage")
CHOICES = {
    "format": ("text", "json", "sarif", "junit"),
    "fail_on": ("hard", "soft", "never"),
    "stage": ("proposed", "agreed"),
    "to": ("xlsx", "csv", "json", "markdown"),
}


@dataclass(frozen=True)
class Request:
    """What was asked for; `complete_within` in seconds."""

    command: str
    file: str = ""
    format: str = "text"
    fail_on: str = "hard"
    output: str | None = None
    quiet: bool = False
    stage: Literal["proposed", "agreed"] = "proposed"
    catalogue: str | None = None
    decisions: str | None = None
    complete_within: float | None = None
    item: str | None = None
    change: tuple[str, ...] = ()
    to: str | None = None
    conflict: str | None = None
    option: int | None = None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        message = re.sub(r"^argument (-[\w-]+)(?:/--\w+)?: expected one argument$", r"\1 needs a value", message)
        message = re.sub(
            r"^unrecognized arguments: (\S+).*$", r"there is no option \1; --help lists them", message, flags=re.S
        )
        raise UsageError(message)


def read_request(words: Sequence[str]) -> Request | str:
    """The request in a command line's words, without the program's name; a text to show where help was asked for.

    Raises UsageError with one sentence.
    """
    given = vars(_parser().parse_intermixed_args(list(words)))
    said = given.pop("words", [])
    if given.pop("help", False):
        return help_text(said[0] if said and said[0] in COMMANDS else None)
    if not said:
        raise UsageError(f"name a command: {_listed(COMMANDS)}; --help says what they do")
    name, *files = said
    if name not in COMMANDS:
        raise UsageError(f"there is no command '{name}'; {_near(name)}commands are {_listed(COMMANDS)}")
    command = COMMANDS[name]
    _fits(name, command, files, given)
    return Request(command=name, file=files[0] if files else "", **{k: _value(k, v) for k, v in given.items()})


def help_text(name: str | None = None) -> str:
    """What the commands do, or what one of them does and takes."""
    if name is None:
        commands = [f"  {name:<10} {command.does}" for name, command in COMMANDS.items()]
        head = ["python -m alignment COMMAND FILE [options], where FILE is an initiative file (YAML or JSON)"]
        return "\n".join([*head, "", *commands, "", "Options of all:", *_described(COMMON), "", _EXIT_CODES]) + "\n"
    command = COMMANDS[name]
    head = [f"python -m alignment {name}{' FILE' if command.takes_file else ''} [options]: {command.does}"]
    own = ["", *_described(command.own)] if command.own else []
    return "\n".join([*head, *own, "", "Options of all:", *_described(COMMON), "", _EXIT_CODES]) + "\n"


_EXIT_CODES = (
    "Exit code: 0 nothing at or above --fail-on, 1 findings, 2 bad input or usage, "
    "3 the time ended before the answer was complete"
)


def _described(options: Iterable[str]) -> list[str]:
    lines = []
    for option in options:
        flag = "-o" if option == "output" else "--" + option.replace("_", "-")
        value, _, text = OPTIONS[option].rpartition("  ")
        lines.append(f"  {flag} {value}".rstrip() + f"\n      {text}")
    return lines


def _parser() -> _Parser:
    parser = _Parser(prog="alignment", add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("words", nargs="*")
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-o", "--output", dest="output")
    parser.add_argument("--quiet", action="store_true")
    for option in OPTIONS:
        if option not in ("output", "quiet"):
            action = "append" if option == "change" else "store"
            parser.add_argument("--" + option.replace("_", "-"), dest=option, action=action)
    return parser


def _fits(name: str, command: Command, files: Sequence[str], given: dict[str, Any]) -> None:
    if command.takes_file and not files:
        raise UsageError(f"{name} needs an initiative file, as in: {name} initiative.yaml")
    if len(files) > command.takes_file:
        raise UsageError(f"{name} takes {'one file' if command.takes_file else 'no file'}; '{files[-1]}' is too much")
    foreign = [o for o in given if o not in COMMON and o not in command.own]
    if foreign:
        takers = [n for n, c in COMMANDS.items() if foreign[0] in c.own]
        raise UsageError(f"--{foreign[0].replace('_', '-')} is not an option of {name}, but of {_listed(takers)}")
    for option, choices in CHOICES.items():
        if option in given and given[option] not in choices:
            raise UsageError(
                f"--{option.replace('_', '-')} '{given[option]}' is not known; choose {_listed(choices, 'or')}"
            )
    if given.get("format", "text") not in command.formats:
        raise UsageError(f"{name} answers as {_listed(command.formats, 'or')}, not as {given['format']}")
    missing = [o for o in ("item", "change", "conflict", "option") if o in command.own and o not in given]
    if missing:
        raise UsageError(f"{name} needs --{missing[0]} {OPTIONS[missing[0]].replace('  ', ', ', 1)}")


def _value(option: str, text: Any) -> Any:
    if option == "complete_within":
        seconds = _number(str(text), float)
        if seconds is None or not 0 < seconds < math.inf:
            raise UsageError(f"--complete-within takes a number of seconds above 0, not '{text}'")
        return seconds
    if option == "option":
        n = _number(str(text), int)
        if n is None or n < 1:
            raise UsageError(f"--option takes the number of a repair, from 1 on, not '{text}'")
        return n
    return tuple(text) if option == "change" else text


def _number(text: str, kind: Callable[[str], float]) -> float | None:
    try:
        return kind(text)
    except ValueError:
        return None


def _near(name: str) -> str:
    close = difflib.get_close_matches(name, COMMANDS, 1)
    return f"did you mean '{close[0]}'? " if close else ""


def _listed(words: Iterable[str], last: str = "and") -> str:
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail
