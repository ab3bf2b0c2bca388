"""Manifests that are missing, damaged or old on a position are written there again."""

from webapp.core.errors import MalformedRequestError
from webapp.core.keys import MANIFEST
from webapp.core.label import Label
from webapp.core.manifest import Revision, manifest_dump, manifest_load
from webapp.core.signing import bytes_digest
from webapp.images.copies import Placement
from webapp.images.looking import Depth, Depths
from webapp.images.models import Image
from webapp.images.services.mend import Code, Tally, put_aside
from webapp.images.services.records import JSON_TYPE
from webapp.storage.base import BlobStat, BlobStore
from webapp.storage.everywhere import ask_all

ATTEMPTS = 3


def manifest_mend(
    image: Image, placement: Placement, depths: Depths, tally: Tally, *, apply: bool
) -> bool:
    """Bring the manifest the index last wrote to every position that takes records.

    A manifest is a pure function of the row, so writing it again under its revision changes
    nothing; when the row moved on meanwhile it is looked at again. One that knows more than
    the index is never written over.

    Returns:
        Whether every home that answers has it.
    """
    for _ in range(ATTEMPTS):
        if image.revision != image.manifest_revision:
            return True  # another is being written, or none is called for yet
        found = _everywhere(image, placement, depths, apply=apply)
        for codes in found.values():
            tally.codes.update(codes)
        revision = image.revision
        image.refresh_from_db()
        if image.revision == revision or not apply:
            homes = {n for n in placement.home_names() if depths(n) is not Depth.INDEX}
            return homes <= found.keys()
    return False


def _everywhere(
    image: Image, placement: Placement, depths: Depths, *, apply: bool
) -> dict[str, list[Code]]:
    data = manifest_dump(image.manifest)
    label = Label(bytes_digest(data), JSON_TYPE)
    revision = Revision(image.epoch, image.revision)
    key = placement.key(MANIFEST)

    def mend(store: BlobStore) -> list[Code]:
        stat = store.stat(key)
        if stat and not _differs(store, key, label, stat, depths(store.name)):
            return []
        found = _read(store, key) if stat else None
        if found is not None and _knows_more(found, revision):
            return [Code.NEWER]
        if apply:
            if found is not None and _damaged(found):
                put_aside(store, key)
            store.put(key, data, label=label)
        return [Code.REWRITTEN]

    stores = [s for _, s in placement.recording() if depths(s.name) is not Depth.INDEX]
    return ask_all(stores, mend).given


def _differs(store: BlobStore, key: str, label: Label, stat: BlobStat, depth: Depth) -> bool:
    if stat.label is None or stat.label.digest != label.digest:
        return True
    if depth is not Depth.READ:
        return False
    data = _read(store, key)
    return data is None or bytes_digest(data) != label.digest


def _read(store: BlobStore, key: str) -> bytes | None:
    with store.open(key) as blob:
        return blob.read() if blob else None


def _knows_more(data: bytes, revision: Revision) -> bool:
    try:
        return manifest_load(data).revision > revision
    except MalformedRequestError:
        return False


def _damaged(data: bytes) -> bool:
    try:
        manifest_load(data)
    except MalformedRequestError:
        return True
    return False
