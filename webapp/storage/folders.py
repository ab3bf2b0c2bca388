"""Walking into a directory shard without ever leaving it.

Every step is relative to a folder already open and follows no symbolic link, so neither a
name nor a link planted beneath the root leads out of it.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from webapp.core.errors import HostileKeyError, ShardFullError, ShardUnavailableError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NOT_A_FOLDER = frozenset({errno.ENOTDIR, errno.ELOOP})


@contextmanager
def shard_errors(name: str) -> Iterator[None]:
    """Turn every OSError into what it says of the shard ``name``.

    Raises:
        ShardFullError: No space or quota left.
        ShardUnavailableError: Anything else; it says nothing about any blob.
    """
    try:
        yield
    except OSError as error:
        kind = ShardFullError if error.errno in _FULL else ShardUnavailableError
        raise kind(f"Shard {name!r}: {error.strerror or error}.", shard=name) from error


@contextmanager
def open_folders(root: Path, segments: Sequence[str]) -> Iterator[list[int] | None]:
    """Open the root and each folder beneath it; None when one of them is absent.

    Gives:
        Descriptors, the root first, the last segment last; closed at the end.

    Raises:
        OSError: The root is absent, or something does not answer.
        HostileKeyError: A symbolic link is on the way.
    """
    with _Folders() as opened:
        folders = [opened.root(root)]
        for segment in segments:
            folder = _step(opened, folders[-1], segment)
            if folder is None:
                break
            folders.append(folder)
        yield folders if len(folders) > len(segments) else None


@contextmanager
def make_folder(root: Path, segments: Sequence[str]) -> Iterator[list[int]]:
    """Open a folder beneath ``root``, creating what is missing.

    The root itself is never created: without it the disk is not mounted.

    Gives:
        Descriptors: the folder, then those above it that have a new entry, the deepest first.
        Syncing them in this order makes what is put into the folder durable; see
        ``folders_flush``.

    Raises:
        FileNotFoundError: The root is absent, or somebody removed an empty folder meanwhile;
            trying again helps in the second case.
        OSError: Something does not answer.
        HostileKeyError: A symbolic link or a blob is on the way.
    """
    with _Folders() as opened:
        folder = opened.root(root)
        changed: list[int] = []
        for segment in segments:
            parent, (folder, made) = folder, _step_or_make(opened, folder, segment)
            changed += [parent] if made else []
        yield [folder, *reversed(changed)]


def remove_empty(folders: Sequence[int], segments: Sequence[str]) -> None:
    """Remove the folders ``segments`` that are empty, the deepest first, never the root.

    A writer that lost its folder this way makes it again: rmdir and rename are atomic, so
    one of the two always notices the other.

    Args:
        folders: What ``open_folders`` gave for ``segments``.
        segments: Names of the folders beneath the root.
    """
    for parent, segment in zip(reversed(folders[:-1]), reversed(segments), strict=True):
        try:
            os.rmdir(segment, dir_fd=parent)
        except OSError:
            return  # not empty, or gone already: either way nothing more to do above it


def is_link(folder: int, name: str) -> bool:
    """Return whether ``name`` in an open folder is a symbolic link."""
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


class _Folders:
    """Descriptors that are closed at the end."""

    def __init__(self) -> None:
        self._open: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for folder in self._open:
            os.close(folder)

    def root(self, path: Path) -> int:
        """Open the folder everything lies in."""
        return self._kept(os.open(path, _FOLDER))

    def below(self, parent: int, segment: str) -> int:
        """Open a folder in an open one."""
        return self._kept(os.open(segment, _FOLDER | os.O_NOFOLLOW, dir_fd=parent))

    def _kept(self, folder: int) -> int:
        self._open.append(folder)
        return folder


def _step(opened: _Folders, parent: int, segment: str) -> int | None:
    try:
        return opened.below(parent, segment)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno not in _NOT_A_FOLDER:
            raise
        if is_link(parent, segment):
            raise HostileKeyError(f"{segment!r} is a symbolic link.", key=segment) from None
        return None  # a blob: nothing lies beneath it


def _step_or_make(opened: _Folders, parent: int, segment: str) -> tuple[int, bool]:
    folder = _step(opened, parent, segment)
    if folder is not None:
        return folder, False
    # It may be there by now: another writer was faster, or a blob has the name.
    with suppress(FileExistsError):
        os.mkdir(segment, dir_fd=parent)
    folder = _step(opened, parent, segment)
    if folder is not None:
        return folder, True
    if os.access(segment, os.F_OK, dir_fd=parent):
        raise HostileKeyError(f"{segment!r} is a blob, not a folder.", key=segment)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), segment)
