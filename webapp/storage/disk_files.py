"""Files of a directory shard: written aside and renamed, opened together with their labels."""

import errno
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from webapp.core.errors import DigestMismatchError, HostileKeyError
from webapp.core.label import Label
from webapp.storage.base import CHUNK_BYTES, WRITE_BYTES, Whole
from webapp.storage.disk_labels import (
    attribute_get,
    attribute_set,
    label_encode,
    sidecar_get,
    sidecar_name,
)
from webapp.storage.disk_order import folders_flush

LEFTOVER_SECONDS = 24 * 3600
_LOCK_NAME = "labels.lock"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_SIDECAR_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Aside:
    """A whole, durable file that has no place yet.

    Args:
        folder: Open folder it lies in.
        name: Its name there.
        sidecar: The file there that holds its label; None when the file carries it itself.
    """

    folder: int
    name: str
    sidecar: str | None


@contextmanager
def write_aside(
    folder: int, reader: BinaryIO | Whole, label: Label, *, attributes: bool = True
) -> Iterator[Aside]:
    """Write a labelled file that nobody sees, to be placed; after an error there is none.

    Args:
        folder: Open folder of unfinished files, in the file system of the shard.
        reader: The bytes.
        label: What the file shall say of itself.
        attributes: False: never use extended attributes.

    Raises:
        DigestMismatchError: The bytes do not have the label's digest.
        OSError: No room, or something does not answer.
    """
    name = f"{os.getpid()}-{secrets.token_hex(8)}"
    sidecar = sidecar_name(name)
    try:
        with _created(folder, name) as file:
            _copy(reader, file, wanted=label.digest)
            labelled = attributes and attribute_set(file, label)
            os.fsync(file)
        if not labelled:
            _write_small(folder, sidecar, label_encode(label))
        yield Aside(folder, name, None if labelled else sidecar)
    except BaseException:
        for leftover in (name, sidecar):
            with suppress(OSError):
                os.unlink(leftover, dir_fd=folder)
        raise


def place_aside(aside: Aside, folders: Sequence[int], name: str) -> None:
    """Give a file its place, replacing what was there; afterwards it is durable.

    Args:
        aside: The file.
        folders: What ``make_folder`` gave.
        name: Its name there.

    Raises:
        FileNotFoundError: The folder was removed meanwhile.
        HostileKeyError: A folder has the name.
    """
    try:
        if aside.sidecar is None:
            _move(aside, aside.name, folders[0], name)
        else:
            with _sidecars_locked(aside.folder):
                _place_with_sidecar(aside, aside.sidecar, folders[0], name)
    except IsADirectoryError:
        raise HostileKeyError(f"{name!r} is a folder, not a blob.", key=name) from None
    folders_flush(folders)


def remove_file(aside: int, folder: int, name: str) -> None:
    """Remove a file and what may lie beside it; afterwards that is durable.

    Args:
        aside: Open folder of unfinished files.
        folder: Open folder it lies in.
        name: Its name; absent is done.
    """
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    if sidecar_get(folder, name) is not None:
        with _sidecars_locked(aside):
            _remove_widowed(folder, sidecar_name(name))
    os.fsync(folder)


def open_file(folder: int, name: str) -> tuple[int, bytes | None] | None:
    """Open a file for reading together with its label; None when there is no such file.

    A sidecar is read before and after the file is opened: ``place_aside`` takes the old one
    away before it brings the new file, so two equal readings belong to the file between.

    Returns:
        A descriptor the caller closes, and the label as it lies on the disk.
    """
    found = _opened(folder, name, attribute_get)
    if found is None or found[1] is not None:
        return found
    for _ in range(_SIDECAR_ATTEMPTS):
        os.close(found[0])
        before = sidecar_get(folder, name)
        found = _opened(folder, name, lambda _file: sidecar_get(folder, name))
        if found is None or found[1] == before:
            return found
    return found[0], None


def _opened(
    folder: int, name: str, label_of: Callable[[int], bytes | None]
) -> tuple[int, bytes | None] | None:
    file = _open_regular(folder, name)
    if file is None:
        return None
    try:
        return file, label_of(file)
    except BaseException:
        os.close(file)
        raise


def clear_leftovers(folder: int, *, now: float | None = None) -> None:
    """Remove what writers that were killed left a day ago or longer.

    Args:
        folder: Open folder of unfinished files.
        now: Seconds since 1970; None: now.
    """
    oldest = (time.time() if now is None else now) - LEFTOVER_SECONDS
    for name in os.listdir(folder):
        with suppress(FileNotFoundError):
            if name != _LOCK_NAME and os.stat(name, dir_fd=folder).st_mtime < oldest:
                os.unlink(name, dir_fd=folder)


@contextmanager
def _created(folder: int, name: str) -> Iterator[int]:
    file = os.open(name, _CREATE, 0o640, dir_fd=folder)
    try:
        yield file
    finally:
        os.close(file)


def _copy(reader: BinaryIO | Whole, file: int, *, wanted: str) -> None:
    if isinstance(reader, Whole):
        _write_all(file, reader.data)
        found = reader.digest
    else:
        digest = sha256()
        while chunk := reader.read(CHUNK_BYTES):
            digest.update(chunk)
            _write_all(file, chunk)
        found = f"sha256:{digest.hexdigest()}"
    if found != wanted:
        raise DigestMismatchError(wanted=wanted, found=found)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view[:WRITE_BYTES]) :]


def _write_small(folder: int, name: str, data: bytes) -> None:
    with _created(folder, name) as file:
        _write_all(file, data)
        os.fsync(file)


def _move(aside: Aside, source: str, folder: int, name: str) -> None:
    os.rename(source, name, src_dir_fd=aside.folder, dst_dir_fd=folder)


def _place_with_sidecar(aside: Aside, sidecar: str, folder: int, name: str) -> None:
    """Bring a file and its sidecar so that no reader sees one with another's label.

    Where there was nothing, the label comes first: a crash between leaves nothing visible.
    A file that is replaced loses its label first: a crash between leaves one that says
    nothing of itself, which every reader steps over, never one that says something wrong.
    """
    if _exists(folder, name):
        with suppress(FileNotFoundError):
            os.unlink(sidecar_name(name), dir_fd=folder)
        _move(aside, aside.name, folder, name)
        _move(aside, sidecar, folder, sidecar_name(name))
    else:
        _move(aside, sidecar, folder, sidecar_name(name))
        _move(aside, aside.name, folder, name)


def _remove_widowed(folder: int, sidecar: str) -> None:
    """Remove a sidecar, unless a writer brought its file back meanwhile."""
    if not _exists(folder, sidecar.removesuffix(sidecar_name(""))):
        with suppress(FileNotFoundError):
            os.unlink(sidecar, dir_fd=folder)


@contextmanager
def _sidecars_locked(folder: int) -> Iterator[None]:
    """Hold the shard's lock of sidecars, between processes and threads alike."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    lock = os.open(_LOCK_NAME, flags, 0o640, dir_fd=folder)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _open_regular(folder: int, name: str) -> int | None:
    try:
        file = os.open(name, _READ, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise HostileKeyError(f"{name!r} is a symbolic link.", key=name) from None
        raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        return None
    return file
