"""The render process on shards in memory, with a drawer that does what a test says."""

import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
import pytest

from tests.unit.webapp.reader.world import JPEG, ZONES, MemoryMaker, World
from webapp.core.errors import BusyError, NotDecodableError, ShardUnavailableError, TooCostlyError
from webapp.core.ids import id_make
from webapp.core.keys import blob_key
from webapp.core.manifest import Revision, Tombstone, tombstone_dump
from webapp.core.shards import ShardState
from webapp.render.app import RenderService
from webapp.render.parts import RenderParts
from webapp.render.settings import RenderSettings
from webapp.storage.memory import memory_store

FILE = "w640h480fit.webp"


@dataclass
class Drawn:
    data: bytes = b"drawn"
    content_type: str = "image/webp"


@dataclass
class Drawer:
    """Draws nothing; waits while it is held, and remembers what it was given."""

    outcome: object = field(default_factory=Drawn)
    given: list = field(default_factory=list)
    free: threading.Event = field(default_factory=threading.Event)
    during: object = None
    closed: bool = False

    def draw(self, original, preset):
        self.given.append((original.read_bytes(), preset.name, preset.formats))
        assert self.free.wait(5)
        if self.during:
            self.during()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def close(self):
        self.closed = True
        self.free.set()


@dataclass
class Process:
    client: httpx.AsyncClient
    parts: RenderParts
    drawer: Drawer

    async def ask(self, world, image_id, file=FILE):
        return await self.client.post(world.links().link(f"/{image_id}/{file}", signed=True))

    async def until_drawing(self, count=1):
        async with asyncio.timeout(5):
            while len(self.drawer.given) < count:  # noqa: ASYNC110 - on another thread
                await asyncio.sleep(0.005)


@pytest.fixture
def world(tmp_path):
    names = {name: f"{name}-{uuid4().hex}" for name in ZONES}
    stores = {name: memory_store(unique, name) for name, unique in names.items()}
    return World(stores, tmp_path, {n: f"memory://{u}" for n, u in names.items()}).found()


@asynccontextmanager
async def running(world, *, queue=32):
    drawer = Drawer()
    drawer.free.set()
    settings = RenderSettings(reader=world.settings(), spool=world.folder / "spool", queue=queue)
    parts = RenderParts(settings, maker=MemoryMaker(world.stores), drawers=[drawer])
    service = RenderService(lambda: parts)
    service._parts = parts
    await parts.start()
    transport = httpx.ASGITransport(app=service)
    async with httpx.AsyncClient(transport=transport, base_url="http://render") as client:
        try:
            yield Process(client, parts, drawer)
        finally:
            drawer.free.set()
            await parts.stop()


@pytest.fixture
async def process(world):
    async with running(world) as one:
        yield one


def stored(world, image_id, file=FILE):
    """Return shard → blob of those that have it."""
    key, found = blob_key(image_id, file), {}
    for name, store in world.stores.items():
        with store.open(key) as blob:
            if blob is not None:
                found[name] = (blob.read(), blob.stat.label.content_type)
    return found


async def test_it_is_drawn_from_the_original_and_stored_where_renditions_belong(world, process):
    image_id = world.image()
    answer = await process.ask(world, image_id)
    assert (answer.status_code, answer.content) == (204, b"")
    assert process.drawer.given == [(JPEG, "w640h480fit", ("webp",))]
    assert stored(world, image_id) == dict.fromkeys(
        world.positions(image_id)[:2], (b"drawn", "image/webp")
    )


async def test_a_private_original_is_drawn_too(world, process):
    image_id = world.image(b"heic", "image/heic", private=True)
    assert (await process.ask(world, image_id)).status_code == 204
    assert process.drawer.given[0][0] == b"heic"


async def test_what_is_stored_already_is_not_drawn(world, process):
    image_id = world.image()
    world.rendition(image_id, FILE)
    assert (await process.ask(world, image_id)).status_code == 204
    assert process.drawer.given == []


async def test_those_who_ask_at_once_get_one(world, process):
    image_id = world.image()
    process.drawer.free.clear()
    asked = [asyncio.create_task(process.ask(world, image_id)) for _ in range(20)]
    await process.until_drawing()
    process.drawer.free.set()
    assert {answer.status_code for answer in await asyncio.gather(*asked)} == {204}
    assert len(process.drawer.given) == 1


async def test_no_more_wait_than_may(world):
    async with running(world, queue=1) as process:
        image_id = world.image()
        process.drawer.free.clear()
        first = asyncio.create_task(process.ask(world, image_id))
        await process.until_drawing()
        second = asyncio.create_task(process.ask(world, image_id, "w2fit.webp"))
        await asyncio.sleep(0.05)
        third = await process.ask(world, image_id, "w3fit.webp")
        joins = asyncio.create_task(process.ask(world, image_id, "w2fit.webp"))
        await asyncio.sleep(0.05)
        process.drawer.free.set()
        assert (third.status_code, third.json()["code"]) == (503, "busy")
        assert third.headers["retry-after"]
        answers = await asyncio.gather(first, second, joins)
        assert {answer.status_code for answer in answers} == {204}
        assert (await process.ask(world, image_id, "w3fit.webp")).status_code == 204


