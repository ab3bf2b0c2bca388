"""Comparing what was seen of an image with what should be true of it. Pure.

Nothing here reads, writes or asks; a finding is what follows from ``Wanted`` and ``Seen`` alone.
"""

from collections import Counter
from collections.abc import Iterator

from webapp.core.keys import MANIFEST, TOMBSTONE
from webapp.core.manifest import Revision
from webapp.core.on_demand import is_on_demand
from webapp.healing.findings import Code, Finding
from webapp.healing.scrub_seen import BlobSeen, Seen, Wanted, newest


def compare(wanted: Wanted, seen: Seen) -> list[Finding]:
    """Return what is not as it should be with one image the index has.

    Deterministic, and never both ``missing`` and ``cannot-tell`` for one shard and blob.
    """
    found = list(_silent(wanted, seen))
    found += _records(wanted, seen)
    if wanted.erased:
        found += _left_over(seen)
        return found
    for name, digest in wanted.copies.items():
        found += _copies(wanted, seen, name, digest)
    found += _on_demand(wanted, seen)
    found += _unlisted(wanted, seen)
    found += _lost(wanted, seen)
    return found


def compare_orphan(seen: Seen, *, tombstone: Revision | None) -> list[Finding]:
    """Return what is not as it should be with an image the index does not have.

    Args:
        seen: Everything found under its name.
        tombstone: The newest one that was found.
    """
    found = [
        Finding(Code.CORRUPT, blob.shard, seen.image_id, blob.name, "not what its label says")
        for blob in seen.blobs
        if blob.label_digest is not None and blob.digest != blob.label_digest
    ]
    names: dict[str, list[str]] = {}
    for blob in seen.blobs:
        names.setdefault(blob.shard, []).append(blob.name)
    for shard, blobs in names.items():
        if tombstone is not None and blobs == [TOMBSTONE]:
            continue  # all that should be left of a deleted image
        found.append(Finding(Code.ORPHAN, shard, seen.image_id, "", ", ".join(sorted(blobs))))
    return found


def _silent(wanted: Wanted, seen: Seen) -> Iterator[Finding]:
    for shard in wanted.positions:
        if shard in seen.silent:
            yield Finding(Code.CANNOT_TELL, shard, seen.image_id, "", "the shard did not answer")


def _copies(wanted: Wanted, seen: Seen, name: str, digest: str) -> Iterator[Finding]:
    copies = {blob.shard: blob for blob in seen.of(name)}
    good = {shard for shard, blob in copies.items() if blob.digest == digest}
    homes = wanted.homes_of(name)
    for shard, blob in copies.items():
        yield from _one_copy(wanted, seen, blob, digest)
        if shard not in wanted.positions:
            yield Finding(Code.MISPLACED, shard, seen.image_id, name, "no position of the image")
        elif shard not in homes and good >= {shard, *homes} and not wanted.standing_in:
            yield Finding(Code.EXTRA, shard, seen.image_id, name, "every home has its own")
    if wanted.settling:
        return
    for shard in homes:
        if shard not in copies and shard not in seen.silent:
            yield Finding(Code.MISSING, shard, seen.image_id, name)


def _on_demand(wanted: Wanted, seen: Seen) -> Iterator[Finding]:
    """Yield what is wrong with sizes on demand, which no row lists: what most copies are counts."""
    for name in sorted({blob.name for blob in seen.blobs if is_on_demand(blob.name)}):
        sound = Counter(blob.digest for blob in seen.of(name) if blob.sound)
        digest = max(sound, key=lambda one: (sound[one], one), default=None)
        if digest is not None:
            yield from _copies(wanted, seen, name, digest)
            continue
        for blob in seen.of(name):
            yield Finding(Code.CORRUPT, blob.shard, seen.image_id, name, "no copy is good")


def _one_copy(wanted: Wanted, seen: Seen, blob: BlobSeen, digest: str) -> Iterator[Finding]:
    if blob.digest == digest:
        if blob.label_digest != digest:
            detail = "no label" if blob.label_digest is None else f"says {blob.label_digest}"
            yield Finding(Code.LABEL_WRONG, blob.shard, seen.image_id, blob.name, detail)
        return
    if wanted.settling and blob.sound:
        return  # a rendition made again, which the index is about to learn of
    detail = f"{blob.size} bytes, {blob.digest}"
    yield Finding(Code.CORRUPT, blob.shard, seen.image_id, blob.name, detail)


def _records(wanted: Wanted, seen: Seen) -> Iterator[Finding]:
    yield from _later_records(wanted, seen)
    if not wanted.record:
        return
    records = {blob.shard: blob for blob in seen.of(wanted.record)}
    for shard in wanted.recording:
        if shard in records:
            yield from _one_record(wanted, seen, records[shard])
        elif shard not in seen.silent and not wanted.settling:
            yield Finding(Code.MISSING, shard, seen.image_id, wanted.record)


def _one_record(wanted: Wanted, seen: Seen, blob: BlobSeen) -> Iterator[Finding]:
    def finding(code: Code, detail: str) -> Finding:
        return Finding(code, blob.shard, seen.image_id, blob.name, detail)

    if blob.revision is None or not blob.sound:
        # No work under way leaves half a record, so it is said of a settling image, too.
        yield finding(Code.MANIFEST_DAMAGED, "cannot be read, or is not what its label says")
    elif blob.revision < wanted.record_revision and not wanted.settling:
        have, want = blob.revision.counter, wanted.record_revision.counter
        yield finding(Code.MANIFEST_STALE, f"revision {have}, not {want}")


def _later_records(wanted: Wanted, seen: Seen) -> Iterator[Finding]:
    for name in (MANIFEST, TOMBSTONE):
        latest = newest(seen, name)
        if latest is None or latest.revision is None or latest.revision <= wanted.revision:
            continue
        epoch, counter = latest.revision
        detail = f"a {name} of epoch {epoch}, revision {counter}"
        yield Finding(Code.ROW_STALE, latest.shard, seen.image_id, name, detail)


def _unlisted(wanted: Wanted, seen: Seen) -> Iterator[Finding]:
    """Yield blobs nobody will ask for. While workers are busy they may be about to be listed."""
    if wanted.settling or wanted.deleted:
        return
    known = {*wanted.copies, MANIFEST, TOMBSTONE}
    for blob in seen.blobs:
        if blob.name not in known and not is_on_demand(blob.name):
            yield Finding(Code.EXTRA, blob.shard, seen.image_id, blob.name, "not in the index")


def _left_over(seen: Seen) -> Iterator[Finding]:
    for blob in seen.blobs:
        if blob.name != TOMBSTONE:
            yield Finding(Code.EXTRA, blob.shard, seen.image_id, blob.name, "the image was erased")


def _lost(wanted: Wanted, seen: Seen) -> Iterator[Finding]:
    digest = wanted.copies.get(wanted.original)
    if digest is None or any(blob.digest == digest for blob in seen.of(wanted.original)):
        return
    if not seen.silent & set(wanted.positions):
        yield Finding(Code.ROW_WITHOUT_BYTES, "", seen.image_id, wanted.original)
