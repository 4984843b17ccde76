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
from pathlib import Path, PurePosixPath
from typing import BinaryIO

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


def keep(folder: Path, source: Path | bytes, filename: str, limit: int = LARGEST_UPLOAD) -> str:
    """Keeps a copy of the original in `folder` and returns its SHA-256 in hexadecimal.

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
        with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as original:
            return _stored(folder, original, suffix)
    except OSError as error:
        raise _not_kept(name, error) from None


def keep_typed(folder: Path, parquet: Path | bytes, sha256: str) -> Path:
    """Keeps the typed rows of an original as `<sha256>.parquet`, unless that is there already, and returns its path."""
    target = folder / f"{sha256}.parquet"
    if target.exists():
        return target
    try:
        with io.BytesIO(parquet) if isinstance(parquet, bytes) else open(parquet, "rb") as rows:
            _, written = _written(folder, rows)
        os.replace(written, target)
    except OSError as error:
        raise _not_kept("The typed table", error) from None
    return target


def suffix_of(name: str) -> str:
    """The ending of a file name in lower case; DataError for a kind that is not read."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in SUFFIXES:
        said = f"ends in '{suffix}'" if suffix else "has no ending"
        raise DataError(f"{name or 'the file'} {said}; catalogues and decision tables are CSV, Parquet, JSON or XLSX")
    return suffix


def _not_kept(what: str, error: OSError) -> DataError:
    return DataError(f"{what} could not be kept ({error.strerror or error}); nothing was recorded, try again")


def _size(source: Path, name: str) -> int:
    try:
        return source.stat().st_size
    except OSError as error:
        raise DataError(f"{name} cannot be read ({error.strerror or error}); check the path") from None


def _stored(folder: Path, original: BinaryIO, suffix: str) -> str:
    sha256, written = _written(folder, original)
    os.replace(written, folder / f"{sha256}{suffix}")
    return sha256


def _written(folder: Path, source: BinaryIO) -> tuple[str, str]:
    """SHA-256 and path of a temporary copy whose bytes have reached the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=folder, prefix=_ARRIVING, delete=False) as copy:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest(), copy.name


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f}".removesuffix(".0")
