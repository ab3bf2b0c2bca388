"""Reading S3 shards with obstore, against real SeaweedFS processes."""

import socket
import time

import boto3
import pytest

from config.local.ports import free_port_block
from config.local.runner import start, started
from config.local.servers.seaweedfs import PORTS, SeaweedFS
from config.local.service import MissingServerError
from tests.factories import make_picture
from tests.integration.reader_server import read_service, render_process
from tests.unit.webapp.reader.world import JPEG, World
from webapp.core.errors import ShardUnavailableError
from webapp.core.label import About, Label
from webapp.core.signing import bytes_digest
from webapp.reader.blobs import WHOLE_BYTES
from webapp.storage.address import S3Address
from webapp.storage.aio.s3 import S3Reader
from webapp.storage.s3 import S3Store

pytestmark = pytest.mark.real
CREDENTIALS = ("reader", "reader-secret-key")
KEY = "000/x/original"
LARGE = bytes(range(256)) * (WHOLE_BYTES // 256 + 8192)
SHARDS = ("a1", "a2", "b1", "b2")


def server_make(folder, name="seaweedfs"):
    return SeaweedFS(
        name=name,
        directory=folder / name,
        port=free_port_block(PORTS),
        access_key=CREDENTIALS[0],
        secret_key=CREDENTIALS[1],
    )


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory):
    """Run one store with a bucket per shard."""
    server = server_make(tmp_path_factory.mktemp("seaweedfs"))
    try:
        with started(server.service()):
            for shard in SHARDS:
                boto3.client(
                    "s3",
                    endpoint_url=server.endpoint,
                    region_name="us-east-1",
                    aws_access_key_id=CREDENTIALS[0],
                    aws_secret_access_key=CREDENTIALS[1],
                ).create_bucket(Bucket=f"shard-{shard}")
            yield server
    except MissingServerError as missing:
        pytest.skip(str(missing))


def store_of(server, bucket="shoebox"):
    return S3Store(bucket, S3Address(server.endpoint, bucket), CREDENTIALS)


def reader_of(server, bucket="shoebox", *, credentials=CREDENTIALS, seconds=5.0):
    return S3Reader(
        bucket,
        S3Address(server.endpoint, bucket),
        credentials=credentials,
        connect_seconds=1.0,
        read_seconds=seconds,
    )


def put(server, data, key=KEY, *, about=None):
    label = Label(bytes_digest(data), "image/jpeg", about)
    store_of(server).put(key, data, label=label)
    return label


async def read(reader, key=KEY, **span):
    return await (await reader.open(key, **span)).read()


@pytest.mark.parametrize("data", [b"", b"small", LARGE], ids=["empty", "small", "large"])
async def test_all_bytes_are_read(seaweed, data):
    put(seaweed, data)
    assert await read(reader_of(seaweed)) == data


async def test_what_is_streamed_comes_in_pieces(seaweed):
    data = LARGE[: WHOLE_BYTES // 2]
    put(seaweed, data)
    blob = await reader_of(seaweed).open(KEY, streamed=True)
    chunks = [chunk async for chunk in blob.chunks]
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) < len(data) / 4


@pytest.mark.parametrize(
    ("start", "end"), [(0, 3), (2, None), (3, 3), (100, None), (100, 200), (0, 10**9)]
)
async def test_a_range_is_read(seaweed, start, end):
    put(seaweed, b"0123456789")
    assert await read(reader_of(seaweed), start=start, end=end) == b"0123456789"[start:end]


async def test_the_stat_of_a_range_is_of_the_whole(seaweed):
    put(seaweed, b"0123456789")
    assert (await reader_of(seaweed).open(KEY, start=2, end=4)).stat.size == 10


async def test_the_label_comes_with_the_bytes(seaweed):
    about = About("u", "Zoë", "default", "sha256:0", 3, 2, 1, "写真.jpg", "ein Titel", "", "2026")
    label = put(seaweed, b"data", about=about)
    stat = (await reader_of(seaweed).open(KEY)).stat
    assert (stat.size, stat.label) == (4, label)
    assert abs(stat.modified - time.time()) < 60


async def test_what_is_put_is_read_by_whoever_writes_with_the_other_client(seaweed):
    name = "_shoebox/noted/p000_original_s1.json"
    label = Label(bytes_digest(b"{}"), "application/json")
    await reader_of(seaweed).put(name, b"{}", label=label)
    store = store_of(seaweed)
    with store.open(name) as blob:
        assert (blob.read(), blob.stat.label) == (b"{}", label)
    assert list(store.keys("_shoebox/noted/")) == [name]


