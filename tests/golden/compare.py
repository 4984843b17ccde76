"""Compares a text with the one that a person has read; GOLDEN=write in the environment takes the new one."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent


def same_as_read(name: str, text: str) -> None:
    """Fails where the text differs from the file of that name in this folder."""
    path = FOLDER / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8", newline="")
    assert text == path.read_bytes().decode(), f"{name} has changed: read the difference, then run with GOLDEN=write"
