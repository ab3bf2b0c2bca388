from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.webapp.reader.world import KEYRING, OTHER_KEYRING, World
from webapp.core.journal import Journal, journal_dump
from webapp.core.manifest import Revision
from webapp.core.signing import bytes_digest, document_sign
from webapp.core.topology import topology_dump
from webapp.reader.follower import Follower, Offer, journal_kind, topology_kind


def document(tmp_path, *, revision=1, versions=(0,), keyring=KEYRING):
    world = World.in_memory(tmp_path)
    world.revision, world.versions = revision, versions
    return topology_dump(world.topology, keyring=keyring)


@pytest.fixture
def accepted():
    return []


@pytest.fixture
def follower(accepted):
    return Follower(topology_kind(KEYRING), accepted=accepted.append)


def test_the_first_valid_copy_is_taken(tmp_path, follower, accepted):
    assert follower.offer(document(tmp_path), source="a1") is Offer.NEWER
    assert [topology.revision for topology in accepted] == [1]


@pytest.mark.parametrize(
    ("revision", "outcome"),
    [
        (1, Offer.OLDER),
        (2, Offer.SAME),
        (3, Offer.NEWER),
    ],
)
def test_only_a_higher_revision_is_newer(tmp_path, follower, revision, outcome):
    follower.offer(document(tmp_path, revision=2), source="a1")
    assert follower.offer(document(tmp_path, revision=revision), source="b1") is outcome


def test_a_copy_signed_by_a_stranger_is_refused(tmp_path, follower):
    data = document(tmp_path, keyring=OTHER_KEYRING)
    assert follower.offer(data, source="a1") is Offer.REFUSED


def test_a_copy_that_loses_a_version_is_refused(tmp_path, follower):
    follower.offer(document(tmp_path, versions=(0, 1)), source="a1")
    later = document(tmp_path, revision=2, versions=(0,))
    assert follower.offer(later, source="a1") is Offer.REFUSED
    assert follower.value.revision == 1


def test_another_document_of_the_same_revision_is_refused(tmp_path, follower):
    follower.offer(document(tmp_path), source="a1")
    assert follower.offer(document(tmp_path, versions=(0, 1)), source="b1") is Offer.REFUSED


def test_a_refusal_is_said_once_per_source(follower, monkeypatch):
    said = []
    log = SimpleNamespace(warning=lambda _event, **values: said.append(values["source"]))
    monkeypatch.setattr("webapp.reader.follower.log", log)
    for source in ("a1", "a1", "b1"):
        follower.offer(b"nonsense", source=source)
    assert said == ["a1", "b1"]


def test_what_is_signed_and_not_understood_is_refused(follower):
    data = document_sign({"format": 1}, purpose="topology", keyring=KEYRING)
    assert follower.offer(data, source="a1") is Offer.REFUSED


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_without_an_error(data):
    assert Follower(journal_kind(KEYRING)).offer(data, source="a1") is Offer.REFUSED


def test_only_a_shard_confirms(tmp_path):
    now = [100.0]
    follower = Follower(topology_kind(KEYRING), clock=lambda: now[0])
    follower.offer(document(tmp_path), source="file")
    assert follower.age == float("inf")
    follower.confirm()
    now[0] = 103.0
    assert follower.age == 3.0


def test_the_accepted_copy_is_known_by_its_digest(tmp_path, follower):
    data = document(tmp_path)
    assert not follower.knows(bytes_digest(data))
    follower.offer(data, source="a1")
    assert follower.knows(bytes_digest(data))


def test_a_rebuilt_index_starts_a_higher_epoch():
    follower = Follower(journal_kind(KEYRING))
    follower.offer(journal_dump(Journal(Revision(1, 99), {}), keyring=KEYRING), source="a1")
    later = journal_dump(Journal(Revision(2, 1), {}), keyring=KEYRING)
    assert follower.offer(later, source="a1") is Offer.NEWER
