"""Sources: what a ``put`` reads from, bytes or a file."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from webapp.storage.base import CHUNK_BYTES, Source, Whole


class Hash(Protocol):
    """What hashlib's objects have."""

    def update(self, data: bytes, /) -> object:
        """Take more bytes."""
        ...

    def digest(self) -> bytes:
        """Return the hash of all bytes so far."""
        ...


@contextmanager
def source_open(source: Source) -> Iterator[BinaryIO]:
    """Open a source for reading from its start.

    Raises:
        OSError: The file is gone: a defect of the caller, never of a shard.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
        return
    yield io.BytesIO(source_bytes(source))


@contextmanager
def source_reader(source: Source) -> Iterator[BinaryIO | Whole]:
    """Open a source whose bytes are still to be hashed; give one that is as it is."""
    if isinstance(source, Whole):
        yield source
        return
    with source_open(source) as reader:
        yield reader


def source_bytes(source: Source) -> bytes:
    """Return all bytes of a source; reads a file whole."""
    if isinstance(source, Whole):
        return source.data
    return source.read_bytes() if isinstance(source, Path) else source


def source_size(source: Source) -> int:
    """Return the number of bytes of a source."""
    return source.stat().st_size if isinstance(source, Path) else len(source_bytes(source))


def source_hash(source: Source, empty: Hash) -> bytes:
    """Return the hash of a source; reads all of it.

    Args:
        source: Bytes or a file.
        empty: A new hashlib object.
    """
    with source_open(source) as file:
        while chunk := file.read(CHUNK_BYTES):
            empty.update(chunk)
    return empty.digest()


def source_digest(source: Source) -> str:
    """Return the digest of a source; reads all of it, about 1 s per 1.4 GB, if need be."""
    if isinstance(source, Whole):
        return source.digest
    return f"sha256:{source_hash(source, hashlib.sha256()).hex()}"
