"""Stand-ins: what is shown while a rendition is not there yet, and for private originals.

Only on these paths, which ready images never take, a manifest is looked at.
"""

from typing import Final

from webapp.core.errors import (
    BusyError,
    MalformedRequestError,
    NotFoundError,
    ShardsUnavailableError,
    ShoeboxError,
)
from webapp.core.ids import Kind
from webapp.core.keys import MANIFEST, ORIGINAL, PRIVATE, blob_key
from webapp.core.manifest import Manifest, manifest_load
from webapp.core.presets import BROWSER_TYPES, PRESETS, larger_presets
from webapp.reader.accept import FALLBACKS
from webapp.reader.blobs import HeldBlob
from webapp.reader.headers import Picked
from webapp.reader.names import Name
from webapp.reader.source import BlobSource

READY: Final = "ready"
WEBP: Final = "webp"
LARGEST: Final = "largest"
# JPEG and PNG before WebP: the path names no type, so whoever asks may know only the old ones.
_EXTENSIONS: Final = ("jpg", "png", WEBP)
_BY_WIDTH: Final = tuple(
    preset.name for preset in sorted(PRESETS, key=lambda p: -p.width) if not preset.crop
)


def largest_key(name: Name) -> str:
    """Return the key in memory of what answers ``/{id}`` of a private original."""
    return blob_key(name.image_id, LARGEST)


def largest_etag(name: Name) -> str:
    """Return the tag ``/{id}`` sends for a private original: weak, it is a rendition."""
    return f'W/"{name.id}/{LARGEST}"'


def never_made(manifest: Manifest, file: str) -> bool:
    """Return whether a rendition that is absent will stay so.

    Either all are made and it is none of them, or the other fallback was chosen.
    """
    if file in manifest.renditions:
        return False
    made = {known.rpartition(".")[2] for known in manifest.renditions}.intersection(FALLBACKS)
    extension = file.rpartition(".")[2]
    return manifest.state == READY or (bool(made) and extension in {*FALLBACKS} - made)


class StandIns:
    """Finds what answers for a blob that is not there.

    Args:
        source: Finds blobs.
    """

    def __init__(self, source: BlobSource) -> None:
        self._source = source

    async def instead_of(self, name: Name, error: ShoeboxError) -> Picked:
        """Return what to show for the rendition ``name``: something larger.

        The original stands in only for public images: a signature for one rendition does not
        cover it.

        Args:
            name: The rendition.
            error: Why there is none: absent, or nobody could tell.

        Raises:
            NotFoundError: It will never be there, or the image is not.
            BusyError: It is not made yet, and nothing can stand in.
            ShardsUnavailableError: Nobody can tell.
        """
        manifest = await self._manifest(name)
        if manifest is not None and never_made(manifest, f"{name.preset}.{name.extension}"):
            raise NotFoundError(id=name.id)
        await self._exists(name)
        for preset in larger_presets(name.preset):
            if picked := await self._try(name.preset_rendition(preset, name.extension).key, name):
                return picked
        original = await self._public_original(name)
        if original is not None:
            return original
        raise _pending(name, error)

    async def largest(self, name: Name) -> Picked:
        """Return the largest rendition of an image whose original is private.

        Raises:
            NotFoundError: There is no such image.
            BusyError: No rendition is made yet.
            ShardsUnavailableError: Nobody can tell.
        """
        manifest = await self._manifest(name)
        if manifest is None or not manifest.private:
            await self._source.has(name.image_id, blob_key(name.image_id, PRIVATE))
        made = frozenset(manifest.renditions) if manifest else frozenset[str]()
        wanted = [f"{preset}.{ext}" for preset in _BY_WIDTH for ext in _EXTENSIONS]
        listed = [file for file in wanted if file in made]
        for file in listed or wanted:
            if picked := await self._try(blob_key(name.image_id, file), name):
                return self._final(name, picked) if listed and file == listed[0] else picked
        raise _pending(name, NotFoundError())

    def _final(self, name: Name, picked: Picked) -> Picked:
        self._source.keep(name.id, largest_key(name), picked.blob)
        return Picked(picked.blob, largest_etag(name), picked.cache)

    async def _exists(self, name: Name) -> None:
        """Return when the image is there or may be.

        Raises:
            NotFoundError: It certainly is not.
        """
        try:
            await self._source.has(name.image_id, blob_key(name.image_id, ORIGINAL))
        except ShardsUnavailableError:
            return
        except NotFoundError:
            await self._exists_privately(name)

    async def _exists_privately(self, name: Name) -> None:
        try:
            await self._source.has(name.image_id, blob_key(name.image_id, PRIVATE))
        except ShardsUnavailableError:
            return

    async def _public_original(self, name: Name) -> Picked | None:
        if name.image_id.kind is not Kind.PUBLIC:
            return None
        picked = await self._try(blob_key(name.image_id, ORIGINAL), name)
        if picked is None or not isinstance(picked.blob, HeldBlob):
            return None
        return picked if picked.blob.content_type in BROWSER_TYPES else None

    async def _try(self, key: str, name: Name) -> Picked | None:
        """Return a blob as a pending answer; None when it is not to be had."""
        try:
            found = await self._source.find(name.image_id, key)
        except (NotFoundError, ShardsUnavailableError):
            return None
        return Picked(found.blob, "", found.cache, pending=True)

    async def _manifest(self, name: Name) -> Manifest | None:
        key = blob_key(name.image_id, MANIFEST)
        try:
            found = await self._source.find(name.image_id, key, keep=False)
            return manifest_load(found.blob.body) if isinstance(found.blob, HeldBlob) else None
        except (NotFoundError, ShardsUnavailableError, MalformedRequestError):
            return None


def _pending(name: Name, error: ShoeboxError) -> ShoeboxError:
    if isinstance(error, ShardsUnavailableError):
        return error
    return BusyError("This size of the image is not made yet.", id=name.id, pending=True)
