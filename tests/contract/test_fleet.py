"""One blob on shards of different kinds, as the upload path writes it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.contract.blobs import get, labelled
from tests.contract.conftest import CREDENTIALS
from webapp.core.errors import ShardIdentityError
from webapp.core.keys import IDENTITY_KEY
from webapp.core.shards import ShardEntry, ShardSpec, ShardState
from webapp.storage.copies import read_any
from webapp.storage.fleet import Fleet, store_open
from webapp.storage.identity import identity_write
from webapp.storage.quorum import quorum_write

pytestmark = pytest.mark.real
KEYS = {"bucket": CREDENTIALS}


@pytest.fixture
def entries(seaweed, tmp_path):
    """Describe a bucket and a folder, each with its identity."""
    entries = [
        ShardEntry("bucket", seaweed.url, ShardState.ACTIVE, "identity-1"),
        ShardEntry("folder", f"file://{tmp_path}", ShardState.ACTIVE, "identity-2"),
    ]
    for entry in entries:
        identity_write(store_open(entry, KEYS), entry.name, entry.identity)
    yield entries
    store_open(entries[0], KEYS).delete(IDENTITY_KEY)


def test_a_blob_is_placed_on_a_bucket_and_a_folder(entries, folder):
    fleet = Fleet(KEYS)
    with ThreadPoolExecutor(4) as executor:
        written = quorum_write(
            stores=[(ShardSpec(entry.name, entry.name), fleet.store(entry)) for entry in entries],
            key=folder + "original",
            source=b"picture",
            label=labelled(b"picture"),
            wanted=2,
            quorum=2,
            executor=executor,
        )
    assert {placed.shard_name for placed in written.placed} == {"bucket", "folder"}
    for entry in entries:
        assert get(fleet.store(entry), folder + "original") == b"picture"


def test_another_shards_bucket_is_stepped_over(entries, folder):
    fleet = Fleet(KEYS)
    bucket, directory = entries
    swapped = fleet.store(replace(bucket, identity="another"))
    store = fleet.store(directory)
    store.put(folder + "original", b"picture", label=labelled(b"picture"))
    with pytest.raises(ShardIdentityError):
        swapped.stat(folder + "original")
    assert read_any([swapped, store], folder + "original").shard_name == "folder"
