"""One DuckDB file, one connection, one lock: opening, migrating, and transactions that say in words what failed."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from alignment.store import statements
from alignment.store.errors import Conflict, StoreError

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1, "autoinstall_known_extensions": False, "autoload_known_extensions": False,
}


class Connection:
    """A DuckDB file held by this process; all statements run one at a time under `lock`."""

    def __init__(self, path: Path) -> None:
        """Opens the file, creating it and its folder where needed, and brings its tables up to date.

        Raises StoreError where another process holds the file, or it cannot be read or written.
        """
        self.path = path
        self.lock = threading.RLock()
        self._connection = _connected(path)
        try:
            self._migrate()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Gives the file free for others."""
        with self.lock:
            self._connection.close()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.lock, self._in_words("read"):
            rows: list[tuple[Any, ...]] = self._connection.execute(statement, list(values)).fetchall()
            return rows

    def run(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Runs a statement of the transaction that is open."""
        self._connection.execute(statement, list(values))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside take effect together, or none does; when it ends, they survive a crash."""
        with self.lock, self._in_words("save"):
            self._connection.begin()
            try:
                yield
                self._connection.commit()
            except BaseException:
                self._undo()
                raise

    def _undo(self) -> None:
        import duckdb

        try:
            self._connection.rollback()
        except duckdb.Error:  # a failed commit has rolled back already
            return

    @contextmanager
    def _in_words(self, doing: str) -> Iterator[None]:
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            if _is_conflict(error):
                said = "somebody else wrote in the same moment; reload and try again"
                raise Conflict(f"{self.path}: {said}") from error
            lost = "nothing was recorded; " if doing == "save" else ""
            said = f"{self.path}: the workshop could not {doing} ({_reason(error)})"
            raise StoreError(f"{said}; {lost}check the disk and its free space, and try again") from error

    def _migrate(self) -> None:
        with self.transaction():
            self.run(statements.CREATE_MIGRATIONS)
        applied = {number for number, _ in self.rows(statements.APPLIED_MIGRATIONS)}
        migrations = numbered_migrations()
        if applied - {number for number, _, _ in migrations}:
            raise StoreError(f"{self.path} was written by a newer Accord; update Accord, or open another workshop file")
        for number, name, text in migrations:
            if number not in applied:
                with self.transaction():
                    self.run(text)
                    self.run(statements.RECORD_MIGRATION, (number, name, now()))


def _is_conflict(error: Exception) -> bool:
    """Did another transaction write the same rows? A commit that the disk refused is a TransactionException, too."""
    import duckdb

    if isinstance(error, duckdb.ConstraintException):
        return True
    message = str(error)
    clash = "Conflict on" in message or "constraint violation" in message
    return isinstance(error, duckdb.TransactionException) and clash


def _reason(error: Exception) -> str:
    """DuckDB's first line without the class of its error."""
    line = str(error).splitlines()[0]
    return line.split("Error: ", 1)[-1].removeprefix("Failed to commit: ")


def now() -> datetime:
    """The time as the database keeps it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def numbered_migrations() -> list[tuple[int, str, str]]:
    """(number, name, SQL) of each migration, in order."""
    files = [f for f in resources.files("alignment.store").joinpath("migrations").iterdir() if f.name.endswith(".sql")]
    return [(int(f.name[:3]), f.name[4:-4], f.read_text(encoding="utf-8")) for f in sorted(files, key=lambda f: f.name)]


def _connected(path: Path) -> Any:
    import duckdb

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return duckdb.connect(str(path), config=_SETTINGS)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{path}: the folder of the workshop cannot be made ({reason}); name another path") from None
    except duckdb.Error as error:
        raise StoreError(_why_not_opened(path, error)) from None


def _why_not_opened(path: Path, error: Exception) -> str:
    message = str(error)
    if "lock" in message:
        held = re.search(r"held in (\S+) \(PID (\d+)\)", message)
        who = f"{os.path.basename(held[1])}, process {held[2]}" if held else "another process, perhaps another Accord"
        return f"{path} is held by {who}, and DuckDB lets one process in at a time; stop that one, or open another file"
    if "not a valid DuckDB" in message:
        return f"{path} is not a workshop file of DuckDB; name another path, or move this file away"
    if "directory" in message.lower() and path.is_dir():
        return f"{path} is a folder; name a file in it, such as {path / 'workshop.duckdb'}"
    return f"{path} cannot be opened ({_reason(error)}); check that you may write there, or name another path"
