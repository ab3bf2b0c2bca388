"""Reading: from a request to its answer, section 6 of the design from top to bottom."""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from webapp.core.errors import (
    DeletedError,
    NotFoundError,
    RangeNotSatisfiableError,
    ShardsUnavailableError,
    StaleError,
    UnknownVersionError,
)
from webapp.core.presets import PRESET_BY_NAME
from webapp.core.signing import Keyring
from webapp.reader.accept import extensions_preferred
from webapp.reader.answers import Answer
from webapp.reader.blobs import HeldBlob, extension_of
from webapp.reader.etags import Verdict, none_match_known, preconditions, range_applies
from webapp.reader.headers import (
    Picked,
    at_hand_headers,
    blob_headers,
    is_public,
    not_modified_headers,
)
from webapp.reader.names import Name, What, name_parse
from webapp.reader.on_demand import OnDemand
from webapp.reader.picking import Picker, etags_of
from webapp.reader.poller import Poller
from webapp.reader.ranges import ByteRange, UnsatisfiableError, range_parse
from webapp.reader.sending import WHOLE_SEND_BYTES
from webapp.reader.source import MEMORY, SHARD, BlobSource
from webapp.reader.terms import PLAIN, Terms, terms_parse

_CONDITIONS: Final = frozenset(
    {
        b"if-match",
        b"if-none-match",
        b"if-modified-since",
        b"if-unmodified-since",
        b"if-range",
        b"range",
    }
)
RequestHeaders = Iterable[tuple[bytes, bytes]]


