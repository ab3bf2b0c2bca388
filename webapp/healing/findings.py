"""Findings: what is not as it should be on the shards, with stable codes.

Source: after the codes of MogileFS's fsck; "cannot tell" is kept apart from "missing".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """What is not as it should be. Codes are stable; each has a line on its reference page."""

    MISSING = "missing"
    CORRUPT = "corrupt"
    LABEL_WRONG = "label-wrong"
    MISPLACED = "misplaced"
    EXTRA = "extra"
    ORPHAN = "orphan"
    ROW_WITHOUT_BYTES = "row-without-bytes"
    ROW_STALE = "row-stale"
    MANIFEST_STALE = "manifest-stale"
    MANIFEST_DAMAGED = "manifest-damaged"
    CANNOT_TELL = "cannot-tell"


MEANINGS: Mapping[Code, tuple[str, str]] = {
    Code.MISSING: (
        "A shard answered, and a copy that belongs there is not there.",
        "Written again from a good copy.",
    ),
    Code.CORRUPT: (
        "The bytes of a copy do not have the digest they should have; also cut off or empty.",
        "Put into quarantine and replaced by a verified copy; never the other way round.",
    ),
    Code.LABEL_WRONG: (
        "The bytes are right, and the label beside them is missing, damaged or another's.",
        "Written again with the right label.",
    ),
    Code.MISPLACED: (
        "A copy lies on a shard that is no position of the image, where no reader looks.",
        "Removed once every home has a verified copy.",
    ),
    Code.EXTRA: (
        "A copy nobody needs: a hand-off beside full homes, bytes of an erased image, and such.",
        "Hand-offs are removed once every home has a verified copy; what was erased is erased.",
    ),
    Code.ORPHAN: (
        "Blobs of an image the index does not have, and no upload that could still be running.",
        "Taken into the index by manifest or label; what has neither is tombstoned, erased later.",
    ),
    Code.ROW_WITHOUT_BYTES: (
        "The index has the image, every position answered, and none has a good original.",
        "Nothing can: look on shards that were taken away, and in quarantine.",
    ),
    Code.ROW_STALE: (
        "The shards know a later revision than the index: an older database was restored.",
        "The later manifest or tombstone is taken into the index.",
    ),
    Code.MANIFEST_STALE: (
        "A manifest or tombstone on a shard is older than what the index last wrote.",
        "Written again.",
    ),
    Code.MANIFEST_DAMAGED: (
        "A manifest or tombstone on a shard cannot be read, or is not what its revision says.",
        "Written again.",
    ),
    Code.CANNOT_TELL: (
        "A shard did not answer, which says nothing about what lies there: it is not missing.",
        "Nothing, until the shard answers.",
    ),
}
"""Code → what it means, and what `--apply` does about it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Args:
        code: What.
        shard: Where; empty when it is about no shard alone.
        image_id: Of what.
        blob: Name of the blob in the image's folder; empty for the image as a whole.
        detail: What was seen, for a person.
    """

    code: Code
    shard: str
    image_id: str
    blob: str = ""
    detail: str = ""


def count_by_shard(findings: Iterable[Finding]) -> dict[str, dict[str, int]]:
    """Return shard → code → how often; what is about no shard alone is under the empty name."""
    counts: dict[str, dict[str, int]] = {}
    for finding in findings:
        codes = counts.setdefault(finding.shard, {})
        codes[finding.code.value] = codes.get(finding.code.value, 0) + 1
    return counts
