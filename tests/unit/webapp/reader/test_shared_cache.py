"""The shared cache behind memory: used when it is right and there, never missed when it is not."""

import asyncio

import pytest

from tests.unit.webapp.reader.world import JPEG, serving
from webapp.storage.shared_cache import FAILURES_TO_REST, SharedCache, _pack

NOWHERE = "redis://127.0.0.1:9/0"


class FakeRedis:
    """Hashes in memory in place of a server; ``fault`` is awaited first."""

    def __init__(self):
        self.hashes = {}
        self.asked = 0
        self.fault = None

    async def hget(self, key, field):
        self.asked += 1
        if self.fault is not None:
            await self.fault()
        return self.hashes.get(key, {}).get(field)

    async def unlink(self, *keys):
        return sum(self.hashes.pop(key, None) is not None for key in keys)

    def pipeline(self, **_options):
        return FakePipeline(self)

    async def aclose(self):
        """Nothing is open."""


class FakePipeline:
    def __init__(self, redis):
        self.redis, self.steps = redis, []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        """Nothing is open."""

    def hset(self, key, field, data):
        self.steps.append((key, field, data))

    def expire(self, key, seconds):
        """Nothing lasts longer than a test."""

    async def execute(self):
        if self.redis.fault is not None:
            await self.redis.fault()
        for key, field, data in self.steps:
            self.redis.hashes.setdefault(key, {})[field] = data


async def refuse():
    raise ConnectionError


async def hang():
    await asyncio.Event().wait()


@pytest.fixture
def redis():
    return FakeRedis()


@pytest.fixture
async def reader(world, redis):
    async with serving(world, shared_cache_url=NOWHERE, shared_cache_seconds=0.01) as running:
        running.parts.shared._redis = redis
        yield running


async def settled(reader):
    await reader.until(lambda: not reader.parts.shared._putting)


def forget(reader, image_id):
    reader.parts.cache.forget(f"{image_id.partition}/{image_id}/original")


async def test_what_one_process_read_is_there_for_all(world, reader):
    image_id = world.image()
    first = await reader.get(f"/{image_id}")
    await settled(reader)
    forget(reader, image_id)
    again = await reader.get(f"/{image_id}")
    assert (first.headers["x-cache"], again.headers["x-cache"]) == ("shard", "shared")
    assert again.content == JPEG


async def test_wrong_bytes_are_not_taken(world, reader, redis):
    image_id = world.image()
    about = {"digest": "sha256:" + "0" * 64, "type": "image/jpeg", "modified": "1", "shard": "a1"}
    redis.hashes[f"shoebox:image:{image_id}"] = {"original": _pack(about, b"wrong")}
    answer = await reader.get(f"/{image_id}")
    assert (answer.headers["x-cache"], answer.content) == ("shard", JPEG)


@pytest.mark.parametrize("data", [b"", b"\n", b"[]\nx", b"{}", b"\xff\xfe\n"])
async def test_nonsense_is_as_good_as_absent(world, reader, redis, data):
    image_id = world.image()
    redis.hashes[f"shoebox:image:{image_id}"] = {"original": data}
    assert (await reader.get(f"/{image_id}")).content == JPEG


@pytest.mark.parametrize("fault", [refuse, hang])
async def test_its_loss_is_no_error(world, reader, redis, fault):
    redis.fault = fault
    assert (await reader.get(f"/{world.image()}")).content == JPEG


async def test_after_a_few_failures_it_is_left_alone_and_named(world, reader, redis):
    redis.fault = refuse
    for _ in range(FAILURES_TO_REST + 3):
        await reader.get(f"/{world.image()}")
    assert redis.asked <= FAILURES_TO_REST
    assert "shared-cache" in (await reader.get("/readyz")).json()["degraded"]


async def test_a_deleted_image_is_purged(world, reader, redis):
    image_id = world.image()
    await reader.get(f"/{image_id}")
    await settled(reader)
    world.delete(str(image_id))
    await reader.until(lambda: not redis.hashes)


async def test_what_was_deleted_while_it_was_put_is_forgotten_again(redis):
    cache = SharedCache(NOWHERE, seconds=1.0, most=1000, ttl=60)
    cache._redis = redis
    cache.put_soon("x", "original", {"digest": ""}, b"x", wanted=lambda: False)
    await asyncio.gather(*cache._putting)
    assert not redis.hashes


async def test_large_blobs_are_not_put(redis):
    cache = SharedCache(NOWHERE, seconds=1.0, most=1000, ttl=60)
    cache._redis = redis
    cache.put_soon("x", "original", {}, bytes(1001), wanted=lambda: True)
    assert not cache._putting
