"""What every AsyncBlobReader promises, and directories in particular."""

from pathlib import Path

import pytest

from webapp.core.errors import HostileKeyError, ShardUnavailableError
from webapp.core.label import Label
from webapp.core.shards import ShardEntry, ShardState
from webapp.core.signing import bytes_digest
from webapp.storage.aio.base import STREAM_BYTES
from webapp.storage.aio.make import ReaderMaker
from webapp.storage.aio.memory import MemoryReader
from webapp.storage.aio.s3 import S3Reader
from webapp.storage.aio.threaded import FIRST_BYTES, ThreadedReader
from webapp.storage.directory import DirectoryStore
from webapp.storage.memory import MemoryStore

KEY = "000/x/original"
LARGE = bytes(range(256)) * (FIRST_BYTES * 3 // 256)


@pytest.fixture(params=["memory", "directory"])
async def shard(request, tmp_path):
    if request.param == "memory":
        store = MemoryStore("a1")
        reader = MemoryReader(store)
    else:
        store = DirectoryStore("a1", tmp_path)
        reader = ThreadedReader(store, seconds=5.0)
    yield store, reader
    await reader.aclose()


def put(store, data, key=KEY):
    store.put(key, data, label=Label(bytes_digest(data), "image/jpeg"))


async def read(reader, key=KEY, **span):
    blob = await reader.open(key, **span)
    return await blob.read()


@pytest.mark.parametrize("data", [b"", b"small", LARGE], ids=["empty", "small", "large"])
async def test_all_bytes_are_read(shard, data):
    store, reader = shard
    put(store, data)
    assert await read(reader) == data


@pytest.mark.parametrize(("start", "end"), [(0, 3), (2, None), (3, 3), (100, None), (0, 10**9)])
async def test_a_range_is_read(shard, start, end):
    store, reader = shard
    put(store, b"0123456789")
    assert await read(reader, start=start, end=end) == b"0123456789"[start:end]


async def test_a_range_of_a_large_blob_is_read(shard):
    store, reader = shard
    put(store, LARGE)
    assert await read(reader, start=100, end=FIRST_BYTES * 2) == LARGE[100 : FIRST_BYTES * 2]


async def test_what_is_streamed_comes_whole(shard):
    store, reader = shard
    put(store, LARGE)
    assert await read(reader, streamed=True) == LARGE


@pytest.mark.parametrize("data", [LARGE, LARGE[: FIRST_BYTES // 2]], ids=["large", "small"])
async def test_little_is_read_ahead_of_what_is_streamed(tmp_path, data):
    store = DirectoryStore("a1", tmp_path, chunk_bytes=STREAM_BYTES)
    reader = ThreadedReader(store, seconds=5.0)
    put(store, data)
    blob = await reader.open(KEY, streamed=True)
    chunks = [chunk async for chunk in blob.chunks]
    await reader.aclose()
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) == STREAM_BYTES


async def test_stat_and_label_come_with_the_bytes(shard):
    store, reader = shard
    put(store, b"data")
    stat = (await reader.open(KEY)).stat
    assert (stat.size, stat.label) == (4, Label(bytes_digest(b"data"), "image/jpeg"))


async def test_absent_is_none(shard):
    assert await shard[1].open(KEY) is None


async def test_a_hostile_key_is_refused(shard):
    with pytest.raises(HostileKeyError):
        await shard[1].open("../secret")
    with pytest.raises(HostileKeyError):
        await shard[1].put("../secret", b"", label=Label(bytes_digest(b""), "image/jpeg"))


async def test_what_is_put_replaces_what_was_there(shard):
    store, reader = shard
    put(store, b"before")
    label = Label(bytes_digest(b"after"), "application/json")
    await reader.put(KEY, b"after", label=label)
    blob = await reader.open(KEY)
    assert (await blob.read(), blob.stat.label) == (b"after", label)


async def test_a_large_blob_may_be_closed_before_its_end(shard):
    store, reader = shard
    put(store, LARGE)
    blob = await reader.open(KEY)
    await anext(aiter(blob.chunks))
    await blob.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(blob.chunks)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("reads", [0, 1, 10])
async def test_no_file_stays_open(tmp_path, reads):
    store = DirectoryStore("a1", tmp_path)
    reader = ThreadedReader(store, seconds=5.0)
    put(store, LARGE)
    before = open_files()
    blob = await reader.open(KEY)
    for _ in range(reads):
        await anext(blob.chunks, None)
    await blob.aclose()
    assert open_files() == before


async def test_a_folder_that_is_not_there_cannot_tell(tmp_path):
    reader = ThreadedReader(DirectoryStore("a1", tmp_path / "unmounted"), seconds=5.0)
    with pytest.raises(ShardUnavailableError):
        await reader.open(KEY)
    with pytest.raises(ShardUnavailableError):
        await reader.put(KEY, b"", label=Label(bytes_digest(b""), "image/jpeg"))
    assert not list(tmp_path.iterdir())


async def test_a_closed_reader_in_memory_cannot_tell():
    reader = MemoryReader(MemoryStore("a1"))
    await reader.aclose()
    with pytest.raises(ShardUnavailableError):
        await reader.open(KEY)
    with pytest.raises(ShardUnavailableError):
        await reader.put(KEY, b"", label=Label(bytes_digest(b""), "image/jpeg"))


def entry(url, **options):
    return ShardEntry("a1", url, ShardState.ACTIVE, "identity", options)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("file:///srv/a1", ThreadedReader),
        ("s3+http://127.0.0.1:1/bucket", S3Reader),
    ],
)
def test_a_reader_is_made_from_the_address(url, kind):
    assert type(ReaderMaker().bare(entry(url))) is kind


def test_the_absence_of_a_blob_is_doubted_in_folders_alone():
    maker = ReaderMaker()
    assert maker.guarded(entry("file:///srv/a1"))._sure_absent
    assert not maker.guarded(entry("s3+http://127.0.0.1:1/bucket"))._sure_absent


def test_credentials_do_not_show():
    assert "secret" not in repr(ReaderMaker(credentials={"a1": ("id", "secret")}))
