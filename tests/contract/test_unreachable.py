"""A store that does not answer says so in time, and never that a blob is absent."""

import os
import shutil
import signal
import time

import pytest

from tests.contract.blobs import get, put
from tests.contract.conftest import s3_store
from webapp.core.errors import ShardUnavailableError
from webapp.storage.directory import DirectoryStore

KEY = "000/p00000000000000000000000/original"
UNTOUCHED = "000/p00000000000000000000001/original"
CALLS = {
    "put": lambda store: put(store, KEY, b"picture"),
    "open": lambda store: get(store, KEY),
    "stat": lambda store: store.stat(KEY),
    "delete": lambda store: store.delete(KEY),
    "keys": lambda store: list(store.keys("")),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@pytest.fixture
def unmounted(tmp_path):
    """Give a directory shard whose folder went away."""
    store = DirectoryStore("away", tmp_path / "shard")
    store.root.mkdir()
    put(store, KEY, b"picture")
    shutil.rmtree(store.root)
    return store


@every_call
def test_a_missing_folder_is_unreachable_and_not_made_again(unmounted, call):
    with pytest.raises(ShardUnavailableError):
        call(unmounted)
    assert not unmounted.root.exists()


@pytest.mark.real
@every_call
def test_wrong_credentials_are_unreachable(seaweed, call):
    with pytest.raises(ShardUnavailableError, match="403"):
        call(s3_store(seaweed, credentials=("nobody", "nothing-at-all")))


@pytest.mark.real
@pytest.mark.parametrize("name", ["open", "stat", "keys"])
def test_a_missing_bucket_is_unreachable(seaweed, name):
    with pytest.raises(ShardUnavailableError, match="NoSuchBucket"):
        CALLS[name](s3_store(seaweed, bucket="nowhere"))


@pytest.mark.real
def test_a_killed_server_is_unreachable_at_once(doomed_seaweed):
    server, running = doomed_seaweed
    store = s3_store(server)
    put(store, KEY, b"picture")
    running.kill()
    for call in CALLS.values():
        began = time.monotonic()
        with pytest.raises(ShardUnavailableError):
            call(store)
        assert time.monotonic() - began < 5


@pytest.mark.real
def test_a_stopped_server_is_unreachable_within_the_time_out(doomed_seaweed):
    server, running = doomed_seaweed
    store = s3_store(server, read_timeout=0.5)
    put(store, UNTOUCHED, b"picture")
    for pid in running.members():
        os.kill(pid, signal.SIGSTOP)
    for call in CALLS.values():
        began = time.monotonic()
        with pytest.raises(ShardUnavailableError):
            call(store)
        # Two attempts and the pause between them.
        assert time.monotonic() - began < 4
    for pid in running.members():
        os.kill(pid, signal.SIGCONT)
    # What it was asked meanwhile it may still do: a blob that a call named may be gone.
    assert get(s3_store(server), UNTOUCHED) == b"picture"


@pytest.mark.real
def test_a_server_killed_while_a_blob_is_read_is_unreachable(doomed_seaweed):
    server, running = doomed_seaweed
    store = s3_store(server)
    put(store, KEY, b"x" * 50_000_000)
    with store.open(KEY) as blob:
        next(blob.chunks)
        running.kill()
        with pytest.raises(ShardUnavailableError):
            list(blob.chunks)
