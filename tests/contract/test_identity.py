"""A store is believed only while it is the shard it should be."""

import json
import uuid

import pytest

from tests.contract.blobs import get, labelled, put
from webapp.core.errors import ConflictError, ShardIdentityError
from webapp.core.keys import IDENTITY_KEY
from webapp.storage.identity import GuardedStore, Identity, identity_read, identity_write

OURS = str(uuid.UUID(int=1))
ANOTHER = str(uuid.UUID(int=2))


@pytest.fixture
def bare(store):
    """Give a store without an identity."""
    store.delete(IDENTITY_KEY)
    yield store
    store.delete(IDENTITY_KEY)


def guarded(store) -> GuardedStore:
    return GuardedStore(store, OURS, fresh_for=0.0, write_fresh_for=0.0)


def become(store, name: str, identity: str) -> None:
    data = json.dumps({"name": name, "identity": identity}).encode()
    store.put(IDENTITY_KEY, data, label=labelled(data))


def test_an_identity_is_read_as_it_was_written(bare):
    identity_write(bare, bare.name, OURS)
    assert identity_read(bare) == Identity(bare.name, OURS)


def test_a_store_without_an_identity_has_none(bare):
    assert identity_read(bare) is None


def test_a_store_that_has_an_identity_is_refused(bare):
    identity_write(bare, "first", ANOTHER)
    with pytest.raises(ConflictError, match="first"):
        identity_write(bare, bare.name, OURS)
    assert identity_read(bare) == Identity("first", ANOTHER)


def test_the_right_shard_is_written_and_read(bare, folder):
    identity_write(bare, bare.name, OURS)
    put(guarded(bare), folder + "original", b"picture")
    assert get(guarded(bare), folder + "original") == b"picture"


@pytest.mark.parametrize("wrong", ["bare", "another", "renamed", "damaged"])
class TestAnotherStore:
    def become(self, store, wrong: str) -> None:
        if wrong == "another":
            become(store, store.name, ANOTHER)
        if wrong == "renamed":
            become(store, "other", OURS)
        if wrong == "damaged":
            put(store, IDENTITY_KEY, b'{"name": ')

    def test_takes_no_write(self, bare, folder, wrong):
        self.become(bare, wrong)
        with pytest.raises(ShardIdentityError):
            put(guarded(bare), folder + "original", b"picture")
        assert bare.stat(folder + "original") is None

    def test_loses_no_blob(self, bare, folder, wrong):
        put(bare, folder + "original", b"picture")
        self.become(bare, wrong)
        with pytest.raises(ShardIdentityError):
            guarded(bare).delete(folder + "original")
        assert bare.stat(folder + "original") is not None

    def test_is_unreachable_not_empty(self, bare, folder, wrong):
        self.become(bare, wrong)
        with pytest.raises(ShardIdentityError):
            guarded(bare).stat(folder + "original")
        with pytest.raises(ShardIdentityError):
            get(guarded(bare), folder + "original")
        with pytest.raises(ShardIdentityError):
            list(guarded(bare).keys(folder))
