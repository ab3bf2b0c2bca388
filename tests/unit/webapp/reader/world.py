"""A small cluster for readers: four shards in two zones, images on them, and a read service."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from webapp.core.ids import ImageId, Kind, id_make
from webapp.core.journal import Journal, journal_dump
from webapp.core.keys import JOURNAL_KEY, ORIGINAL, PRIVATE, TOPOLOGY_KEY, blob_key
from webapp.core.label import Label
from webapp.core.links import LinkMaker
from webapp.core.manifest import Manifest, RenditionRecord, Revision, manifest_dump
from webapp.core.placement import positions
from webapp.core.shards import ShardEntry, ShardSpec, ShardState
from webapp.core.signing import Keyring, bytes_digest
from webapp.core.topology import Topology, topology_dump, version_make
from webapp.reader.access_log import AccessLog
from webapp.reader.app import ReadService
from webapp.reader.parts import Parts
from webapp.reader.settings import ReaderSettings
from webapp.storage.aio.guarded import GuardedReader
from webapp.storage.aio.memory import MemoryReader
from webapp.storage.base import BlobStore
from webapp.storage.documents import file_publish
from webapp.storage.identity import identity_write
from webapp.storage.memory import MemoryStore

ZONES = {"a1": "a", "a2": "a", "b1": "b", "b2": "b"}
KEYRING = Keyring.parse("k1:" + "11" * 32)
OTHER_KEYRING = Keyring.parse("k9:" + "99" * 32)
JPEG = b"\xff\xd8 a picture \xff\xd9"


def identity_of(name):
    return f"identity-of-{name}"


def label_of(data, content_type="image/jpeg"):
    return Label(bytes_digest(data), content_type)


@dataclass
class World:
    """What lies on shards and in files, and how it is put there."""

    stores: Mapping[str, BlobStore]
    folder: Path
    urls: Mapping[str, str] = field(default_factory=dict)
    states: dict[str, ShardState] = field(default_factory=dict)
    revision: int = 1
    journal_counter: int = 0
    deleted: dict[str, Revision] = field(default_factory=dict)
    versions: tuple[int, ...] = (0,)
    shards_of: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    moves: Mapping[int, int] = field(default_factory=dict)
    emptied: frozenset[str] = frozenset()

    @classmethod
    def in_memory(cls, folder):
        return cls({name: MemoryStore(name) for name in ZONES}, folder)

    def found(self):
        """Give every shard its identity, and publish."""
        for name, store in self.stores.items():
            identity_write(store, name, identity_of(name))
        self.publish()
        return self

    def entry(self, name):
        state = self.states.get(name, ShardState.ACTIVE)
        url = self.urls.get(name, f"memory://{name}")
        return ShardEntry(name, url, state, identity_of(name), {}, name in self.emptied)

    @property
    def topology(self):
        versions = {
            number: version_make(
                number=number,
                pool="default",
                shards=[
                    ShardSpec(name, ZONES[name])
                    for name in self.shards_of.get(number, tuple(self.stores))
                ],
                replica_count=3,
                rendition_replica_count=2,
                current_from=0.0,
            )
            for number in self.versions
        }
        entries = {name: self.entry(name) for name in self.stores}
        return Topology(self.revision, versions, entries, self.moves)

    def publish(self, *, file=True, shards=True, keyring=KEYRING):
        data = topology_dump(self.topology, keyring=keyring)
        self._spread(TOPOLOGY_KEY, data, self.topology_file if file else None, shards=shards)

    def delete(self, *names, file=True, shards=True):
        self.journal_counter += 1
        self.deleted |= {name: Revision(1, self.journal_counter) for name in names}
        journal = Journal(Revision(1, self.journal_counter), dict(self.deleted))
        data = journal_dump(journal, keyring=KEYRING)
        self._spread(JOURNAL_KEY, data, self.journal_file if file else None, shards=shards)

    def _spread(self, key, data, path, *, shards):
        if path is not None:
            file_publish(path, data)
        for store in self.stores.values() if shards else ():
            store.put(key, data, label=label_of(data, "application/json"))

    @property
    def topology_file(self):
        return self.folder / "topology.json"

    @property
    def journal_file(self):
        return self.folder / "deleted.json"

    def positions(self, image_id: ImageId):
        """Names of the shards of an image, best first."""
        version = self.topology.versions[image_id.version]
        return [spec.name for spec in positions(version, image_id.partition)]

    def put(self, image_id, name, data, content_type="image/jpeg", *, copies=3):
        for shard in self.positions(image_id)[:copies]:
            self.put_on(shard, image_id, name, data, content_type)

    def put_on(self, shard, image_id, name, data, content_type="image/jpeg"):
        key = blob_key(image_id, name)
        self.stores[shard].put(key, data, label=label_of(data, content_type))

    def image(self, data=JPEG, content_type="image/jpeg", *, kind=Kind.PUBLIC, private=False):
        """Store an original and return its id."""
        image_id = id_make(kind=kind, version=0)
        self.put(image_id, PRIVATE if private else ORIGINAL, data, content_type)
        return image_id

    def rendition(self, image_id, file, data=b"rendition"):
        kind = {"webp": "image/webp", "jpg": "image/jpeg", "png": "image/png"}
        self.put(image_id, file, data, kind[file.rpartition(".")[2]], copies=2)

    def manifest(self, image_id, *, state="ready", private=False, renditions=(), counter=1):
        manifest = replace(_MANIFEST, id=str(image_id), state=state, private=private)
        manifest = replace(manifest, revision=Revision(1, counter))
        records = {file: RenditionRecord("sha256:" + "0" * 64, 1) for file in renditions}
        data = manifest_dump(replace(manifest, renditions=records))
        self.put(image_id, "manifest.json", data, "application/json")

    def links(self, *, seconds=3600):
        """Make links as the write service does."""
        return LinkMaker("", KEYRING, int(time.time()) + seconds)

    def settings(self, **changes):
        told = {
            "keyring": KEYRING,
            "topology_file": self.topology_file,
            "journal_file": self.journal_file,
            "poll_seconds": 0.05,
            "deadline_seconds": 2.0,
            **changes,
        }
        return ReaderSettings(**told)


_MANIFEST = Manifest(
    id="",
    revision=Revision(1, 1),
    owner_id="",
    owner_name="",
    pool="default",
    kind="p",
    state="ready",
    reason="",
    filename="",
    title="",
    album="",
    bytes=1,
    digest="",
    source_digest="",
    content_type="image/jpeg",
    width=1,
    height=1,
    frames=1,
    private=False,
    created_at="",
    ready_at=None,
)


@dataclass
class MemoryMaker:
    """Makes readers of a world in memory, and remembers them by shard."""

    stores: Mapping[str, BlobStore]
    readers: dict[str, MemoryReader] = field(default_factory=dict)

    def bare(self, entry):
        store = self.stores.get(entry.name, MemoryStore(entry.name))
        return self.readers.setdefault(entry.name, MemoryReader(store))

    def guarded(self, entry):
        return GuardedReader(self.bare(entry), entry.identity, fresh_for=2.0, sure_absent=True)

    def reads(self, key):
        """How often a blob was opened, on all shards together."""
        return sum(reader.opened.count(key) for reader in self.readers.values())


@dataclass
class Running:
    """A read service that runs in this process, and a client of it."""

    client: httpx.AsyncClient
    parts: Parts
    maker: MemoryMaker
    lines: list[str]

    async def get(self, path, **options):
        return await self.client.get(path, **options)

    async def until(self, condition, *, seconds=5.0):
        """Wait until a condition holds."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - a condition of the reader, not of the test
                await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(world, **changes):
    """Run a read service on a world in memory."""
    maker = MemoryMaker(world.stores)
    lines = []
    parts = Parts(world.settings(**changes), maker=maker, access_log=AccessLog(lines.append))
    service = ReadService(lambda: parts)
    await parts.start()
    service._parts = parts
    transport = httpx.ASGITransport(app=_closing(service), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://reader") as client:
        try:
            yield Running(client, parts, maker, lines)
        finally:
            await parts.stop()


def _closing(service):
    """Act as a server that closes the connection of an answer that was not finished."""

    async def app(scope, receive, send):
        finished = False

        async def watched(message):
            nonlocal finished
            finished = message["type"] == "http.response.body" and not message["more_body"]
            await send(message)

        await service(scope, receive, watched)
        if not finished:
            raise ConnectionResetError

    return app