async def test_a_put_that_is_refused_cannot_tell(seaweed):
    label = Label(bytes_digest(b"{}"), "application/json")
    for reader in (
        reader_of(seaweed, credentials=("reader", "wrong-secret-key")),
        reader_of(seaweed, credentials=None),
    ):
        with pytest.raises(ShardUnavailableError):
            await reader.put(KEY, b"{}", label=label)


async def test_absent_is_none(seaweed):
    assert await reader_of(seaweed).open("000/x/absent") is None


async def test_a_missing_bucket_cannot_tell(seaweed):
    with pytest.raises(ShardUnavailableError):
        await reader_of(seaweed, "no-such-bucket").open(KEY)


async def test_wrong_credentials_cannot_tell(seaweed):
    with pytest.raises(ShardUnavailableError):
        await reader_of(seaweed, credentials=("stranger", "wrong")).open(KEY)


async def test_an_address_nobody_listens_on_cannot_tell():
    nobody = S3Address(f"http://127.0.0.1:{free_port_block()}", "shoebox")
    reader = S3Reader("a1", nobody, credentials=CREDENTIALS, connect_seconds=1.0, read_seconds=1.0)
    with pytest.raises(ShardUnavailableError):
        await reader.open(KEY)


async def test_a_store_that_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, says nothing
        address = S3Address(f"http://127.0.0.1:{silent.getsockname()[1]}", "shoebox")
        reader = S3Reader(
            "a1", address, credentials=CREDENTIALS, connect_seconds=1.0, read_seconds=0.2
        )
        with pytest.raises(ShardUnavailableError):
            await reader.open(KEY)


async def test_a_large_blob_may_be_closed_before_its_end(seaweed):
    put(seaweed, LARGE)
    reader = reader_of(seaweed)
    blob = await reader.open(KEY)
    await anext(aiter(blob.chunks))
    await blob.aclose()
    assert len(await read(reader)) == len(LARGE)


async def test_a_store_killed_while_it_sends_cannot_tell(tmp_path):
    server = server_make(tmp_path)
    running = start(server.service())
    try:
        put(server, LARGE * 3)
        blob = await reader_of(server, seconds=2.0).open(KEY)
        await anext(aiter(blob.chunks))
        running.kill()
        with pytest.raises(ShardUnavailableError):
            await blob.read()
    finally:
        running.kill()


@pytest.fixture(scope="module")
def s3_world(seaweed, tmp_path_factory):
    """Give four buckets as shards, and the settings that open them."""
    stores = {name: store_of(seaweed, f"shard-{name}") for name in SHARDS}
    urls = {name: f"s3+{seaweed.endpoint}/shard-{name}" for name in SHARDS}
    keys = {}
    for name in SHARDS:
        keys[f"shard_{name}_access_key"], keys[f"shard_{name}_secret_key"] = CREDENTIALS
    return World(stores, tmp_path_factory.mktemp("world"), urls).found(), keys


def test_the_read_service_serves_from_s3_shards(s3_world):
    world, keys = s3_world
    small, large = world.image(), world.image(LARGE)
    world.rendition(small, "w320.webp", b"rendition")
    with read_service(world, **keys) as server:
        assert server.get(f"/{small}").content == JPEG
        assert server.get(f"/{small}/w320.webp").content == b"rendition"
        assert server.get(f"/{large}").content == LARGE
        part = server.get(f"/{large}", headers={"range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, LARGE[100:200])
        assert server.get("/readyz").json()["degraded"] == []
        world.delete(str(small), file=False)
        assert server.until(lambda: server.get(f"/{small}").status_code == 410) < 5


def test_a_size_on_demand_is_made_on_s3_shards(s3_world):
    world, keys = s3_world
    image_id = world.image(make_picture())
    link = world.links().link(f"/{image_id}/w64h48crop.avif", signed=True)
    with render_process(world, **keys) as render:
        url = f"http://127.0.0.1:{render.port}"
        with read_service(world, render_url=url, render_wait_seconds=90, **keys) as server:
            answer = server.get(link)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/avif")
            render.running.kill()
    with read_service(world, **keys) as server:
        assert server.get(link).content == answer.content
