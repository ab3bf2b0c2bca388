"""The keys of a directory shard in order, one folder in memory at a time."""

import os
from collections.abc import Iterator
from pathlib import Path

from webapp.storage.blob_keys import TEMPORARY_PREFIX, segment_valid
from webapp.storage.folders import open_folders


def walk_keys(root: Path, *, prefix: str, after: str) -> Iterator[str]:
    """Yield the keys of files beneath ``root`` in the order of the whole key.

    Unfinished files, sidecars, links and whatever else no key can name are left out. What
    others add or remove meanwhile may or may not appear.

    Args:
        root: Must exist.
        prefix: Of the keys; only folders that can hold such keys are read.
        after: Keys up to and including this one are left out, with their folders.

    Raises:
        OSError: The root is absent, or something does not answer.
    """
    # The slash at the end of a folder's name takes part in the order: "a-b" < "a/" < "a0".
    start = prefix[: prefix.rfind("/") + 1]
    for key in _walk(root, start, prefix=prefix, after=after):
        if key.startswith(prefix) and key > after:
            yield key


def _walk(root: Path, folder: str, *, prefix: str, after: str) -> Iterator[str]:
    for name in _entries(root, folder):
        key = folder + name
        if not name.endswith("/"):
            yield key
        elif _may_hold(key, prefix=prefix, after=after):
            yield from _walk(root, key, prefix=prefix, after=after)


def _may_hold(folder: str, *, prefix: str, after: str) -> bool:
    if folder == TEMPORARY_PREFIX:
        return False
    wanted = folder.startswith(prefix) or prefix.startswith(folder)
    return wanted and (folder > after or after.startswith(folder))


def _entries(root: Path, folder: str) -> list[str]:
    """Return the names in a folder, sorted, folders with a slash; empty when it is gone."""
    segments = folder.split("/")[:-1]
    with open_folders(root, segments) as folders:
        if folders is None:
            return []
        with os.scandir(folders[-1]) as entries:
            return sorted(
                name for entry in entries if segment_valid(entry.name) and (name := _name(entry))
            )


def _name(entry: os.DirEntry[str]) -> str | None:
    if entry.is_dir(follow_symlinks=False):
        return entry.name + "/"
    return entry.name if entry.is_file(follow_symlinks=False) else None
