"""Carrying out what was decided for the copies of one blob."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import structlog
from django.conf import settings

from webapp.core.errors import DigestMismatchError, ShardsUnavailableError, ShardUnavailableError
from webapp.core.repair import BlobPlan, Place, Sight, Step, Verb
from webapp.images.copies import Placement
from webapp.images.looking import Wanted
from webapp.storage.base import BlobStore, Source
from webapp.storage.copies import copy_any, read_any
from webapp.storage.quarantine import quarantine_copy

log = structlog.get_logger(__name__)

IN_MEMORY_BYTES = 8 * 1024 * 1024


class Code(StrEnum):
    """What a repair found or did; stable, and what a summary counts."""

    WHOLE = "whole"
    GONE = "gone"
    COPIED = "copied"
    REPLACED = "replaced"
    WENT_HOME = "went-home"
    DISCARDED = "discarded"
    REWRITTEN = "record-rewritten"
    REMAKE = "remake-queued"
    WAITING = "waiting"
    BUSY = "busy"
    SHORT = "short"
    CANNOT_TELL = "cannot-tell"
    NEWER = "newer-record"
    LOST = "lost"
    FAILED = "failed"


MEANINGS = {
    Code.WHOLE: "images with every copy at home",
    Code.GONE: "images that are deleted or not in the index any more",
    Code.COPIED: "copies written where there was none",
    Code.REPLACED: "bad copies put aside and written over",
    Code.WENT_HOME: "copies that stood in and were removed",
    Code.DISCARDED: "bad copies put aside where none is wanted",
    Code.REWRITTEN: "manifests written again",
    Code.REMAKE: "images whose renditions are made again",
    Code.WAITING: "images whose stand-ins go in a while",
    Code.BUSY: "images somebody else works on; nothing was removed",
    Code.SHORT: "blobs with fewer copies than wanted",
    Code.CANNOT_TELL: "blobs no good copy of was seen, while a shard is silent",
    Code.NEWER: "manifests on shards that know more than the index",
    Code.LOST: "blobs without any good copy",
    Code.FAILED: "images that could not be looked at; the log says why",
}

WRITTEN = {Verb.COPY: Code.COPIED, Verb.REPLACE: Code.REPLACED}
REMOVED = {Verb.REMOVE: Code.WENT_HOME, Verb.DISCARD: Code.DISCARDED}


Spent = Callable[[int], None]
"""Told of every copy that was read or written, with its bytes; may rest before it returns."""


def no_rest(_size: int) -> None:
    """Go on at once."""


@dataclass(slots=True)
class Tally:
    """What was found and done, by code, and the bytes that were moved for it."""

    spent: Spent = no_rest
    codes: Counter[str] = field(default_factory=Counter)
    bytes_moved: int = 0
    suspicious: bool = False
    """A copy that was trusted turned out to be bad when it was used."""


def blob_write(
    placement: Placement, blob: Wanted, plan: BlobPlan, look: Sequence[Place], tally: Tally
) -> set[str]:
    """Write the copies a plan calls for, each from a copy that was verified; return where to."""
    done: set[str] = set()
    homes = {place.shard for place in look if place.home}
    try:
        with _source(placement, blob, look, tally) as source:
            for step in plan.writes:
                enough = plan.presumed + len(done) >= plan.wanted
                if (step.shard in homes or not enough) and _write(placement, blob, step, source):
                    done.add(step.shard)
                    tally.codes[WRITTEN[step.verb]] += 1
                    tally.bytes_moved += blob.size
                    tally.spent(blob.size)
    except DigestMismatchError as error:
        tally.suspicious = True
        log.warning("no good copy", key=placement.key(blob.name), detail=error.detail)
    except ShardsUnavailableError as error:
        log.info("copy not read", key=placement.key(blob.name), detail=error.detail)
    return done


@contextmanager
def _source(
    placement: Placement, blob: Wanted, look: Sequence[Place], tally: Tally
) -> Iterator[Source]:
    """Give verified bytes of a blob: in memory when they are few, else in a nameless file."""
    held = [p for p in look if p.sight.held]
    names = [p.shard for p in sorted(held, key=lambda p: p.sight is not Sight.GOOD)]
    by_name = {spec.name: store for spec, store in placement.readable()}
    stores = [by_name[name] for name in names if name in by_name]
    key, digest = placement.key(blob.name), blob.label.digest
    if blob.size <= IN_MEMORY_BYTES:
        copy = read_any(stores, key, digest=digest)
        tally.suspicious |= copy is None or bool(copy.bad)
        if copy is None:
            raise ShardsUnavailableError(f"The copies of {key} went away while they were read.")
        yield copy.data
        return
    folder = settings.SHOEBOX.spool
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        path = Path(f"/proc/self/fd/{file.fileno()}")
        copy = copy_any(stores, key, path, digest=digest)
        tally.suspicious |= copy is None or bool(copy.bad)
        if copy is None:
            raise ShardsUnavailableError(f"The copies of {key} went away while they were read.")
        yield path


def _write(placement: Placement, blob: Wanted, step: Step, source: Source) -> bool:
    key = placement.key(blob.name)
    try:
        store = recording_store(placement, step.shard)
        if step.verb is Verb.REPLACE:
            put_aside(store, key)
        store.put(key, source, label=blob.label)
    except ShardUnavailableError as error:
        log.info("copy not placed", shard=step.shard, key=key, detail=error.detail)
        return False
    return True


def blob_remove(placement: Placement, blob: Wanted, step: Step) -> bool:
    """Remove a copy nobody needs any more; the caller holds the lease and saw R good ones."""
    key = placement.key(blob.name)
    try:
        store = recording_store(placement, step.shard)
        if step.verb is Verb.DISCARD:
            put_aside(store, key)
        store.delete(key)
    except ShardUnavailableError as error:
        log.info("copy not removed", shard=step.shard, key=key, detail=error.detail)
        return False
    log.info("copy removed", shard=step.shard, key=key)
    return True


def put_aside(store: BlobStore, key: str) -> None:
    """Keep a bad copy in its shard's quarantine.

    Raises:
        ShardUnavailableError: It could not be kept; the copy must stay as it is.
    """
    folder = settings.SHOEBOX.spool
    folder.mkdir(parents=True, exist_ok=True)
    aside = quarantine_copy(store, key, folder=folder)
    log.warning("bad copy put aside", shard=store.name, key=key, aside=aside)


def recording_store(placement: Placement, shard: str) -> BlobStore:
    """Return the store of a position that takes copies, records and deletes.

    Raises:
        ShardUnavailableError: It takes none at the moment.
    """
    for spec, store in placement.recording():
        if spec.name == shard:
            return store
    raise ShardUnavailableError(f"Shard {shard!r} takes nothing at the moment.", shard=shard)
