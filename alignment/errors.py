"""The errors people can act on: each says what is wrong, where, and what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class AccordError(Exception):
    """Base of all expected errors; its text is one or more plain sentences for the person who can act."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file: where it is, what was found and what would be valid."""

    path: str
    found: str
    expected: str
    line: int | None = None
    file: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        where = f"{self.path} ({place})" if self.path and place else self.path or place
        said = f"{where}: {self.found}" if where else self.found
        return f"{said}; {self.expected}" if self.expected else said


class FileProblems(AccordError):
    """A file that cannot be used as it stands; `problems` holds every error found, in the order of the file.

    `left` is what could be read all the same, so that more can be said about it; None where that is nothing.
    """

    def __init__(self, problems: Sequence[Problem], left: Any = None) -> None:
        self.problems, self.left = tuple(problems), left
        super().__init__("\n".join(str(p) for p in self.problems))


class RuleError(AccordError):
    """A rule, scope or condition that cannot be used; `expected` says what would be valid."""

    def __init__(self, found: str, expected: str = "") -> None:
        self.found, self.expected = found, expected
        super().__init__(f"{found}; {expected}" if expected else found)


class DataError(AccordError):
    """A catalogue or decision table that cannot be read or does not fit the initiative."""


class UsageError(AccordError):
    """A request that cannot be met as asked, such as an item or a conflict that does not exist."""
