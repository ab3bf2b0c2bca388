"""When a guarded store looks again who it is talking to."""

import pytest

from tests.unit.webapp.storage.stores import DATA, KEY, LABEL, silent
from webapp.core.errors import ConflictError, ShardIdentityError, ShardUnavailableError
from webapp.core.keys import IDENTITY_KEY
from webapp.storage.identity import GuardedStore, identity_read, identity_write
from webapp.storage.memory import MemoryStore


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Counter:
    """Counts how often the identity is read."""

    reads = 0

    def __call__(self, operation: str, key: str) -> None:
        self.reads += (operation, key) == ("open", IDENTITY_KEY)


@pytest.fixture
def inner():
    store = MemoryStore("a")
    identity_write(store, "a", "identity")
    store.put(KEY, DATA, label=LABEL)
    return store


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def network(inner, clock):
    """Guard as a store on the network is guarded."""
    return GuardedStore(inner, "identity", fresh_for=5.0, write_fresh_for=5.0, clock=clock)


@pytest.fixture
def local(inner, clock):
    """Guard as a directory is guarded."""
    return GuardedStore(inner, "identity", fresh_for=2.0, write_fresh_for=0.0, clock=clock)


def test_a_fresh_check_is_good_for_many_reads(inner, network):
    inner.fail = counter = Counter()
    for _ in range(10):
        network.stat(KEY)
    assert counter.reads == 1


def test_an_old_check_is_made_again(inner, network, clock):
    network.stat(KEY)
    inner.delete(IDENTITY_KEY)
    clock.now += 5
    with pytest.raises(ShardIdentityError):
        network.stat(KEY)


def test_after_a_failure_the_check_is_made_again(inner, network):
    network.stat(KEY)
    inner.fail = silent
    with pytest.raises(ShardUnavailableError):
        network.stat(KEY)
    inner.fail = None
    inner.delete(IDENTITY_KEY)
    with pytest.raises(ShardIdentityError):
        network.stat(KEY)


def test_a_failure_while_a_blob_is_read_counts_as_one(inner, network):
    with pytest.raises(ShardUnavailableError), network.open(KEY):
        raise ShardUnavailableError("in the middle")
    inner.delete(IDENTITY_KEY)
    with pytest.raises(ShardIdentityError):
        network.stat(KEY)


def test_a_directory_is_checked_before_every_write(inner, local):
    local.put(KEY, DATA, label=LABEL)
    inner.delete(IDENTITY_KEY)
    inner.delete(KEY)
    with pytest.raises(ShardIdentityError):
        local.put(KEY, DATA, label=LABEL)
    assert inner.stat(KEY) is None


def test_a_directory_is_checked_before_it_is_believed_that_a_blob_is_absent(inner, local):
    local.stat(KEY)
    inner.delete(IDENTITY_KEY)
    inner.delete(KEY)
    with pytest.raises(ShardIdentityError):
        local.stat(KEY)
    with pytest.raises(ShardIdentityError), local.open(KEY):
        pass


def test_a_blob_that_is_there_is_read_without_another_check(inner, local):
    local.stat(KEY)
    inner.fail = counter = Counter()
    assert local.stat(KEY) is not None
    assert counter.reads == 0


def test_the_end_of_a_listing_is_believed_only_from_the_shard_itself(inner, local):
    keys = local.keys("0")
    assert next(keys) == KEY
    inner.delete(IDENTITY_KEY)
    with pytest.raises(ShardIdentityError):
        next(keys)


def test_a_store_that_lost_a_race_for_its_identity_is_refused():
    store = MemoryStore("a")

    def overtake(operation: str, key: str) -> None:
        if (operation, key) == ("put", IDENTITY_KEY):
            store.fail = lambda operation, _: after(operation)

    def after(operation: str) -> None:
        if operation == "open":
            store.fail = None
            store.delete(IDENTITY_KEY)
            identity_write(store, "b", "another")

    store.fail = overtake
    with pytest.raises(ConflictError, match="'b'"):
        identity_write(store, "a", "identity")
    assert identity_read(store).shard_name == "b"


def test_an_error_names_the_shard_that_was_found(inner):
    with pytest.raises(ShardIdentityError, match=r"another.*is shard 'a'"):
        GuardedStore(inner, "another").stat(KEY)


class Witness:
    seen: object = 1

    def __call__(self) -> object:
        return self.seen


@pytest.fixture
def witnessed(inner, clock):
    """Guard as a directory whose identity file can be told from another at a glance."""
    witness = Witness()
    store = GuardedStore(
        inner, "identity", fresh_for=2.0, write_fresh_for=0.0, clock=clock, witness=witness
    )
    return store, witness


def test_an_identity_that_lies_there_untouched_is_not_read_again(inner, witnessed, clock):
    store, _ = witnessed
    inner.fail = counter = Counter()
    for _ in range(10):
        clock.now += 100.0
        store.put(KEY, DATA, label=LABEL)
    assert counter.reads == 1


@pytest.mark.parametrize("now", [2, None])
def test_an_identity_that_is_another_file_is_read_again(inner, witnessed, now):
    store, witness = witnessed
    store.put(KEY, DATA, label=LABEL)
    witness.seen = now
    inner.delete(IDENTITY_KEY)
    with pytest.raises(ShardIdentityError):
        store.put(KEY, DATA, label=LABEL)


def test_after_a_failure_the_identity_is_read_whatever_it_looks_like(inner, witnessed):
    store, _ = witnessed
    store.put(KEY, DATA, label=LABEL)
    inner.fail = silent
    with pytest.raises(ShardUnavailableError):
        store.put(KEY, DATA, label=LABEL)
    inner.fail = counter = Counter()
    store.put(KEY, DATA, label=LABEL)
    assert counter.reads == 1
