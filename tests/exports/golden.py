"""Compares a text with the one that a person has read; GOLDEN=write in the environment takes the new one."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def assert_golden(name: str, text: str) -> None:
    path = FOLDER / name
    if os.environ.get("GOLDEN") == "write":
        path.write_bytes(text.encode())
    assert text == path.read_bytes().decode(), f"{name} has changed: read the difference, then run with GOLDEN=write"
