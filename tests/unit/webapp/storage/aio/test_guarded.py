import asyncio

import pytest

from webapp.core.errors import ShardIdentityError, ShardUnavailableError
from webapp.core.keys import IDENTITY_KEY
from webapp.core.label import Label
from webapp.core.signing import bytes_digest
from webapp.storage.aio.guarded import GuardedReader
from webapp.storage.aio.memory import MemoryReader
from webapp.storage.identity import identity_write
from webapp.storage.memory import MemoryStore

KEY = "000/x/original"


class Guarded:
    def __init__(self, *, sure_absent=True):
        self.now = 100.0
        self.store = MemoryStore("a1")
        identity_write(self.store, "a1", "identity")
        self.store.put(KEY, b"data", label=Label(bytes_digest(b"data"), "image/jpeg"))
        self.inner = MemoryReader(self.store)
        self.reader = GuardedReader(
            self.inner,
            "identity",
            fresh_for=2.0,
            sure_absent=sure_absent,
            clock=lambda: self.now,
        )

    @property
    def checks(self):
        return self.inner.opened.count(IDENTITY_KEY)

    def lose_identity(self):
        self.store.delete(IDENTITY_KEY)


@pytest.fixture
def guarded():
    return Guarded()


async def test_the_first_use_asks_who_it_is(guarded):
    assert await (await guarded.reader.open(KEY)).read() == b"data"
    assert guarded.checks == 1


async def test_a_fresh_check_is_enough(guarded):
    for _ in range(3):
        await guarded.reader.open(KEY)
    assert guarded.checks == 1


async def test_an_old_check_is_made_again(guarded):
    await guarded.reader.open(KEY)
    guarded.now += 3
    await guarded.reader.open(KEY)
    assert guarded.checks == 2


async def test_many_who_find_a_check_due_share_it(guarded):
    await asyncio.gather(*(guarded.reader.open(KEY) for _ in range(10)))
    assert guarded.checks == 1


async def test_a_store_without_identity_is_not_believed(guarded):
    guarded.lose_identity()
    with pytest.raises(ShardUnavailableError):
        await guarded.reader.open(KEY)
    assert isinstance(guarded.reader.problem, ShardIdentityError)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"name": "a1"}',
        b'{"name": "a1", "identity": "other"}',
        b'{"name": "a2", "identity": "identity"}',
        b"\xff",
    ],
)
async def test_another_identity_is_not_believed(guarded, data):
    guarded.store.put(IDENTITY_KEY, data, label=Label(bytes_digest(data), "application/json"))
    await guarded.reader.check()
    assert isinstance(guarded.reader.problem, ShardIdentityError)


async def test_absent_is_believed_only_after_another_look(guarded):
    await guarded.reader.open(KEY)
    guarded.lose_identity()
    with pytest.raises(ShardIdentityError):
        await guarded.reader.open("000/x/absent")


async def test_absent_on_a_store_that_cannot_be_unmounted_needs_no_look():
    guarded = Guarded(sure_absent=False)
    assert await guarded.reader.open("000/x/absent") is None
    assert guarded.checks == 1


async def test_a_failed_read_makes_the_shard_suspect(guarded):
    await guarded.reader.open(KEY)
    guarded.store.fail = lambda _operation, _key: ShardUnavailableError("away")
    with pytest.raises(ShardUnavailableError):
        await guarded.reader.open(KEY)
    assert guarded.reader.suspected.is_set()


async def test_a_shard_known_to_be_away_is_not_asked(guarded):
    guarded.reader.failed(ShardUnavailableError("too slow"))
    await guarded.reader.check()
    guarded.reader.failed(ShardUnavailableError("too slow"))
    asked = len(guarded.inner.opened)
    with pytest.raises(ShardUnavailableError):
        await guarded.reader.open(KEY)
    assert len(guarded.inner.opened) == asked


async def test_a_check_brings_it_back(guarded):
    await guarded.reader.open(KEY)
    guarded.reader.failed(ShardUnavailableError("too slow"))
    await guarded.reader.check()
    assert guarded.reader.problem is None
    assert await guarded.reader.open(KEY)


def put(guarded):
    return guarded.reader.put(
        "000/x/note", b"note", label=Label(bytes_digest(b"note"), "text/plain")
    )


async def test_nothing_is_put_before_another_look_at_who_it_is(guarded):
    await guarded.reader.open(KEY)
    guarded.lose_identity()
    with pytest.raises(ShardIdentityError):
        await put(guarded)
    assert list(guarded.store.keys()) == [KEY]


async def test_a_shard_that_takes_nothing_is_read_all_the_same(guarded):
    def fail(operation, _key):
        return ShardUnavailableError("read-only") if operation == "put" else None

    guarded.store.fail = fail
    with pytest.raises(ShardUnavailableError):
        await put(guarded)
    assert guarded.reader.problem is None
    assert not guarded.reader.suspected.is_set()
    assert await (await guarded.reader.open(KEY)).read() == b"data"