@pytest.mark.parametrize("error", [NotDecodableError("bad"), TooCostlyError("much")])
async def test_a_picture_that_cannot_be_drawn_is_not_tried_for_each_size(world, process, error):
    image_id, other = world.image(), world.image()
    process.drawer.outcome = error
    for file in (FILE, "w9fit.webp"):
        answer = await process.ask(world, image_id, file)
        assert (answer.status_code, answer.json()["code"]) == (422, error.code)
        assert answer.json()["detail"] == error.detail
    assert len(process.drawer.given) == 1
    process.drawer.outcome = Drawn()
    assert (await process.ask(world, other)).status_code == 204


@pytest.mark.parametrize("error", [BusyError("killed"), ZeroDivisionError()])
async def test_any_other_failure_is_tried_again(world, process, error):
    image_id = world.image()
    process.drawer.outcome = error
    assert (await process.ask(world, image_id)).status_code in {500, 503}
    process.drawer.outcome = Drawn()
    assert (await process.ask(world, image_id)).status_code == 204


async def test_nothing_is_drawn_of_a_deleted_image(world, process):
    image_id = world.image()
    world.delete(str(image_id))
    await process.parts.poller.round()
    assert (await process.ask(world, image_id)).status_code == 410
    assert process.drawer.given == []


async def test_what_is_deleted_while_it_is_drawn_is_not_stored(world, process):
    image_id = world.image()
    process.drawer.during = lambda: world.delete(str(image_id), file=False)
    assert (await process.ask(world, image_id)).status_code == 410
    assert stored(world, image_id) == {}


@pytest.mark.parametrize("manifest", [None, 1, 3])
async def test_what_is_deleted_while_it_is_stored_is_removed_again(world, process, manifest):
    """A tombstone comes before the journal; a later manifest says that it was restored."""
    image_id = world.image()
    bench = process.parts.making._workbench
    store = bench.store

    def store_and_bury(order, topology, drawn):
        store(order, topology, drawn)
        buried = Tombstone(str(image_id), Revision(1, 2), "2026-11-29T00:00:00+00:00", None)
        world.put(image_id, "tombstone", tombstone_dump(buried), "application/json")
        if manifest:
            world.manifest(image_id, counter=manifest)

    bench.store = store_and_bury
    restored = manifest == 3
    assert (await process.ask(world, image_id)).status_code == (204 if restored else 410)
    assert len(stored(world, image_id)) == (2 if restored else 0)


async def test_nothing_is_made_by_a_journal_nobody_has_confirmed(world, process):
    process.parts.poller._look_shard = lambda _reader: asyncio.sleep(0)
    process.parts.journal._confirmed -= 100
    answer = await process.ask(world, world.image())
    assert (answer.status_code, answer.json()["code"]) == (503, "shards-unavailable")


async def test_an_image_that_is_nowhere_is_not_found(world, process):
    assert (await process.ask(world, id_make(kind="p", version=0))).status_code == 404


async def test_nobody_says_not_found_while_a_shard_may_have_it(world, process):
    image_id = world.image()
    for name, store in world.stores.items():
        if name in world.positions(image_id)[:3]:
            store.fail = lambda _operation, _key: ShardUnavailableError("away")
    answer = await process.ask(world, image_id)
    assert (answer.status_code, answer.json()["code"]) == (503, "shards-unavailable")


async def test_another_position_stands_in_for_one_that_takes_nothing(world):
    image_id = world.image()
    world.states[world.positions(image_id)[0]] = ShardState.READ_ONLY
    world.revision = 2
    world.publish()
    async with running(world) as process:
        assert (await process.ask(world, image_id)).status_code == 204
        assert len(stored(world, image_id)) == 2


@pytest.mark.parametrize("path", ["", ".jpg", "/w800.webp", "/w640fit", "/private", "/../x"])
async def test_nothing_else_can_be_asked_for(world, process, path):
    answer = await process.client.post(world.links().link(f"/{world.image()}{path}", signed=True))
    assert answer.status_code == 404


async def test_its_end_ends_what_is_under_way(world):
    async with running(world) as process:
        process.drawer.free.clear()
        asked = asyncio.create_task(process.ask(world, world.image()))
        await process.until_drawing()
        await process.parts.stop()
        assert process.drawer.closed
        assert (await asked).status_code == 503
        assert (await process.client.get("/readyz")).status_code == 503
