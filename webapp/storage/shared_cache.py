"""SharedCache: verified blobs in a Valkey or Redis that several read processes share.

Pays in front of remote S3 alone: a GET here costs more processor than re-reading a local file.
Its loss is never an error: whatever does not answer within milliseconds is as good as absent.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from webapp.core.signing import bytes_digest

PREFIX: Final = "shoebox:image:"
FAILURES_TO_REST: Final = 3
REST_SECONDS: Final = 5.0
CONNECTIONS: Final = 16
MOST_WAITING: Final = 64
"""Blobs on their way there; more are not kept."""
PURGED_AT_A_TIME: Final = 500
About = dict[str, str]


class SharedCache:
    """Blobs by image and name, with what the reader must know of them. One event loop.

    All blobs of an image are one hash, so that an image is forgotten without knowing its blobs.

    After a few failures in a row it rests, so that no read waits for it.

    Args:
        url: ``redis://…`` or ``valkey://…``.
        seconds: How long a call may take.
        most: Bytes of the largest blob kept.
        ttl: Seconds it is kept.
        clock: Seconds, never running backwards; tests bring their own.
    """

    def __init__(
        self,
        url: str,
        *,
        seconds: float,
        most: int,
        ttl: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        pool = BlockingConnectionPool.from_url(
            f"redis{url.removeprefix('valkey')}" if url.startswith("valkey") else url,
            max_connections=CONNECTIONS,
            timeout=seconds,
            socket_timeout=seconds,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis = Redis(connection_pool=pool)
        self._seconds = seconds
        self._most = most
        self._ttl = ttl
        self._clock = clock
        self._putting: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._rests_until = 0.0
        self.hits = 0
        self.misses = 0
        self.wrong = 0
        """How often what came did not have its digest."""

    @property
    def resting(self) -> bool:
        """Whether nobody asks it now."""
        return self._clock() < self._rests_until

    async def get(self, image_id: str, name: str) -> tuple[About, bytes] | None:
        """Return what is said of a blob and its verified bytes; None for anything else."""
        data = await self._run(lambda: self._redis.hget(PREFIX + image_id, name))
        found = _unpack(data) if isinstance(data, bytes) else None
        if found is None or bytes_digest(found[1]) != found[0].get("digest"):
            self.wrong += data is not None
            self.misses += 1
            return None
        self.hits += 1
        return found

    def put_soon(
        self, image_id: str, name: str, about: About, body: bytes, *, wanted: Callable[[], bool]
    ) -> None:
        """Keep a blob for a while; nobody waits for it, and a large one is not kept.

        Args:
            image_id: Whose it is.
            name: Of the blob.
            about: What ``get`` returns with it; ``digest`` is that of ``body``.
            body: All of it.
            wanted: Asked afterwards: False forgets the image again, deleted meanwhile.
        """
        if len(body) > self._most or len(self._putting) >= MOST_WAITING:
            return
        task = asyncio.create_task(self._put(image_id, name, _pack(about, body), wanted))
        self._putting.add(task)
        task.add_done_callback(self._putting.discard)

    async def purge(self, image_ids: Sequence[str]) -> bool:
        """Forget images; return whether the server did."""
        for at in range(0, len(image_ids), PURGED_AT_A_TIME):
            names = [PREFIX + image_id for image_id in image_ids[at : at + PURGED_AT_A_TIME]]
            if await self._run(partial(self._redis.unlink, *names)) is None:
                return False
        return True

    async def aclose(self) -> None:
        """Close all connections."""
        for task in self._putting:
            task.cancel()
        await asyncio.gather(*self._putting, return_exceptions=True)
        await self._redis.aclose()

    async def _put(self, image_id: str, name: str, data: bytes, wanted: Callable[[], bool]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hset(PREFIX + image_id, name, data)
            pipeline.expire(PREFIX + image_id, self._ttl)
            await self._run(pipeline.execute)
        if not wanted():
            await self.purge([image_id])

    async def _run(self, call: Callable[[], Awaitable[object]]) -> object:
        """Return what the server answers; None when it does not, or is not asked."""
        if self.resting:
            return None
        try:
            async with asyncio.timeout(self._seconds):
                answer = await call()
        except (RedisError, OSError, TimeoutError):
            self._failures += 1
            if self._failures >= FAILURES_TO_REST:
                self._rests_until = self._clock() + REST_SECONDS
            return None
        self._failures = 0
        return answer


def _pack(about: About, body: bytes) -> bytes:
    return json.dumps(about).encode() + b"\n" + body


def _unpack(data: bytes) -> tuple[About, bytes] | None:
    head, separator, body = data.partition(b"\n")
    try:
        about = json.loads(head)
    except ValueError:
        return None
    return (about, body) if separator and isinstance(about, dict) else None
