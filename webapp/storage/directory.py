"""DirectoryStore: a shard in a folder of this machine, or one mounted on it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.core.errors import ShardUnavailableError
from webapp.core.label import Label
from webapp.storage.base import CHUNK_BYTES, BlobStat, Check, OpenBlob, Source
from webapp.storage.blob_keys import TEMPORARY_PREFIX, key_check
from webapp.storage.disk_files import (
    Aside,
    clear_leftovers,
    open_file,
    place_aside,
    remove_file,
    write_aside,
)
from webapp.storage.disk_labels import label_decode
from webapp.storage.disk_walk import walk_keys
from webapp.storage.folders import make_folder, open_folders, remove_empty, shard_errors
from webapp.storage.source import source_reader

_ASIDE = TEMPORARY_PREFIX.strip("/").split("/")
_PLACE_ATTEMPTS = 100


class DirectoryStore:
    """A shard whose blobs are files: ``root/key``, each with its label as an attribute.

    A blob is written aside on the same file system, labelled, made durable and renamed, so
    it is whole wherever it is seen, by any process of any machine that mounts the folder.
    Safe between threads and processes; holds nothing open between calls.

    Args:
        name: Of the shard.
        root: Its folder, made by an operator; never created here, because a missing one is a
            disk that is not mounted.
        attributes: False: keep labels in sidecar files also where extended attributes work.
        chunk_bytes: Read at a time, and in memory for every reader that waits.
    """

    def __init__(
        self,
        name: str,
        root: Path,
        *,
        attributes: bool = True,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self.name = name
        self.root = root
        self._attributes = attributes
        self._chunk_bytes = chunk_bytes
        self._cleared = False

    def put(self, key: str, source: Source, *, label: Label) -> Check:
        """Write a whole blob with its label; see BlobStore.

        VERIFIED: every byte was hashed on its way into the file, or lies hashed in memory that
        does not change, and the kernel reported the file and its folder durable.
        """
        *parents, name = key_check(key)
        with (
            source_reader(source) as reader,
            shard_errors(self.name),
            make_folder(self.root, _ASIDE) as (folder, *_),
        ):
            self._clear_once(folder)
            with write_aside(folder, reader, label, attributes=self._attributes) as aside:
                self._place(aside, parents, name)
        return Check.VERIFIED

    @contextmanager
    def open(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> Iterator[OpenBlob | None]:
        """Open a range of a blob; see BlobStore."""
        with self._opened(key) as opened:
            if opened is None:
                yield None
                return
            file, stat = opened
            stop = stat.size if end is None else min(end, stat.size)
            yield OpenBlob(stat, self._chunks(file, start, stop))

    def stat(self, key: str) -> BlobStat | None:
        """Return size, time and label of a blob; see BlobStore."""
        with self._opened(key) as opened:
            return opened[1] if opened else None

    def delete(self, key: str) -> None:
        """Remove a blob, and folders that are empty then; see BlobStore."""
        *parents, name = key_check(key)
        with (
            shard_errors(self.name),
            make_folder(self.root, _ASIDE) as (aside, *_),
            open_folders(self.root, parents) as folders,
        ):
            if folders is not None:
                remove_file(aside, folders[-1], name)
                remove_empty(folders, parents)

    def keys(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """Yield keys in order; see BlobStore."""
        with shard_errors(self.name):
            yield from walk_keys(self.root, prefix=prefix, after=after)

    def witness(self, key: str) -> tuple[int, ...] | None:
        """Return what differs once a blob was written anew, or lies on another disk.

        One call to the kernel. None when there is no such blob, or the disk does not answer.
        """
        try:
            found = os.lstat(self.root / key)
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def _place(self, aside: Aside, parents: list[str], name: str) -> None:
        for _ in range(_PLACE_ATTEMPTS):
            try:
                with make_folder(self.root, parents) as folders:
                    place_aside(aside, folders, name)
            except FileNotFoundError:
                continue  # a delete removed the folder when it was empty for a moment
            return
        raise ShardUnavailableError(
            f"Shard {self.name!r}: the folder of {name!r} vanishes as often as it is made.",
            shard=self.name,
        )

    @contextmanager
    def _opened(self, key: str) -> Iterator[tuple[int, BlobStat] | None]:
        *parents, name = key_check(key)
        with shard_errors(self.name), open_folders(self.root, parents) as folders:
            found = open_file(folders[-1], name) if folders else None
        if found is None:
            yield None
            return
        file, label = found
        try:
            with shard_errors(self.name):
                status = os.fstat(file)
            yield file, BlobStat(status.st_size, status.st_mtime, label_decode(label))
        finally:
            os.close(file)

    def _chunks(self, file: int, start: int, stop: int) -> Iterator[bytes]:
        while start < stop:
            with shard_errors(self.name):
                chunk = os.pread(file, min(self._chunk_bytes, stop - start), start)
            if not chunk:
                return  # cut off behind our back; whoever reads compares the digest
            yield chunk
            start += len(chunk)

    def _clear_once(self, folder: int) -> None:
        if not self._cleared:
            self._cleared = True
            clear_leftovers(folder)