class Reading:
    """Answers requests for images.

    Args:
        source: Finds blobs.
        on_demand: Finds sizes that no preset names.
        poller: Looks for a newer topology when a name is ahead of ours.
        keyring: Verifies links.
        unconfirmed_seconds: With a topology no shard has confirmed for so long, "not found" is
            more than we know.
        clock: Seconds since 1970; tests bring their own.
    """

    def __init__(
        self,
        source: BlobSource,
        on_demand: OnDemand,
        poller: Poller,
        *,
        keyring: Keyring,
        unconfirmed_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._poller = poller
        self._keyring = keyring
        self._unconfirmed_seconds = unconfirmed_seconds
        self._clock = clock
        self._picker = Picker(source, on_demand)

    def ready(self, method: str, path: str, scope: Mapping[str, Any]) -> Answer | None:
        """Return the answer to what most requests are; None for all others.

        That is a plain GET of a public blob that is in memory or takes no waiting, or one that
        sends back the very tag it got. At the cost of these lines; ``answer`` decides everything.
        """
        if method != "GET" or scope["query_string"]:
            return None
        name = name_parse(path)
        if name is None or name.id in self._source.journal.value.entries:
            return None
        tag = b""
        for header, value in scope["headers"]:
            if header in _CONDITIONS:
                if header != b"if-none-match" or tag:
                    return None
                tag = value
        if tag:
            return self._unchanged(name, tag)
        held = self._source.cache.get(name.key)
        return held.ready.get(path) if held else self._at_hand(name)

    def _at_hand(self, name: Name) -> Answer | None:
        """Return the answer to a plain request for a public blob that takes no waiting."""
        if not is_public(name):
            return None
        try:
            found = self._source.at_hand.find(name.image_id, name.key)
        except UnknownVersionError:
            return None
        if found is None:
            return None
        blob, seconds = found
        typed = name.extension if name.what is What.ORIGINAL else ""
        if typed and typed != extension_of(blob.content_type):
            return None
        headers = at_hand_headers(name, blob, seconds=seconds)
        return Answer(200, headers, blob.body, cache=SHARD, shard=blob.shard)

    def _unchanged(self, name: Name, tag: bytes) -> Answer | None:
        if name.signed or tag != name.etag.encode() or not self._known(name):
            return None
        return _not_modified_public(name.path)

    def _known(self, name: Name) -> bool:
        return name.image_id.version in self._source.topology.value.versions

    async def answer(self, method: str, path: str, query: bytes, headers: RequestHeaders) -> Answer:
        """Return the answer to a GET or HEAD.

        Raises:
            NotFoundError: Nonsense, or nowhere.
            NotAllowedError: A signature is needed, and there is no good one.
            DeletedError: The journal lists the image.
            StaleError: ``If-Match`` or ``If-Unmodified-Since`` failed.
            RetryError: Nobody can tell, or it is not made yet.
        """
        name = name_parse(path)
        if name is None:
            raise NotFoundError
        terms = terms_parse(name, query, keyring=self._keyring, now=self._clock())
        if name.id in self._source.journal.value.entries:
            raise DeletedError(id=name.id)
        wanted = _merged(item for item in headers if item[0] in _CONDITIONS)
        preferred = _preferred(headers, name.preset) if name.what is What.NEGOTIATED else ()
        await self._version_known(name)
        if etag := none_match_known(wanted, etags_of(name, preferred)):
            return self._not_modified(name, terms, etag)
        return await self._answer(method, name, terms, wanted, preferred)

    async def _answer(
        self,
        method: str,
        name: Name,
        terms: Terms,
        wanted: Mapping[str, str],
        preferred: tuple[str, ...],
    ) -> Answer:
        started = time.perf_counter()
        picked = await self._pick_sure(name, preferred)
        seconds = time.perf_counter() - started
        if picked.pending or not wanted:
            return await self._whole(method, name, terms, picked, seconds)
        blob = picked.blob
        verdict = preconditions(wanted, etag=picked.etag, modified=blob.modified)
        if verdict is Verdict.NOT_MODIFIED:
            return self._not_modified(name, terms, picked.etag)
        if verdict is Verdict.FAILED:
            raise StaleError(id=name.id)
        part = self._range(method, wanted, picked)
        if part is None:
            return await self._whole(method, name, terms, picked, seconds)
        return await self._part(name, terms, picked, part, seconds)

    async def _version_known(self, name: Name) -> None:
        """Return when the topology here has the version of a name; look for it once if not.

        Raises:
            ShardsUnavailableError: It has not. Never "not found": the name may be newer.
        """
        number = name.image_id.version
        topology = self._source.topology
        if number in topology.value.versions:
            return
        await self._poller.refresh()
        if number not in topology.value.versions:
            raise ShardsUnavailableError(
                "The topology known here does not have this version yet.", version=number
            )

    async def _pick_sure(self, name: Name, preferred: tuple[str, ...]) -> Picked:
        try:
            return await self._picker.pick(name, preferred)
        except NotFoundError as error:
            if self._source.topology.age > self._unconfirmed_seconds:
                raise ShardsUnavailableError(
                    "The topology known here may be out of date.", id=name.id
                ) from None
            if error.extra:
                raise  # it says more than that
            raise NotFoundError(id=name.id) from None

    def _range(self, method: str, wanted: Mapping[str, str], picked: Picked) -> ByteRange | None:
        """Return the part to send; None for the whole. RFC 9110 has ranges for GET alone.

        Raises:
            RangeNotSatisfiableError: The part lies outside.
        """
        text, blob = wanted.get("range"), picked.blob
        if text is None or method != "GET" or not picked.ranges:
            return None
        if not range_applies(wanted.get("if-range"), etag=picked.etag, modified=blob.modified):
            return None
        try:
            return range_parse(text, size=blob.size)
        except UnsatisfiableError:
            raise RangeNotSatisfiableError(range=text[:100], size=blob.size) from None

    def _not_modified(self, name: Name, terms: Terms, etag: str) -> Answer:
        return Answer(304, not_modified_headers(name, terms, etag, now=self._clock()))

    async def _whole(
        self, method: str, name: Name, terms: Terms, picked: Picked, seconds: float
    ) -> Answer:
        blob = picked.blob
        headers = blob_headers(
            name, terms, picked, length=blob.size, now=self._clock(), seconds=seconds
        )
        if not isinstance(blob, HeldBlob):
            if method == "HEAD":
                return Answer(200, headers, cache=picked.cache)
            stream = await self._source.stream(name.image_id, blob, 0, blob.size)
            return Answer(200, headers, stream=stream, cache=picked.cache, shard=stream.shard)
        if picked.cache != MEMORY:
            return Answer(200, headers, blob.body, cache=picked.cache, shard=blob.shard)
        answer = Answer(200, headers, blob.body, cache=MEMORY)
        small = blob.size <= WHOLE_SEND_BYTES
        if terms is PLAIN and small and not picked.pending and is_public(name):
            blob.ready[name.path] = answer
        return answer

    async def _part(
        self, name: Name, terms: Terms, picked: Picked, part: ByteRange, seconds: float
    ) -> Answer:
        blob, length = picked.blob, part.end - part.start
        headers = blob_headers(
            name, terms, picked, length=length, now=self._clock(), seconds=seconds
        )
        headers.append((b"content-range", part.content_range.encode()))
        if isinstance(blob, HeldBlob):
            body = _slice(blob.body, part)
            return Answer(206, headers, body, cache=picked.cache)
        stream = await self._source.stream(name.image_id, blob, part.start, part.end)
        return Answer(206, headers, stream=stream, cache=picked.cache, shard=stream.shard)


def _slice(body: bytes, part: ByteRange) -> bytes | memoryview:
    """Return a part; a large one without a copy, which each slow client would have of its own."""
    if part.end - part.start > WHOLE_SEND_BYTES:
        return memoryview(body)[part.start : part.end]
    return body[part.start : part.end]


@lru_cache(maxsize=4096)
def _not_modified_public(path: str) -> Answer | None:
    """Return the 304 of a public name that has a tag of its own."""
    name = name_parse(path)
    return Answer(304, not_modified_headers(name, PLAIN, name.etag, now=0.0)) if name else None


def _merged(conditions: RequestHeaders) -> dict[str, str]:
    """Return the conditions by name; a header sent twice is one list. RFC 9110 section 5.3."""
    wanted: dict[str, str] = {}
    for name, value in conditions:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        wanted[key] = f"{wanted[key]}, {text}" if key in wanted else text
    return wanted


def _preferred(headers: RequestHeaders, preset: str) -> tuple[str, ...]:
    accept = b", ".join(value for name, value in headers if name == b"accept")
    return extensions_preferred(accept.decode("latin-1"), PRESET_BY_NAME[preset].formats)
