"""Notes of bad copies, left on shards beside all reads: repair finds them there.

Needs a shard that takes a small blob and nothing else: neither database nor broker, and no
process that would have to be there at the moment.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Final

import structlog
from cachetools import TTLCache

from webapp.core.errors import ShoeboxError
from webapp.core.label import Label
from webapp.core.notes import Note, note_of
from webapp.core.placement import all_positions
from webapp.core.signing import bytes_digest
from webapp.core.topology import Topology
from webapp.reader.follower import Follower
from webapp.reader.noted import BadCopy
from webapp.reader.shards import Shards
from webapp.storage.aio.guarded import GuardedReader

MOST_WAITING: Final = 1_000
MOST_KNOWN: Final = 10_000
AGAIN_SECONDS: Final = 600.0
"""A copy that is still bad then is noted again: the note may be gone without a repair."""
PAUSE_SECONDS: Final = 0.2
"""Between two notes: a disk that rots as a whole must not become a flood of them."""
REST_SECONDS: Final = 30.0
PUT_SECONDS: Final = 5.0
WRITTEN, REFUSED, DROPPED = "written", "refused", "dropped"
log = structlog.get_logger("webapp.reader")


class NoteWriter:
    """Leaves a note of each bad copy on the first well position of its image.

    All readers know the same order, so many that see one copy write one note. Whoever may only
    read shards goes on reading, and says so once.

    Args:
        topology: Says which positions there are.
        shards: Have a reader for each that may be read.
        counted: Called with ``written``, ``refused`` or ``dropped``.
        pause: Seconds between two notes.
        rest: Seconds after a note that nobody took.
    """

    def __init__(
        self,
        *,
        topology: Follower[Topology],
        shards: Shards,
        counted: Callable[[str], object],
        pause: float = PAUSE_SECONDS,
        rest: float = REST_SECONDS,
    ) -> None:
        self._topology = topology
        self._shards = shards
        self._counted = counted
        self._pause = pause
        self._rest = rest
        self._waiting: asyncio.Queue[BadCopy] = asyncio.Queue(MOST_WAITING)
        self._known: TTLCache[tuple[str, str], bool] = TTLCache(MOST_KNOWN, AGAIN_SECONDS)
        self._refusing: set[str] = set()

    def add(self, copy: BadCopy) -> None:
        """Have a copy noted soon; never waits. One that was of late is not noted again."""
        if (copy.shard, copy.key) not in self._known:
            self._known[copy.shard, copy.key] = True
            self._put_in_line(copy)

    async def run(self) -> None:
        """Write notes until cancelled; nothing that goes wrong with one may end it."""
        while True:
            copy = await self._waiting.get()
            try:
                result = await self._leave(copy)
            except Exception:
                log.exception("note failed", shard=copy.shard, key=copy.key)
                result = DROPPED
            self._counted(result)
            if result == REFUSED:
                self._put_in_line(copy)
            await asyncio.sleep(self._rest if result == REFUSED else self._pause)

    def _put_in_line(self, copy: BadCopy) -> None:
        try:
            self._waiting.put_nowait(copy)
        except asyncio.QueueFull:
            # Whoever reads it the next time notes it.
            self._known.pop((copy.shard, copy.key), None)
            self._counted(DROPPED)

    async def _leave(self, copy: BadCopy) -> str:
        """Return ``written`` once a shard has the note, ``refused`` when none takes it."""
        note, data = note_of(copy.shard, copy.key), _body(copy)
        label = Label(bytes_digest(data), "application/json")
        for reader in self._takers(note):
            try:
                async with asyncio.timeout(PUT_SECONDS):
                    await reader.put(note.name, data, label=label)
            except (ShoeboxError, TimeoutError) as error:
                self._say(reader.name, str(error))
            else:
                self._refusing.discard(reader.name)
                return WRITTEN
        return REFUSED

    def _takers(self, note: Note) -> list[GuardedReader]:
        """Return the positions that are well, in order; the one with the bad copy at last."""
        topology, image_id = self._topology.value, note.image_id
        specs = all_positions(topology, image_id.version, image_id.partition)
        names = [spec.name for spec in specs if topology.state(spec.name).takes_records]
        found = [self._shards.get(name) for name in sorted(names, key=lambda n: n == note.shard)]
        return [reader for reader in found if reader is not None and reader.problem is None]

    def _say(self, shard: str, detail: str) -> None:
        if shard not in self._refusing:
            self._refusing.add(shard)
            log.warning("note not taken", shard=shard, detail=detail)


def _body(copy: BadCopy) -> bytes:
    """Return what a person finds who opens the note; programs read its name."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    about = {"shard": copy.shard, "key": copy.key, "reason": copy.reason, "noted_at": moment}
    return json.dumps(about, indent=1).encode()
