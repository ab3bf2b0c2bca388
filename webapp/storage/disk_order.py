"""Which file systems keep changes of names in order, so that one flush is enough for all before.

ext4 and XFS write every change of a name to one journal. When the flush of a folder is back, all
changes made before it are durable, also those of the folders above it. Each further flush would
find nothing to write and still send the disk a barrier.

Source: Linux, Documentation/filesystems/ext4/journal.rst and xfs/xfs-delayed-logging-design.rst.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_ORDERED = frozenset({"ext4", "xfs"})


def folders_flush(folders: Sequence[int]) -> None:
    """Make entries of open folders durable.

    Args:
        folders: The one whose entry is newest first; those above it, in which it was made, after
            it.
    """
    os.fsync(folders[0])
    if len(folders) > 1 and not names_in_order(os.fstat(folders[0]).st_dev):
        for folder in folders[1:]:
            os.fsync(folder)


@lru_cache(maxsize=256)
def names_in_order(device: int) -> bool:
    """Return whether the file system on a device is known to keep changes of names in order.

    Args:
        device: As ``stat`` tells it.
    """
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = _MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return False
    kinds = {_kind(line) for line in lines if line.split(" ", 3)[2] == wanted}
    return bool(kinds) and kinds <= _ORDERED


def _kind(line: str) -> str:
    """Return the file system of a line of mountinfo; see proc(5)."""
    return line.partition(" - ")[2].split(" ", 1)[0]
