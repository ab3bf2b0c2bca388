"""What an operator names, file by file: folders walked, links and hidden files stepped over."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from webapp.core.errors import NotFoundError, ShoeboxError

CHUNK_BYTES: Final = 256 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A file that is to be imported.

    Args:
        name: Its path; of a file in an archive, the archive's path, a colon, its own.
        path: Its own path, of which the last part becomes the file name.
        size: Bytes it says it has; not to be believed.
        chunks: Reads it from its beginning, each time it is called.
    """

    name: str
    path: str
    size: int
    chunks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Passed:
    """Something that is stepped over, and why."""

    name: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Something that cannot be opened, and why."""

    name: str
    error: ShoeboxError


Item = Source | Passed | Refused


def items_in(path: Path, *, recursive: bool) -> Iterator[Item]:
    """Go through a folder in the order of names, or give a file itself.

    A path that is named may be a link; what lies in folders may not: a link there can lead
    anywhere, and in circles.

    Args:
        path: A folder or file, as an operator named it.
        recursive: Whether folders in a folder are gone through.

    Raises:
        NotFoundError: There is nothing at ``path``.
    """
    if path.is_dir():
        yield from _in_folder(path, recursive=recursive)
    elif path.is_file():
        yield _source(path)
    else:
        raise NotFoundError(f"There is no file and no folder {str(path)!r}.")


def _in_folder(folder: Path, *, recursive: bool) -> Iterator[Item]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        yield Refused(name=str(folder), error=unreadable(error))
        return
    for entry in entries:
        why = _passed_over(entry, recursive=recursive)
        if why:
            yield Passed(name=entry.path, why=why)
        elif entry.is_dir(follow_symlinks=False):
            yield from _in_folder(Path(entry.path), recursive=recursive)
        else:
            yield _source(Path(entry.path))


def _passed_over(entry: os.DirEntry[str], *, recursive: bool) -> str:
    if entry.name.startswith("."):
        return "hidden"
    if entry.is_symlink():
        return "a symbolic link"
    if entry.is_dir(follow_symlinks=False):
        return "" if recursive else "a folder; --recursive takes it"
    return "" if entry.is_file(follow_symlinks=False) else "not a file"


def _source(path: Path) -> Source:
    def chunks() -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    return Source(name=str(path), path=str(path), size=_size(path), chunks=chunks)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # reading it says what is the matter


def unreadable(error: OSError) -> NotFoundError:
    """Return what a file that cannot be read is to an operator."""
    return NotFoundError(f"It cannot be read: {error.strerror or error}.")
