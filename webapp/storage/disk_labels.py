"""Labels of blobs on a disk: an extended attribute, or a sidecar file where there is none.

A sidecar's name holds a character that no key may, so it is never taken for a blob. The
attribute wins over a sidecar that was left behind.
"""

import errno
import json
import os
from functools import lru_cache

from webapp.core.label import Label, label_dump, label_load

ATTRIBUTE = "user.shoebox"
SIDECAR_SUFFIX = "%label"
_NO_ATTRIBUTES = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_MAX_SIDECAR_BYTES = 16 * 1024


def sidecar_name(name: str) -> str:
    """Return the file beside a blob that holds its label."""
    return name + SIDECAR_SUFFIX


@lru_cache(maxsize=64)
def label_encode(label: Label) -> bytes:
    """Return a label as it lies on a disk. Cached: each copy of a blob has the same one."""
    return json.dumps(label_dump(label), separators=(",", ":")).encode()


def label_decode(data: bytes | None) -> Label | None:
    """Return the label on a disk; None when there is none or it is damaged."""
    if data is None:
        return None
    try:
        items = json.loads(data)
    except ValueError:
        return None
    if not isinstance(items, dict) or not all(isinstance(v, str) for v in items.values()):
        return None
    return label_load(items)


def attribute_set(file: int, label: Label) -> bool:
    """Label an open file; return whether its file system can.

    Raises:
        OSError: It can in general and did not now.
    """
    try:
        os.setxattr(file, ATTRIBUTE, label_encode(label))
    except OSError as error:
        if error.errno in _NO_ATTRIBUTES:
            return False
        raise
    return True


def attribute_get(file: int) -> bytes | None:
    """Return the label attribute of an open file, None when it has none.

    Raises:
        OSError: Cannot tell.
    """
    try:
        return os.getxattr(file, ATTRIBUTE)
    except OSError as error:
        if error.errno == errno.ENODATA or error.errno in _NO_ATTRIBUTES:
            return None
        raise


def sidecar_get(folder: int, name: str) -> bytes | None:
    """Return the sidecar of a blob, None when it has none.

    Raises:
        OSError: Cannot tell.
    """
    try:
        file = os.open(
            sidecar_name(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder
        )
    except FileNotFoundError:
        return None
    try:
        return os.read(file, _MAX_SIDECAR_BYTES)
    finally:
        os.close(file)
