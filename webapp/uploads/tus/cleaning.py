"""Removing uploads that nobody continued, and what is known of those that ended long ago."""

import contextlib
import fcntl
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Final

from webapp.uploads.tus.place import FOLDER, KEPT_SECONDS, Place

GRACE_SECONDS: Final = 60 * 60
"""Beyond the promise: a client that is late is told so, for a while."""


@dataclass(slots=True)
class _Files:
    """What lies about of one upload, and when something last happened to it."""

    paths: list[Path] = field(default_factory=list)
    touched: float = 0.0


def tus_clean(spool: Path, *, now: float) -> int:
    """Remove uploads to which nothing happened for over a day; return how many.

    Other processes may use the same folder, and what one of them holds stays.

    Args:
        spool: Need not exist.
        now: Unix time.
    """
    oldest = now - KEPT_SECONDS - GRACE_SECONDS
    stale = ((p, files) for p, files in _all(spool).items() if files.touched < oldest)
    return sum(_remove(place, files.paths) for place, files in stale)


def _all(spool: Path) -> dict[Place, _Files]:
    found: dict[Place, _Files] = {}
    for path in (spool / FOLDER).glob("*/*/*"):
        place = Place(path.parent.parent, path.name.partition(".")[0])
        files = found.setdefault(place, _Files())
        with contextlib.suppress(FileNotFoundError):  # it has just ended
            files.touched = max(files.touched, path.stat().st_mtime)
            files.paths.append(path)
    return found


def _remove(place: Place, paths: list[Path]) -> bool:
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(FileIO(place.data, "rb+"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            pass  # it ended long ago
        except BlockingIOError:
            return False
        for path in paths:
            path.unlink(missing_ok=True)
    return True
