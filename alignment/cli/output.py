"""Where answers go: the screen, or a file written whole or not at all; and the sign of life while work is long."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Iterator

from alignment.errors import UsageError

LONGEST_LINE = 300
PATIENCE_SECONDS = 1.0


def one_line(text: str) -> str:
    """A text on one line of at most 300 characters; what is longer is cut with …, and control characters are spaces."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"


def complain(lines: list[str]) -> None:
    """One error per line on stderr."""
    for line in lines:
        print(one_line(line), file=sys.stderr)


def show(body: bytes) -> None:
    """The answer on stdout, alone and as it is; a reader that went away is no error."""
    stream = sys.stdout
    try:
        stream.flush()
        stream.buffer.write(body)
        stream.buffer.flush()
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def refuse_unwritable(path: str, inputs: list[str]) -> None:
    """UsageError where no file could be written, or it would overwrite an input; asked before any work is done."""
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise UsageError(f"-o {path}: there is no folder {os.path.dirname(path)}; create it, or write elsewhere")
    if os.path.isdir(path):
        raise UsageError(f"-o {path}: this is a folder; name a file in it")
    for given in inputs:
        if os.path.exists(path) and os.path.exists(given) and os.path.samefile(path, given):
            raise UsageError(f"-o {path}: this would overwrite the input; name another file")


def write_whole(path: str, body: bytes) -> None:
    """The answer in a file, whole or not at all: written beside it first, then moved into place.

    Raises UsageError where it cannot be written.
    """
    path = os.path.realpath(path)
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "wb") as device:
                device.write(body)
            return
        handle, beside = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".accord-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(body)
            os.chmod(beside, _mode(path))
            os.replace(beside, path)
        except BaseException:
            os.unlink(beside)
            raise
    except OSError as error:
        raise UsageError(
            f"-o {path}: the file cannot be written ({(error.strerror or 'error').lower()}); write elsewhere"
        ) from None


def _mode(path: str) -> int:
    if os.path.exists(path):
        return stat.S_IMODE(os.stat(path).st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


@contextlib.contextmanager
def progress(what: str, wanted: bool = True) -> Iterator[None]:
    """Says on stderr what is going on and for how long, where that is a terminal and work takes more than a second."""
    if not wanted or not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    ticker = threading.Thread(target=_tick, args=(what, done), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()


def _tick(what: str, done: threading.Event) -> None:
    began, said = time.monotonic(), ""
    while not done.wait(PATIENCE_SECONDS if not said else 0.5):
        said = f"{what} … {time.monotonic() - began:.0f} s"
        sys.stderr.write(f"\r{said}")
        sys.stderr.flush()
    if said:
        sys.stderr.write("\r" + " " * len(said) + "\r")
        sys.stderr.flush()
