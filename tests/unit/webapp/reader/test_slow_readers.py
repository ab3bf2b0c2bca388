"""Slow readers: what they keep in memory is bounded, and everybody gets the right bytes."""

import asyncio

import pytest

from tests.unit.webapp.reader.world import serving
from webapp.reader.on_the_way import OnTheWay
from webapp.reader.sending import WHOLE_SEND_BYTES

PHOTO = bytes(range(256)) * (WHOLE_SEND_BYTES // 256 + 4096)


@pytest.fixture
async def full(world):
    """Serve as if slow clients held all the memory they may."""
    async with serving(world, sending_bytes=0) as running:
        yield running


@pytest.fixture
async def lenient(world):
    async with serving(world, sending_bytes=1) as running:
        yield running


class SlowClient:
    """A client that takes one piece and then nothing."""

    def __init__(self, running, path, *headers):
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": headers,
        }
        self._messages = 0
        self._stalled = asyncio.Event()
        service = running.client._transport.app
        self.task = asyncio.create_task(service(scope, asyncio.Event().wait, self._send))

    async def _send(self, _message):
        self._messages += 1
        if self._messages > 2:  # the head and a piece
            self._stalled.set()
            await asyncio.Event().wait()

    async def stalled(self):
        async with asyncio.timeout(5):
            await self._stalled.wait()


def test_a_body_counts_once_however_many_take_it():
    on_the_way, body = OnTheWay(100), bytes(60)
    with on_the_way.sending(body), on_the_way.sending(body):
        assert (on_the_way.bytes, on_the_way.full) == (60, False)
    assert on_the_way.bytes == 0


def test_different_bodies_add_up():
    on_the_way = OnTheWay(100)
    with on_the_way.sending(bytes(60)), on_the_way.sending(bytearray(60)):
        assert (on_the_way.bytes, on_the_way.full) == (120, True)


def test_a_part_counts_as_all_that_it_keeps():
    on_the_way, body = OnTheWay(100), bytes(60)
    with on_the_way.sending(memoryview(body)[10:20]), on_the_way.sending(memoryview(body)[20:]):
        assert on_the_way.bytes == 60


def test_what_is_cut_off_counts_no_more():
    on_the_way = OnTheWay(100)
    with pytest.raises(ConnectionResetError), on_the_way.sending(bytes(60)):
        raise ConnectionResetError
    assert on_the_way.bytes == 0


async def test_a_photo_that_is_streamed_arrives_whole_and_is_not_kept(world, full):
    path = f"/{world.image(PHOTO)}"
    assert [(await full.get(path)).content for _ in range(2)] == [PHOTO, PHOTO]
    assert len(full.parts.cache) == 0


async def test_a_range_of_a_photo_that_is_streamed(world, full):
    answer = await full.get(f"/{world.image(PHOTO)}", headers={"Range": "bytes=100-1199999"})
    assert (answer.status_code, answer.content) == (206, PHOTO[100:1_200_000])


async def test_a_small_picture_is_kept_all_the_same(world, full):
    path = f"/{world.image()}"
    answers = [(await full.get(path)).headers["x-cache"] for _ in range(2)]
    assert answers == ["shard", "memory"]


async def test_a_photo_is_streamed_while_somebody_takes_his_time_over_another(world, lenient):
    slow, photo = world.image(PHOTO), world.image(PHOTO[::-1])
    client = SlowClient(lenient, f"/{slow}")
    await client.stalled()
    assert lenient.parts.on_the_way.bytes == len(PHOTO)
    assert (await lenient.get(f"/{photo}")).content == PHOTO[::-1]
    assert len(lenient.parts.cache) == 1

    client.task.cancel()
    await asyncio.gather(client.task, return_exceptions=True)
    assert lenient.parts.on_the_way.bytes == 0
    assert (await lenient.get(f"/{photo}")).content == PHOTO[::-1]
    assert (await lenient.get(f"/{photo}")).headers["x-cache"] == "memory"


async def test_many_who_take_parts_of_one_photo_hold_it_once(world, lenient):
    photo = world.image(PHOTO)
    await lenient.get(f"/{photo}")
    clients = [
        SlowClient(lenient, f"/{photo}", (b"range", b"bytes=%d-" % start)) for start in range(5)
    ]
    for client in clients:
        await client.stalled()
    assert lenient.parts.on_the_way.bytes == len(PHOTO)
    for client in clients:
        client.task.cancel()
    await asyncio.gather(*(client.task for client in clients), return_exceptions=True)
    assert lenient.parts.on_the_way.bytes == 0
