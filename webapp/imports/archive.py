"""The files of a zip archive, none of which is ever written under its own name.

An archive can lie about everything: sizes, names, how much comes out. What is believed is
what was read, against a limit.
"""

import lzma
import stat
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from webapp.core.errors import NotDecodableError, TooLargeError, UnsupportedTypeError
from webapp.imports.sources import CHUNK_BYTES, Item, Passed, Refused, Source, unreadable

MOST_ENTRIES: Final = 100_000
MOST_RATIO: Final = 20
"""Pictures hardly shrink: what comes out of an archive is about as large as the archive."""
LEAST_BYTES: Final = 256 * 1024 * 1024
_ENCRYPTED: Final = 0x1
_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_DAMAGE: Final = (BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError)


def is_archive(path: Path) -> bool:
    """Return whether a file begins like a zip archive; one that only ends like one does not."""
    try:
        with path.open("rb") as file:
            return file.read(4) in _MAGIC
    except OSError:
        return False


def entries_of(path: Path) -> Iterator[Item]:
    """Go through an archive in its own order. It stays open until the last one was given."""
    try:
        with ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > MOST_ENTRIES:
                error = TooLargeError(
                    f"The archive has {len(infos)} entries of at most {MOST_ENTRIES}."
                )
                yield Refused(name=str(path), error=error)
                return
            budget = _Budget(max(LEAST_BYTES, MOST_RATIO * path.stat().st_size))
            for info in infos:
                if not info.is_dir():
                    yield _entry(path, archive, info, budget)
    except OSError as error:
        yield Refused(name=str(path), error=unreadable(error))
    except _DAMAGE as error:
        yield Refused(name=str(path), error=NotDecodableError(f"The archive is damaged: {error}."))


class _Budget:
    """Bytes that may still come out of an archive."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0

    def use(self, size: int) -> None:
        """Count bytes that came out.

        Raises:
            TooLargeError: They are more than any archive of pictures holds.
        """
        self._used += size
        if self._used > self._limit:
            raise TooLargeError(
                f"More than {self._limit} bytes come out of the archive: no pictures do that.",
                limit=self._limit,
            )


def _entry(path: Path, archive: ZipFile, info: ZipInfo, budget: _Budget) -> Item:
    name = f"{path}:{info.filename}"
    why = _passed_over(info)
    if why:
        return Passed(name=name, why=why)
    if info.flag_bits & _ENCRYPTED:
        error = UnsupportedTypeError(
            "It is encrypted; make the archive again without a password.", found="encrypted"
        )
        return Refused(name=name, error=error)

    def chunks() -> Iterator[bytes]:
        budget.use(0)  # once it is used up, nothing more is inflated
        try:
            with archive.open(info) as file:
                yield from _read(file.read, budget)
        except _DAMAGE as error:
            raise NotDecodableError(f"The archive is damaged here: {error}.") from None

    return Source(name=name, path=info.filename, size=info.file_size, chunks=chunks)


def _read(read: Callable[[int], bytes], budget: _Budget) -> Iterator[bytes]:
    while chunk := read(CHUNK_BYTES):
        budget.use(len(chunk))
        yield chunk


def _passed_over(info: ZipInfo) -> str:
    parts = PurePosixPath(info.filename.replace("\\", "/")).parts
    if any(part.startswith(".") and part != ".." for part in parts) or "__MACOSX" in parts:
        return "hidden"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "a symbolic link"
    return "" if kind in {0, stat.S_IFREG} else "not a file"
