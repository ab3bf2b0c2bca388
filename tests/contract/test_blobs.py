"""Putting, reading, labelling and deleting one blob."""

import hashlib
import time

import pytest

from tests.contract.blobs import ABOUT, get, labelled, put
from webapp.core.errors import DigestMismatchError, HostileKeyError
from webapp.core.label import Label
from webapp.storage.base import Check, Whole

HUNDRED_MEGABYTES = 100 * 1000 * 1000


def test_what_was_put_is_read(store, folder):
    put(store, folder + "original", b"picture")
    assert get(store, folder + "original") == b"picture"


def test_put_is_verified(store, folder):
    check = store.put(folder + "original", b"picture", label=labelled(b"picture"))
    assert check is Check.VERIFIED


def test_a_file_is_put_like_bytes(store, folder, tmp_path):
    spool = tmp_path / "spool"
    spool.write_bytes(b"from a file" * 100_000)
    store.put(folder + "original", spool, label=labelled(spool.read_bytes()))
    assert get(store, folder + "original") == b"from a file" * 100_000


def test_what_was_hashed_once_is_put_like_bytes(store, folder):
    whole = Whole.of(b"bytes in memory")
    assert store.put(folder + "original", whole, label=labelled(whole.data)) is Check.VERIFIED
    assert get(store, folder + "original") == whole.data


def test_what_was_hashed_once_must_be_what_the_label_says(store, folder):
    with pytest.raises(DigestMismatchError):
        store.put(folder + "original", Whole.of(b"other bytes"), label=labelled(b"bytes"))
    assert store.stat(folder + "original") is None


def test_an_empty_blob_is_kept(store, folder):
    put(store, folder + "original", b"")
    assert get(store, folder + "original") == b""
    assert store.stat(folder + "original").size == 0


def test_put_replaces_the_blob_and_its_label(store, folder):
    put(store, folder + "manifest.json", b"old", about=ABOUT)
    put(store, folder + "manifest.json", b"newer")
    assert get(store, folder + "manifest.json") == b"newer"
    assert store.stat(folder + "manifest.json").label == labelled(b"newer")


def test_a_blob_of_a_hundred_megabytes_is_put_and_streamed(one_of_each, folder, tmp_path):
    store, spool, digest = one_of_each, tmp_path / "spool", hashlib.sha256()
    block = hashlib.shake_256(b"seed").digest(1_000_000)
    with spool.open("wb") as file:
        for _ in range(HUNDRED_MEGABYTES // len(block)):
            file.write(block)
            digest.update(block)
    label = Label(f"sha256:{digest.hexdigest()}", "image/png")

    store.put(folder + "original", spool, label=label)

    read = hashlib.sha256()
    with store.open(folder + "original") as blob:
        for chunk in blob.chunks:
            assert len(chunk) <= 1024 * 1024
            read.update(chunk)
    assert blob.stat.size == HUNDRED_MEGABYTES
    assert read.digest() == digest.digest()


def test_the_label_comes_back_with_names_of_any_script(store, folder):
    put(store, folder + "original", b"picture", about=ABOUT)
    assert store.stat(folder + "original").label == labelled(b"picture", about=ABOUT)


def test_open_gives_the_label_with_the_bytes(store, folder):
    put(store, folder + "original", b"picture", about=ABOUT)
    with store.open(folder + "original") as blob:
        assert blob.stat.label == labelled(b"picture", about=ABOUT)


def test_the_time_of_a_blob_is_when_it_was_put(store, folder):
    put(store, folder + "original", b"picture")
    # Stores show whole seconds, cut off.
    assert time.time() - 60 < store.stat(folder + "original").modified < time.time() + 1


def test_bytes_with_another_digest_are_refused_and_leave_nothing(store, folder):
    with pytest.raises(DigestMismatchError):
        store.put(folder + "original", b"other", label=labelled(b"picture"))
    assert store.stat(folder + "original") is None
    assert list(store.keys(folder)) == []


def test_a_file_with_another_digest_is_refused_and_leaves_nothing(store, folder, tmp_path):
    spool = tmp_path / "spool"
    spool.write_bytes(b"other" * 100_000)
    with pytest.raises(DigestMismatchError):
        store.put(folder + "original", spool, label=labelled(b"picture"))
    assert store.stat(folder + "original") is None


def test_bytes_with_another_digest_leave_what_was_there(store, folder):
    put(store, folder + "original", b"picture", about=ABOUT)
    with pytest.raises(DigestMismatchError):
        store.put(folder + "original", b"other", label=labelled(b"else"))
    assert get(store, folder + "original") == b"picture"
    assert store.stat(folder + "original").label == labelled(b"picture", about=ABOUT)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ({"start": 0, "end": 1}, b"0"),
        ({"start": 3, "end": 7}, b"3456"),
        ({"start": 8}, b"89"),
        ({"end": 4}, b"0123"),
        ({"start": 8, "end": 100}, b"89"),
        ({"start": 10}, b""),
        ({"start": 50, "end": 60}, b""),
        ({"start": 5, "end": 5}, b""),
    ],
)
def test_a_range_gives_its_bytes_and_the_size_of_the_whole(store, folder, span, expected):
    put(store, folder + "original", b"0123456789")
    with store.open(folder + "original", **span) as blob:
        assert blob.read() == expected
        assert blob.stat.size == 10


