"""Picking: which blob answers for a name."""

from webapp.core.errors import NotFoundError, ShardsUnavailableError, ShoeboxError
from webapp.reader.accept import FALLBACKS
from webapp.reader.blobs import extension_of
from webapp.reader.headers import Picked
from webapp.reader.names import Name, What
from webapp.reader.on_demand import OnDemand
from webapp.reader.source import MEMORY, BlobSource
from webapp.reader.stand_ins import StandIns, largest_etag, largest_key


class Picker:
    """Picks blobs.

    Args:
        source: Finds them.
        on_demand: Finds those of sizes that no preset names.
    """

    def __init__(self, source: BlobSource, on_demand: OnDemand) -> None:
        self._source = source
        self._on_demand = on_demand
        self._stand_ins = StandIns(source)

    async def pick(self, name: Name, preferred: tuple[str, ...]) -> Picked:
        """Return the blob to send for a name.

        Args:
            name: What is asked for.
            preferred: Extensions of a negotiated rendition, best first; empty otherwise.

        Raises:
            NotFoundError: There is none and there will be none.
            RetryError: Nobody can tell, or it is not made yet.
        """
        if name.what is What.NEGOTIATED:
            return await self._negotiated(name, preferred)
        if name.what is What.RENDITION:
            return await self._rendition(name)
        if name.what is What.ON_DEMAND:
            found = await self._on_demand.find(name)
            return Picked(found.blob, name.etag, found.cache)
        if name.what is What.PRIVATE:
            found = await self._source.find(name.image_id, name.key)
            return Picked(found.blob, name.etag, found.cache, ranges=True)
        return await self._original(name)

    async def _original(self, name: Name) -> Picked:
        if not name.extension and (held := self._source.cache.get(largest_key(name))):
            return Picked(held, largest_etag(name), MEMORY)
        try:
            found = await self._source.find(name.image_id, name.key)
        except NotFoundError:
            if name.extension:
                raise
            return await self._stand_ins.largest(name)
        if name.extension not in {"", extension_of(found.blob.content_type)}:
            raise NotFoundError
        return Picked(found.blob, name.etag, found.cache, ranges=True)

    async def _rendition(self, name: Name) -> Picked:
        try:
            found = await self._source.find(name.image_id, name.key)
        except (NotFoundError, ShardsUnavailableError) as error:
            return await self._stand_ins.instead_of(name, error)
        return Picked(found.blob, name.etag, found.cache)

    async def _negotiated(self, name: Name, preferred: tuple[str, ...]) -> Picked:
        failure: ShoeboxError = NotFoundError()
        for extension in preferred:
            rendition = name.rendition(extension)
            try:
                found = await self._source.find(name.image_id, rendition.key)
            except NotFoundError:
                continue
            except ShardsUnavailableError as error:
                failure = error
                continue
            return Picked(found.blob, rendition.etag, found.cache)
        return await self._stand_ins.instead_of(name.rendition("webp"), failure)


def etags_of(name: Name, preferred: tuple[str, ...]) -> list[str]:
    """Return the tags a 200 of this path can have carried.

    Of JPEG and PNG an image has one, so a client that holds either holds the right one.
    """
    if name.what is not What.NEGOTIATED:
        tags = [name.etag]
        if name.what is What.ORIGINAL and not name.extension:
            tags.append(largest_etag(name))
        return tags
    likely = preferred[:1] if preferred[0] not in FALLBACKS else preferred[:2]
    return [name.rendition(extension).etag for extension in likely]
