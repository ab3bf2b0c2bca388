"""Probing a store."""

import time

import pytest

from tests.contract.conftest import s3_store
from tests.contract.scripted_store import Answer
from tests.contract.test_s3_answers import Forgetful, store_answering
from webapp.core.errors import ShardUnavailableError
from webapp.storage.base import Check
from webapp.storage.blob_keys import PROBE_PREFIX
from webapp.storage.identity import GuardedStore, identity_write
from webapp.storage.memory import MemoryStore
from webapp.storage.probe import shard_probe, store_clock


def test_a_good_store_has_no_problems(store):
    report = shard_probe(store)
    assert report.problems == ()
    assert report.check is Check.VERIFIED


def test_a_probe_leaves_nothing(store):
    shard_probe(store)
    assert list(store.keys(PROBE_PREFIX)) == []


@pytest.mark.real
def test_a_private_bucket_refuses_an_anonymous_get(seaweed):
    report = shard_probe(s3_store(seaweed))
    assert report.private is True
    assert abs(report.clock_ahead) < 5


def test_a_public_bucket_is_a_problem():
    with store_answering(Forgetful()) as store:
        report = shard_probe(store)
    assert report.private is False
    assert report.problems == ("Anybody can read the bucket; make it private.",)


def test_a_store_that_does_not_answer_is_not_probed():
    with store_answering(lambda _: Answer(503)) as store, pytest.raises(ShardUnavailableError):
        shard_probe(store)


def test_a_local_store_has_neither_privacy_nor_clock():
    report = shard_probe(MemoryStore("m"))
    assert (report.private, report.clock_ahead) == (None, None)


def test_the_clock_is_read_through_the_guard(store):
    store.delete("_shoebox/shard.json")
    identity_write(store, store.name, "identity")
    clock = store_clock(GuardedStore(store, "identity"))
    assert clock is None or abs(clock - time.time()) < 5
    store.delete("_shoebox/shard.json")
