"""What the read service says of itself, and how it lives and ends."""

import asyncio

import pytest

from tests.unit.webapp.reader.world import JPEG
from webapp.core.errors import ShardUnavailableError
from webapp.reader.app import ReadService


async def test_it_says_that_it_is_alive(reader):
    assert (await reader.get("/healthz")).status_code == 200


async def test_it_is_ready_when_all_is_well(reader):
    answer = await reader.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert answer.json()["degraded"] == []


async def test_it_names_a_shard_that_is_away_and_stays_ready(world, reader):
    world.stores["b2"].fail = lambda _operation, _key: ShardUnavailableError("at 10.0.0.7")
    await reader.until(reader.parts.shards.unreachable)
    answer = await reader.get("/readyz")
    assert (answer.status_code, answer.json()["degraded"]) == (200, ["shard:b2"])
    assert "10.0.0.7" not in answer.text


async def test_it_is_not_ready_without_any_shard(world, reader):
    for store in world.stores.values():
        store.fail = lambda _operation, _key: ShardUnavailableError("away")
    await reader.until(lambda: len(reader.parts.shards.unreachable()) == 4)
    assert (await reader.get("/readyz")).status_code == 503


async def test_it_names_a_stale_topology(reader):
    reader.parts.poller._look_shard = lambda _reader: asyncio.sleep(0)
    reader.parts.topology._confirmed -= 100
    assert (await reader.get("/readyz")).json()["degraded"] == ["topology"]


async def test_it_is_not_ready_once_it_closes(reader):
    reader.parts.closing = True
    assert (await reader.get("/readyz")).status_code == 503


@pytest.mark.parametrize(
    "name",
    [
        "shoebox_reader_requests_total",
        "shoebox_reader_request_seconds_bucket",
        "shoebox_reader_positions_asked_total",
        "shoebox_reader_shard_seconds_bucket",
        "shoebox_reader_cache_bytes",
        "shoebox_reader_topology_age_seconds",
        "shoebox_reader_journal_entries",
        "shoebox_reader_shards_unreachable",
        "process_resident_memory_bytes",
    ],
)
async def test_it_counts(world, reader, name):
    await reader.get(f"/{world.image()}")
    assert name in (await reader.get("/metrics")).text


async def test_an_error_of_ours_is_500_and_says_nothing(world, reader):
    def fail(*_arguments):
        raise ZeroDivisionError("secret detail")

    reader.parts.reading._picker.pick = fail
    answer = await reader.get(f"/{world.image()}")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text


async def test_it_lives_by_the_lifespan_protocol(world, reader):
    events, sent = asyncio.Queue(), asyncio.Queue()
    parts = reader.parts
    service = ReadService(lambda: parts)
    life = asyncio.create_task(service({"type": "lifespan"}, events.get, sent.put))
    await events.put({"type": "lifespan.startup"})
    assert (await sent.get())["type"] == "lifespan.startup.complete"
    await events.put({"type": "lifespan.shutdown"})
    assert (await sent.get())["type"] == "lifespan.shutdown.complete"
    await life
    assert parts.closing


async def test_without_a_lifespan_it_refuses_to_serve():
    with pytest.raises(RuntimeError, match="lifespan"):
        await ReadService(lambda: None)({"type": "http"}, None, None)


async def test_an_image_in_memory_is_served_while_every_shard_is_away(world, reader):
    path = f"/{world.image()}"
    await reader.get(path)
    for store in world.stores.values():
        store.fail = lambda _operation, _key: ShardUnavailableError("away")
    assert (await reader.get(path)).content == JPEG
