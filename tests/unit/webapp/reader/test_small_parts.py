"""Flights, memory, notes, tally and access log, each on its own."""

import asyncio
import json

import pytest
from prometheus_client import CollectorRegistry

from webapp.core.errors import ShardsUnavailableError
from webapp.reader.access_log import AccessLog
from webapp.reader.answers import Answer
from webapp.reader.blobs import HeldBlob, LargeBlob
from webapp.reader.cache import BlobCache
from webapp.reader.flights import Flights
from webapp.reader.noted import STEP_OVER_SECONDS, BadCopy, Noted
from webapp.reader.tally import Tally

ID, OTHER = "p" + "0" * 23, "p" + "1" * 23


async def test_a_failed_job_fails_everybody_who_waits_and_nobody_later():
    flights = Flights()
    gate = asyncio.Event()

    async def fail():
        await gate.wait()
        raise ValueError

    waiting = [asyncio.create_task(flights.join("key", fail)) for _ in range(2)]
    await asyncio.sleep(0)
    gate.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ValueError, ValueError]

    async def succeed():
        return 1

    assert await flights.join("key", succeed) == 1


async def test_closing_stops_jobs():
    flights = Flights()
    waiting = asyncio.create_task(flights.join("key", asyncio.Event().wait))
    await asyncio.sleep(0)
    await flights.aclose()
    with pytest.raises(ShardsUnavailableError):
        await waiting
    assert len(flights) == 0


def held(key, size=10):
    return HeldBlob(key, b"x" * size, "image/jpeg", 0.0, "a1")


def test_purging_an_image_drops_all_its_blobs_and_no_others():
    cache = BlobCache(1_000_000)
    for image_id in (ID, OTHER):
        cache.put(f"000/{image_id}/original", held("o"))
        cache.put(f"000/{image_id}/w320.webp", held("w"))
        cache.put(f"000/{image_id}/private", LargeBlob("p", 1, "", "", 0.0))
    cache.purge({ID})
    assert cache.get(f"000/{ID}/original") is None
    assert cache.large(f"000/{ID}/private") is None
    assert cache.get(f"000/{OTHER}/w320.webp") is not None


def test_a_cache_of_no_bytes_keeps_nothing():
    cache = BlobCache(0)
    cache.put("key", held("key"))
    assert len(cache) == 0


def test_a_blob_larger_than_the_cache_is_not_kept():
    cache = BlobCache(5_000)
    cache.put("small", held("small"))
    cache.put("large", held("large", 10_000))
    assert cache.get("large") is None
    assert cache.get("small") is not None


def test_a_bad_copy_is_looked_at_again_after_a_while():
    now = [0.0]
    noted = Noted(clock=lambda: now[0])
    noted.note(BadCopy("a1", "key", "digest"))
    assert noted.is_bad("a1", "key")
    now[0] = STEP_OVER_SECONDS + 1
    assert not noted.is_bad("a1", "key")


def test_a_bad_copy_is_bad_on_its_shard_alone():
    noted = Noted()
    noted.note(BadCopy("a1", "key", "digest"))
    assert not noted.is_bad("b1", "key")


def sample(tally, name, **labels):
    registry = CollectorRegistry()
    registry.register(tally)
    return registry.get_sample_value(name, labels)


def test_the_tally_counts_requests_and_bytes():
    tally = Tally()
    for _ in range(3):
        tally.add(200, "memory", 0.00001, 100)
    labels = {"status": "200", "cache": "memory"}
    assert sample(tally, "shoebox_reader_requests_total", **labels) == 3
    assert sample(tally, "shoebox_reader_sent_bytes_total", **labels) == 300


@pytest.mark.parametrize(("bound", "count"), [("0.0001", 1), ("0.002", 2), ("+Inf", 3)])
def test_the_histogram_is_cumulative(bound, count):
    tally = Tally()
    for seconds in (0.0001, 0.001, 99.0):
        tally.add(200, "shard", seconds, 0)
    labels = {"status": "200", "cache": "shard", "le": bound}
    assert sample(tally, "shoebox_reader_request_seconds_bucket", **labels) == count


@pytest.fixture
def written():
    return []


@pytest.fixture
def access_log(written):
    return AccessLog(written.append, clock=lambda: 1_700_000_000.25)


def only_line(access_log, written):
    access_log.flush()
    return json.loads("".join(written))


def test_a_line_says_what_was_read_and_from_where(access_log, written):
    access_log.add("GET", "/x", Answer(200, [], b"body", cache="shard", shard="a1"), 0.0123)
    assert only_line(access_log, written) == {
        "event": "read",
        "level": "info",
        "method": "GET",
        "path": "/x",
        "status": 200,
        "bytes": 4,
        "cache": "shard",
        "shard": "a1",
        "ms": 12.3,
        "timestamp": "2023-11-14T22:13:20.2Z",
    }


@pytest.mark.parametrize("path", ['/"quoted"', "/new\nline", "/\x00", "/\u2028", "/\\", "/é"])
def test_a_hostile_path_stays_one_line_of_json(access_log, written, path):
    access_log.add("GET", path, Answer(404, []), 0.0)
    access_log.flush()
    assert json.loads("".join(written))["path"] == path
    assert "".join(written).count("\n") == 1


def test_a_long_path_is_cut(access_log, written):
    access_log.add("GET", "/" + "x" * 10_000, Answer(404, []), 0.0)
    assert len(only_line(access_log, written)["path"]) == 200


def test_a_cut_off_answer_is_marked(access_log, written):
    access_log.add("GET", "/x", Answer(200, []), 0.0, whole=False)
    assert only_line(access_log, written)["cut"] is True


def test_a_shared_answer_is_logged_like_any_other(access_log, written):
    answer = Answer(200, [], b"body", cache="memory")
    access_log.add("GET", "/x", answer, 0.001)
    for _ in range(2):
        access_log.add_shared("/x", answer, 0.001)
    access_log.flush()
    assert len(set("".join(written).splitlines())) == 1


def test_many_lines_are_written_before_the_flush(access_log, written):
    for _ in range(250):
        access_log.add("GET", "/x", Answer(200, []), 0.0)
    assert len(written) == 1
