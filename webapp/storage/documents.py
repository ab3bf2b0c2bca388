"""Signed documents, topology and deletion journal, on every shard and in a local file."""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from webapp.core.errors import ConfigurationError, DigestMismatchError
from webapp.core.label import Label
from webapp.core.signing import bytes_digest
from webapp.storage.base import BlobStore
from webapp.storage.everywhere import WITHIN_SECONDS, Answers, ask_all

CONTENT_TYPE = "application/json"


def document_publish(
    stores: Sequence[BlobStore], key: str, data: bytes, *, within: float = WITHIN_SECONDS
) -> list[str]:
    """Write a document to all stores at the same time.

    A store that was too slow may take it later, even over a newer one: readers compare
    revisions, and whoever publishes does so again from time to time.

    Args:
        stores: Every shard that takes records.
        key: Of the document.
        data: Signed already.
        within: Seconds after which nobody waits any longer.

    Returns:
        The names of the shards that hold it now, in the order given.
    """
    label = Label(bytes_digest(data), CONTENT_TYPE)
    answers = ask_all(stores, lambda store: store.put(key, data, label=label), within=within)
    return list(answers.given)


def document_fetch_all(
    stores: Sequence[BlobStore], key: str, *, within: float = WITHIN_SECONDS
) -> Answers[bytes | None]:
    """Return the document as every store has it; None from those that lack it.

    The caller checks signatures and takes the highest revision. A copy with a wrong digest
    counts as silent.
    """
    return ask_all(stores, lambda store: _fetch(store, key), within=within)


def _fetch(store: BlobStore, key: str) -> bytes | None:
    with store.open(key) as blob:
        if blob is None:
            return None
        data, label = blob.read(), blob.stat.label
    if label is not None and label.digest != (found := bytes_digest(data)):
        raise DigestMismatchError(shard=store.name, key=key, wanted=label.digest, found=found)
    return data


def file_publish(path: Path, data: bytes) -> None:
    """Replace a local file as a whole; afterwards it is durable.

    Raises:
        ConfigurationError: It cannot be written; the message says why.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_durably(temporary, data)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from error


def file_read(path: Path) -> bytes | None:
    """Return what ``file_publish`` wrote; None when it never did.

    Raises:
        ConfigurationError: It is there and cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
