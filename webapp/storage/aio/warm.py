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
from functools import lru_cache
from pathlib import Path
from typing import Final

from webapp.core.label import Label
from webapp.storage.aio.base import Warm
from webapp.storage.disk_labels import attribute_get, label_decode

WARM_BYTES: Final = 1024 * 1024
"""Larger files would hold up everybody else for too long even from memory."""
KNOWN_LABELS: Final = 4096
LEARN_SECONDS: Final = 5.0
# On these an open or an attribute asks no server and no other process.
LOCAL_TYPES: Final = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "overlay"})
MOUNTS: Final = Path("/proc/self/mountinfo")

_OPENAT2: Final = 437
_AT_FDCWD: Final = -100
_NO_SYMLINKS, _CACHED = 0x04, 0x20
# Without O_NOATIME a read may have to write the time it happened, and wait for a journal.
_NO_TRACE: Final = getattr(os, "O_NOATIME", 0)
_FILE: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | _NO_TRACE
_NEVER_HERE: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP})


class _How(ctypes.Structure):
    """struct open_how of the kernel."""

    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


_HOW: Final = _How(_FILE, 0, _CACHED | _NO_SYMLINKS)
_HOW_AT, _HOW_BYTES = ctypes.byref(_HOW), ctypes.sizeof(_HOW)
# PyDLL keeps the interpreter's lock: these calls never wait, and giving it away would cost more.
_libc: Final = ctypes.PyDLL(None, use_errno=True)
# Read into and copied from at once, by the one thread that reads this way.
_ROOM: Final = memoryview(bytearray(WARM_BYTES))


class WarmFiles:
    """The blobs of one folder that can be had at once.

    Knows nothing until ``learn`` was called, and then reads on local file systems alone.

    Args:
        root: Folder of the shard.
        clock: Seconds, never running backwards; tests bring their own.
    """

    def __init__(self, root: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._root = os.fsencode(root)
        self._real = b""
        self._clock = clock
        self._learned = float("-inf")
        self._local = False
        self._able = hasattr(os, "RWF_NOWAIT")

    def learn(self) -> None:
        """Look every few seconds where the folder is and on what file system; may wait."""
        if self._clock() - self._learned >= LEARN_SECONDS:
            self._learned = self._clock()
            self._real = os.path.realpath(self._root) + b"/"
            self._local = _file_system(self._real) in LOCAL_TYPES

    def read(self, key: str) -> Warm | None:
        """Return a whole blob with its label, without ever waiting.

        Never follows a link, so only ``..`` could lead out of the folder.

        Returns:
            None when that is not possible: nothing is said about whether there is such a blob.
        """
        if not (self._able and self._local) or ".." in key:
            return None
        try:
            file = _open(self._real + key.encode())
            try:
                return _read_whole(file)
            finally:
                os.close(file)
        except OSError as error:
            self._able = error.errno not in _NEVER_HERE
            return None


def _read_whole(file: int) -> Warm | None:
    status = os.fstat(file)
    size = status.st_size
    if not stat.S_ISREG(status.st_mode) or size > WARM_BYTES:
        return None
    # The bytes first: where they are in memory, so is the label that was read with them.
    room = _ROOM[:size]
    if size and os.preadv(file, [room], 0, os.RWF_NOWAIT) != size:
        return None
    said = attribute_get(file)
    label = _label(said) if said else None
    if label is None:
        return None  # it may lie in a sidecar, or be damaged
    return Warm(label, status.st_mtime, bytes(room))


@lru_cache(maxsize=KNOWN_LABELS)
def _label(said: bytes) -> Label | None:
    """Return a label; decoding one takes longer than reading the blob it is on."""
    return label_decode(said)


def _open(path: bytes) -> int:
    """Open by names the kernel has in memory.

    Raises:
        OSError: It does not have them, or there is no such file, or it cannot do this at all.
    """
    file = _libc.syscall(_OPENAT2, _AT_FDCWD, path, _HOW_AT, _HOW_BYTES)
    if file < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(file)


def _file_system(real: bytes) -> str:
    """Return the type of the file system a folder is on; empty when that cannot be told.

    Args:
        real: The folder without any link in it, ending in a slash.

    Source: proc_pid_mountinfo(5).
    """
    found, kind = b"", ""
    with suppress(OSError):
        for line in MOUNTS.read_bytes().splitlines():
            before, _, after = line.partition(b" - ")
            point = before.split()[4]
            inside = point == b"/" or real.startswith(point + b"/")
            # The later of two mounts on one point hides the other.
            if inside and len(point) >= len(found):
                found, kind = point, after.split()[0].decode()
    return kind
