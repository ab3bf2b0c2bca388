"""WarmFiles: files that are in the kernel's memory already, read without a thread.

A hop to a thread and back costs ten times the read it is for. Here every step either is done
at once or not at all: the path is resolved from the kernel's name cache (``RESOLVE_CACHED``)
and the bytes come from its page cache (``RWF_NOWAIT``). Whatever would wait is left to a thread.

Source: openat2(2), preadv2(2); Linux 5.12 or newer.
"""

import ctypes
import errno
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from webapp.storage.aio.base import Warm
from webapp.storage.base import BlobStat
from webapp.storage.disk_labels import attribute_get, label_decode

WARM_BYTES: Final = 1024 * 1024
"""Larger files would hold up everybody else for too long even from memory."""
LEARN_SECONDS: Final = 5.0
# On these an open or an attribute asks no server and no other process.
LOCAL_TYPES: Final = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "overlay"})
MOUNTS: Final = Path("/proc/self/mountinfo")

_OPENAT2: Final = 437
_AT_FDCWD: Final = -100
_NO_SYMLINKS, _BENEATH, _CACHED = 0x04, 0x08, 0x20
# Without O_NOATIME a read may have to write the time it happened, and wait for a journal.
_NO_TRACE: Final = getattr(os, "O_NOATIME", 0)
_ROOT: Final = getattr(os, "O_PATH", 0) | os.O_DIRECTORY | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | _NO_TRACE
_NEVER_HERE: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP})


class _How(ctypes.Structure):
    """struct open_how of the kernel."""

    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


_ROOT_HOW: Final = _How(_ROOT, 0, _CACHED)
_FILE_HOW: Final = _How(_FILE, 0, _CACHED | _BENEATH | _NO_SYMLINKS)
# PyDLL keeps the interpreter's lock: these calls never wait, and giving it away would cost more.
_libc: Final = ctypes.PyDLL(None, use_errno=True)


class WarmFiles:
    """The blobs of one folder that can be had at once.

    Knows nothing until ``learn`` was called, and then reads on local file systems alone.

    Args:
        root: Folder of the shard.
        clock: Seconds, never running backwards; tests bring their own.
    """

    def __init__(self, root: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._root = os.fsencode(root)
        self._clock = clock
        self._learned = float("-inf")
        self._local = False
        self._able = hasattr(os, "RWF_NOWAIT")

    def learn(self) -> None:
        """Look every few seconds what kind of file system the folder is on; may wait."""
        if self._clock() - self._learned >= LEARN_SECONDS:
            self._learned = self._clock()
            self._local = _file_system(self._root) in LOCAL_TYPES

    def read(self, key: str) -> Warm | None:
        """Return a whole blob with its label, without ever waiting.

        A key that would leave the folder is stopped by the kernel.

        Returns:
            None when that is not possible: nothing is said about whether there is such a blob.
        """
        if not (self._able and self._local):
            return None
        try:
            return self._read(key)
        except OSError as error:
            self._able = error.errno not in _NEVER_HERE
            return None

    def _read(self, key: str) -> Warm | None:
        root = _open(_AT_FDCWD, self._root, _ROOT_HOW)
        try:
            file = _open(root, key.encode(), _FILE_HOW)
        finally:
            os.close(root)
        try:
            return _read_whole(file)
        finally:
            os.close(file)


def _read_whole(file: int) -> Warm | None:
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode) or status.st_size > WARM_BYTES:
        return None
    # The bytes first: where they are in memory, so is the label that was read with them.
    data = bytearray(status.st_size)
    if data and os.preadv(file, [data], 0, os.RWF_NOWAIT) != len(data):
        return None
    label = attribute_get(file)
    if label is None:
        return None  # it may lie in a sidecar
    return BlobStat(status.st_size, status.st_mtime, label_decode(label)), bytes(data)


def _open(folder: int, path: bytes, how: _How) -> int:
    """Open by names the kernel has in memory.

    Raises:
        OSError: It does not have them, or there is no such file, or it cannot do this at all.
    """
    file = _libc.syscall(_OPENAT2, folder, path, ctypes.byref(how), ctypes.sizeof(how))
    if file < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(file)


def _file_system(folder: bytes) -> str:
    """Return the type of the file system a folder is on; empty when that cannot be told.

    Source: proc_pid_mountinfo(5).
    """
    real, found, kind = os.path.realpath(folder), b"", ""
    with suppress(OSError):
        for line in MOUNTS.read_bytes().splitlines():
            before, _, after = line.partition(b" - ")
            point = before.split()[4]
            inside = point in {b"/", real} or real.startswith(point + b"/")
            # The later of two mounts on one point hides the other.
            if inside and len(point) >= len(found):
                found, kind = point, after.split()[0].decode()
    return kind
