"""Catalogues and decision tables as files beside the database, named by the SHA-256 of the original bytes.

The original is kept byte for byte, because the content hash that teams sign is over it and must be the same in the
browser and on the command line. Typed rows for fast reading may lie beside it as Parquet under the same name; the
caller, who knows how to type a table, writes them. Both are read in place and never change.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from alignment.errors import DataError

LARGEST_UPLOAD = 200_000_000
SUFFIXES = (".csv", ".parquet", ".json", ".xlsx")
_CHUNK = 1 << 20
_ARRIVING = "arriving-"


def clear_arriving(folder: Path) -> None:
    """Removes what a copy left behind when the process died in the middle of it."""
    for half in folder.glob(f"{_ARRIVING}*"):
        half.unlink(missing_ok=True)


def base_name(filename: str) -> str:
    """The name of a file without any folder, whichever way its slashes lean."""
    return PurePosixPath(filename.replace("\\", "/")).name


@dataclass(frozen=True)
class Kept:
    """Where an original lies, under which hash, and its typed rows if there are any."""

    name: str
    sha256: str
    path: Path
    parquet: Path | None


def keep(
    folder: Path, source: Path | bytes, filename: str, parquet: Path | bytes | None = None, limit: int = LARGEST_UPLOAD
) -> Kept:
    """Keeps a copy of the original in `folder`, and of its typed rows where they are given.

    Raises DataError, with one sentence, for a file that is missing, empty, larger than `limit` bytes or of a kind that
    is not read.
    """
    name = base_name(filename)
    suffix = suffix_of(name)
    size = len(source) if isinstance(source, bytes) else _size(source, name)
    if size == 0:
        raise DataError(f"{name} is empty; choose a file with a header and at least one row")
    if size > limit:
        most = f"at most {_megabytes(limit)} MB are taken"
        raise DataError(f"{name} has {_megabytes(size)} MB, and {most}; leave out columns, or save it as Parquet")
    try:
        sha256, written = _written(folder, source)
        path, typed = folder / f"{sha256}{suffix}", folder / f"{sha256}.parquet"
        os.replace(written, path)
        if parquet is not None and not typed.exists():
            os.replace(_written(folder, parquet)[1], typed)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{name} could not be kept ({reason}); nothing was recorded, try again") from None
    return Kept(name, sha256, path, typed if parquet is not None else None)


def suffix_of(name: str) -> str:
    """The ending of a file name in lower case; DataError for a kind that is not read."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in SUFFIXES:
        said = f"ends in '{suffix}'" if suffix else "has no ending"
        raise DataError(f"{name or 'the file'} {said}; catalogues and decision tables are CSV, Parquet, JSON or XLSX")
    return suffix


def _size(source: Path, name: str) -> int:
    try:
        return source.stat().st_size
    except OSError as error:
        raise DataError(f"{name} cannot be read ({error.strerror or error}); check the path") from None


def _written(folder: Path, source: Path | bytes) -> tuple[str, str]:
    """SHA-256 and path of a temporary copy whose bytes have reached the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with (
        io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as original,
        tempfile.NamedTemporaryFile(dir=folder, prefix=_ARRIVING, delete=False) as copy,
    ):
        while chunk := original.read(_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest(), copy.name


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f}".removesuffix(".0")
