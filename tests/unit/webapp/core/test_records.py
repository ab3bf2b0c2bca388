"""Labels, manifests, tombstones and the journal: what lies on shards beside pictures."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.errors import MalformedRequestError, SignatureError
from webapp.core.journal import Journal, journal_dump, journal_load
from webapp.core.label import MAX_LABEL_BYTES, About, Label, label_dump, label_load
from webapp.core.manifest import (
    Manifest,
    RenditionRecord,
    Revision,
    Tombstone,
    manifest_dump,
    manifest_load,
    tombstone_dump,
    tombstone_load,
)
from webapp.core.signing import Keyring

KEYS = Keyring.parse("k1:" + "ab" * 32)
DIGEST = "sha256:" + "0" * 64
ABOUT = About(
    owner_id="7f3c3f3e-0000-4000-8000-000000000000",
    owner_name="jörg",
    pool="default",
    source_digest=DIGEST,
    width=4000,
    height=3000,
    frames=1,
    filename="日本の写真.jpg",
    title="Été",
    album="",
    created_at="2026-11-22T00:00:00+00:00",
)
MANIFEST = Manifest(
    id="p000abcdefghjkmnpqrstvwx",
    revision=Revision(1, 3),
    owner_id=ABOUT.owner_id,
    owner_name="jörg",
    pool="default",
    kind="p",
    state="ready",
    reason="",
    filename="a.jpg",
    title="",
    album="",
    bytes=10,
    digest=DIGEST,
    source_digest=DIGEST,
    content_type="image/jpeg",
    width=1,
    height=1,
    frames=1,
    private=False,
    created_at="2026-11-22T00:00:00+00:00",
    ready_at=None,
    placeholder="IQgKBID4h4iIh4iPdngAAAAAAA==",
    colour="#a1a1a1",
    renditions={"thumb.webp": RenditionRecord(DIGEST, 5)},
)


def test_a_label_round_trips_with_any_script():
    label = Label(DIGEST, "image/jpeg", ABOUT)
    assert label_load(label_dump(label)) == label


def test_a_plain_label_round_trips():
    label = Label(DIGEST, "image/webp")
    assert label_load(label_dump(label)) == label


@given(filename=st.text(max_size=255), title=st.text(max_size=255), album=st.text(max_size=255))
def test_a_label_fits_any_store_whatever_it_is_told(filename, title, album):
    label = Label(DIGEST, "image/jpeg", replace(ABOUT, filename=filename, title=title, album=album))
    items = label_dump(label)
    assert sum(len(name) + len(value) for name, value in items.items()) <= MAX_LABEL_BYTES
    assert all(value.isascii() and value.isprintable() for value in items.values())
    loaded = label_load(items)
    assert loaded.about.owner_id == ABOUT.owner_id
    assert title.startswith(loaded.about.title)
    assert filename.startswith(loaded.about.filename)


@given(items=st.dictionaries(st.sampled_from(["digest", "type", "about", "x"]), st.text()))
def test_a_damaged_label_is_no_label(items):
    label = label_load(items)
    assert label is None or label_dump(label)["digest"] == items["digest"]


def test_a_manifest_round_trips():
    assert manifest_load(manifest_dump(MANIFEST)) == MANIFEST


def test_equal_manifests_give_equal_bytes():
    other = replace(MANIFEST, renditions=dict(reversed(MANIFEST.renditions.items())))
    assert manifest_dump(other) == manifest_dump(MANIFEST)


@given(data=st.binary(max_size=200))
def test_other_bytes_are_no_manifest(data):
    with pytest.raises(MalformedRequestError):
        manifest_load(data)


@given(length=st.integers(0, 300))
def test_a_manifest_cut_anywhere_is_none(length):
    with pytest.raises(MalformedRequestError):
        manifest_load(manifest_dump(MANIFEST)[:length])


def test_a_member_of_a_later_format_is_passed_over():
    data = manifest_dump(MANIFEST).replace(b'"id":', b'"mood": "calm", "id":')
    assert manifest_load(data) == MANIFEST


def test_a_tombstone_round_trips():
    tombstone = Tombstone(MANIFEST.id, Revision(1, 4), "2026-11-22T00:00:00+00:00", None)
    assert tombstone_load(tombstone_dump(tombstone)) == tombstone


def test_a_higher_epoch_beats_a_higher_counter():
    assert Revision(2, 1) > Revision(1, 99)


def test_the_journal_round_trips_signed():
    journal = Journal(Revision(1, 5), {MANIFEST.id: Revision(1, 4)})
    loaded = journal_load(journal_dump(journal, keyring=KEYS), keyring=KEYS)
    assert loaded == journal
    assert MANIFEST.id in loaded
    assert "p111" not in loaded


def test_an_unsigned_journal_is_refused():
    with pytest.raises(SignatureError):
        journal_load(b"{}", keyring=KEYS)
