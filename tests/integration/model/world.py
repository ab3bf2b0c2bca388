"""Shards in memory that fail as told, an index, a clock, and a reader of the shards alone."""

import asyncio
import time
from datetime import UTC, datetime
from types import SimpleNamespace

from django.conf import settings
from django.db import connection

from tests.factories import isolate
from tests.integration.model.process import Chance, Fuse, InOrder
from tests.unit.webapp.reader.world import serving
from webapp.cluster import stores
from webapp.cluster.services import shard_activate, shard_add
from webapp.core.errors import ShardFullError, ShardUnavailableError
from webapp.core.signing import bytes_digest
from webapp.reader.settings import ReaderSettings
from webapp.storage import memory
from webapp.storage.per_process import PerProcess

EXECUTORS = (
    "webapp.healing.scrub_look",
    "webapp.images.services.renditions",
    "webapp.cluster.stores",
)
KEPT_TABLES = ("django_migrations", "django_content_type", "auth_permission")
ZONES = {"s1": "z1", "s2": "z2", "s3": "z1", "s4": "z2", "s5": "z3"}
RENDITIONS = ("thumb.webp", "w320.jpg")


class World:
    """Everything one run of the model starts with; the same again for the same choices."""

    def __init__(self, folder, monkeypatch, told):
        self.fuse = Fuse()
        self.silent = set()
        self.full = set()
        self.later = 0.0
        self._folder = folder
        tables_empty()
        isolate(told, folder)
        for name in ("topology.json", "deleted.json"):
            (folder / name).unlink(missing_ok=True)
        told.SHOEBOX = told.SHOEBOX.model_copy(update={"handoff_grace_seconds": 0.0})
        self._patch(monkeypatch)
        memory._named.clear()
        for name, zone in ZONES.items():
            self.shard_add(name, zone)
        shard_activate(names=list(ZONES))

    def _patch(self, monkeypatch):
        clock, commit = time.time, connection._commit
        for module in EXECUTORS:
            monkeypatch.setattr(f"{module}.ThreadPoolExecutor", InOrder)
        monkeypatch.setattr("webapp.storage.everywhere._threads", PerProcess(InOrder))
        monkeypatch.setattr("webapp.storage.everywhere.wait_for", lambda *_, **__: None)
        monkeypatch.setattr("webapp.core.ids.secrets", Chance(0))
        monkeypatch.setattr("webapp.cluster.stores.full_note", None)
        monkeypatch.setattr("time.time", lambda: clock() + self.later)
        monkeypatch.setattr(
            "django.utils.timezone.now", lambda: datetime.fromtimestamp(time.time(), UTC)
        )
        monkeypatch.setattr(connection, "_commit", lambda: self.fuse.commit(commit))
        for module in ("outcome", "erase", "remake"):
            monkeypatch.setattr(
                f"webapp.images.services.{module}.rendition_names", lambda **_: RENDITIONS
            )

    def shard_add(self, name, zone):
        memory.memory_store(name, name).fail = lambda *call: self._fail(name, *call)
        shard_add(name=name, url=f"memory://{name}", zone=zone)

    def _fail(self, name, operation, _key):
        self.fuse.step()
        if name in self.silent:
            return ShardUnavailableError(shard=name)
        if name in self.full and operation == "put":
            return ShardFullError(shard=name)
        return None

    @property
    def stores(self):
        return {name: memory._named[name] for name in memory._named}

    def process(self, steps):
        """Begin a process: it remembers nothing of the ones before."""
        stores._process = None
        return self.fuse.process(steps)

    def copies(self, key, digest):
        """Return the shards that hold exactly these bytes under a key, with their label."""
        return {
            name
            for name, store in self.stores.items()
            if (blob := store._blobs.get(key))
            and blob.label.digest == digest == bytes_digest(blob.data)
        }

    def read(self, image_ids):
        """Return what a read service answers that knows topology, journal and shards alone."""
        return asyncio.run(self._read(image_ids))

    async def _read(self, image_ids):
        told = settings.SHOEBOX
        reader = ReaderSettings(
            keyring=told.keyring,
            topology_file=told.topology_file,
            journal_file=told.journal_file,
            poll_seconds=60.0,
            deadline_seconds=5.0,
        )
        place = SimpleNamespace(stores=self.stores, settings=lambda **_: reader)
        async with serving(place) as running:
            return {image_id: await running.get(f"/{image_id}") for image_id in image_ids}

    def signature(self, rows):
        """Return what tells this state from others: where what lies, and what the index says."""
        number = {row[0]: index for index, row in enumerate(rows)}
        lies = []
        for name, store in self.stores.items():
            for key, blob in store._blobs.items():
                _, _, rest = key.partition("/")
                image_id, _, blob_name = rest.partition("/")
                good = blob.label.digest == bytes_digest(blob.data)
                lies.append((name, number.get(image_id, -1), blob_name, good))
        told = [row[1:] for row in rows]
        return hash((frozenset(lies), tuple(told), frozenset(self.silent | self.full)))


def tables_empty():
    """Empty every table but those that say what there is."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for name in names:
            if name not in KEPT_TABLES:
                cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608 - our own tables