def test_a_range_of_an_empty_blob_gives_no_bytes(store, folder):
    put(store, folder + "original", b"")
    assert get(store, folder + "original", start=0, end=1) == b""


def test_a_blob_may_be_left_half_read(store, folder):
    put(store, folder + "original", b"x" * 3_000_000)
    with store.open(folder + "original") as blob:
        next(blob.chunks)
    assert get(store, folder + "original", end=1) == b"x"


def test_an_absent_blob_is_none(store, folder):
    assert store.stat(folder + "original") is None
    assert get(store, folder + "original") is None
    assert get(store, folder + "original", start=2, end=5) is None


def test_a_folder_is_no_blob(store, folder):
    put(store, folder + "original", b"picture")
    assert store.stat(folder.rstrip("/")) is None
    assert get(store, folder.rstrip("/")) is None


def test_nothing_lies_beneath_a_blob(store, folder):
    put(store, folder + "original", b"picture")
    assert store.stat(folder + "original/beneath") is None


def test_delete_removes_the_blob(store, folder):
    put(store, folder + "original", b"picture", about=ABOUT)
    store.delete(folder + "original")
    assert store.stat(folder + "original") is None
    assert list(store.keys(folder)) == []


def test_delete_leaves_the_neighbours(store, folder):
    put(store, folder + "original", b"picture")
    put(store, folder + "thumb.webp", b"small")
    store.delete(folder + "original")
    assert get(store, folder + "thumb.webp") == b"small"


def test_deleting_what_is_absent_is_done(store, folder):
    store.delete(folder + "original")


def test_a_deleted_blob_can_be_put_again(store, folder):
    put(store, folder + "original", b"picture", about=ABOUT)
    store.delete(folder + "original")
    put(store, folder + "original", b"again")
    assert store.stat(folder + "original").label == labelled(b"again")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../outside",
        "000/../../outside",
        "000/./original",
        "000//original",
        "000/",
        "000/or\0iginal",
        "000/or\niginal",
        "000/original%label",
        "000\\..\\original",
        "_shoebox/tmp/1-2",
        "0" * 201,
        "/".join(["0" * 100] * 10),
    ],
)
def test_a_key_that_would_leave_the_shard_is_refused(store, key):
    with pytest.raises(HostileKeyError):
        put(store, key, b"picture")
    with pytest.raises(HostileKeyError):
        get(store, key)
    with pytest.raises(HostileKeyError):
        store.stat(key)
    with pytest.raises(HostileKeyError):
        store.delete(key)
