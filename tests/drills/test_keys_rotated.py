"""The signing key is rotated while uploads and reads go on: nothing is refused, nothing lost."""

import secrets

import httpx
import pytest

from tests import samples
from tests.drills.load import patiently
from tests.processes import wait_until
from webapp.core.keys import JOURNAL_KEY, TOPOLOGY_KEY

PUBLISHED_SECONDS = 90


@pytest.fixture
def keys(embedded):
    """Give the key in use and the one that takes its place."""
    fresh = f"k{secrets.token_hex(4)}:{secrets.token_hex(32)}"
    return embedded.environment["SHOEBOX_SIGNING_KEYS"], fresh


def roll_out(system, *keys):
    """Give every process these keys: what serves one after the other, then the rest."""
    system.change(SHOEBOX_SIGNING_KEYS=",".join(keys))
    serving = ("read", "write")
    for name in serving:
        system.restart(name)
    system.restart(*(name for name in system.processes if name not in serving))


def signed_by(system, key):
    """Tell whether every shard holds a topology and a journal signed by a key."""
    key_id, documents = key.partition(":")[0], []
    for name in system.shard_names:
        for document in (TOPOLOGY_KEY, JOURNAL_KEY):
            with system.shard(name).open(document) as blob:
                documents.append(blob.read())
    return all(f'"{key_id}"'.encode() in document for document in documents)


def test_the_signing_key_is_rotated_under_load(embedded, load, keys):
    client, (old, new) = embedded.client, keys
    signed = client.store_ready(samples.jpeg(), kind="signed")
    deleted = client.store_ready(samples.jpeg())
    client.delete(deleted["id"])
    with load(embedded, pause=1.5) as running:
        running.wait_more(1)
        roll_out(embedded, old, new)
        client.read_original(signed)
        roll_out(embedded, new, old)
        client.read_original(signed)
        embedded.manage("shard", "publish")
        wait_until(
            lambda: signed_by(embedded, new), seconds=PUBLISHED_SECONDS, what="new signatures"
        )
        roll_out(embedded, new)
        running.wait_more(2)
    leaked = patiently(lambda: client.read(signed["links"]["original"]), again=lambda: None)
    assert leaked.status_code == httpx.codes.FORBIDDEN
    running.assert_healed(client.image(signed["id"]))
    assert client.read(deleted["links"]["original"]).status_code == httpx.codes.GONE
