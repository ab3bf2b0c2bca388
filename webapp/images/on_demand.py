"""Sizes on demand as healing sees them: no row lists them, the shards themselves say what there is.

They can always be made again, so none is ever missing by the index; while a good copy of one is
left, it belongs on as many homes as any rendition.
"""

from collections import Counter
from collections.abc import Iterable

from webapp.core.label import Label
from webapp.core.presets import RENDITION_TYPES
from webapp.images.copies import Placement
from webapp.images.looking import Wanted
from webapp.storage.base import BlobStat, BlobStore
from webapp.storage.everywhere import ask_all


def made_wanted(placement: Placement, files: Iterable[str]) -> list[Wanted]:
    """Return what copies of sizes on demand should be, by what most of them say they are.

    Two that were made at the same time by different codecs may differ: either is right, and one
    of them is kept.

    Args:
        placement: Of their image.
        files: Names some position lists.
    """
    names = sorted(files)

    def stats(store: BlobStore) -> dict[str, BlobStat | None]:
        return {name: store.stat(placement.key(name)) for name in names}

    given = ask_all([store for _, store in placement.readable()], stats).given.values()
    count = placement.version.rendition_replica_count
    wanted = []
    for name in names:
        seen = Counter((s.label.digest, s.size) for of in given if (s := of[name]) and s.label)
        # Nothing has the digest of nothing: copies that say nothing of themselves are bad.
        digest, size = max(seen, key=lambda one: (seen[one], one), default=("", 0))
        content_type = RENDITION_TYPES[name.rpartition(".")[2]]
        wanted.append(Wanted(name, Label(digest, content_type), size, count))
    return wanted
