"""What a directory shard does on its disk."""

import errno
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.webapp.storage.stores import DATA, KEY, LABEL
from webapp.core.errors import (
    DigestMismatchError,
    HostileKeyError,
    ShardFullError,
    ShardUnavailableError,
)
from webapp.core.label import Label, label_dump
from webapp.core.signing import bytes_digest
from webapp.storage.directory import DirectoryStore
from webapp.storage.disk_files import LEFTOVER_SECONDS
from webapp.storage.disk_labels import ATTRIBUTE, label_decode, label_encode

OTHER = b"another picture"
OTHER_LABEL = Label(bytes_digest(OTHER), "image/png")


@pytest.fixture
def store(tmp_path):
    return DirectoryStore("a", tmp_path)


@pytest.fixture
def sidecar_store(tmp_path):
    return DirectoryStore("a", tmp_path, attributes=False)


SEGMENTS = st.text("ab-.0~", min_size=1, max_size=3).filter(lambda name: name.strip("."))


def files(root) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def failing(number: int):
    def fail(*_args, **_options):
        raise OSError(number, os.strerror(number))

    return fail


class TestFiles:
    def test_a_blob_is_a_file_of_its_bytes(self, store, tmp_path):
        store.put(KEY, DATA, label=LABEL)
        assert (tmp_path / KEY).read_bytes() == DATA

    def test_its_label_is_an_attribute(self, store, tmp_path):
        store.put(KEY, DATA, label=LABEL)
        assert os.getxattr(tmp_path / KEY, ATTRIBUTE) == label_encode(LABEL)

    def test_nothing_unfinished_is_left(self, store, tmp_path):
        store.put(KEY, DATA, label=LABEL)
        assert files(tmp_path) == [KEY]

    def test_nothing_unfinished_is_left_of_wrong_bytes(self, store, tmp_path):
        with pytest.raises(DigestMismatchError):
            store.put(KEY, OTHER, label=LABEL)
        assert files(tmp_path) == []

    def test_the_last_blob_takes_its_folders_with_it(self, store, tmp_path):
        store.put(KEY, DATA, label=LABEL)
        store.delete(KEY)
        assert not (tmp_path / "000").exists()
        assert tmp_path.exists()

    def test_a_missing_source_is_not_the_shards_fault(self, store, tmp_path):
        with pytest.raises(FileNotFoundError):
            store.put(KEY, tmp_path / "gone", label=LABEL)

    def test_a_blob_where_a_folder_is_needed_is_refused(self, store):
        store.put("000/a", DATA, label=LABEL)
        with pytest.raises(HostileKeyError):
            store.put("000/a/b", DATA, label=LABEL)

    def test_a_folder_where_a_blob_should_go_is_refused(self, store):
        store.put("000/a/b", DATA, label=LABEL)
        with pytest.raises(HostileKeyError):
            store.put("000/a", DATA, label=LABEL)


class TestLinks:
    """Nothing planted beneath the root leads out of it."""

    @pytest.fixture
    def outside(self, tmp_path_factory):
        outside = tmp_path_factory.mktemp("outside")
        (outside / "original").write_bytes(b"secret")
        return outside

    def test_a_link_to_a_folder_is_refused(self, store, tmp_path, outside):
        (tmp_path / "000").symlink_to(outside)
        for call in (
            lambda: store.put("000/original", DATA, label=LABEL),
            lambda: store.stat("000/original"),
            lambda: store.delete("000/original"),
        ):
            with pytest.raises(HostileKeyError):
                call()
        assert (outside / "original").read_bytes() == b"secret"

    def test_a_link_to_a_file_is_refused(self, store, tmp_path, outside):
        (tmp_path / "original").symlink_to(outside / "original")
        with pytest.raises(HostileKeyError), store.open("original"):
            pass

    def test_a_link_to_a_file_is_replaced_and_not_followed(self, store, tmp_path, outside):
        (tmp_path / "original").symlink_to(outside / "original")
        store.put("original", DATA, label=LABEL)
        assert (outside / "original").read_bytes() == b"secret"
        assert (tmp_path / "original").read_bytes() == DATA

    def test_links_are_no_keys(self, store, tmp_path, outside):
        (tmp_path / "000").symlink_to(outside)
        (tmp_path / "original").symlink_to(outside / "original")
        assert list(store.keys()) == []

    def test_a_pipe_is_no_blob_and_nobody_waits_for_it(self, store, tmp_path):
        os.mkfifo(tmp_path / "original")
        assert store.stat("original") is None

    def test_the_root_itself_may_be_a_link(self, tmp_path):
        (tmp_path / "disk").mkdir()
        (tmp_path / "shard").symlink_to(tmp_path / "disk")
        store = DirectoryStore("a", tmp_path / "shard")
        store.put(KEY, DATA, label=LABEL)
        assert store.stat(KEY).label == LABEL


class TestLabels:
    def test_a_file_without_a_label_has_none(self, store, tmp_path):
        (tmp_path / "original").write_bytes(DATA)
        assert store.stat("original").label is None

    @pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b'{"digest": 1}', b"\xff"])
    def test_a_damaged_label_is_none(self, damaged):
        assert label_decode(damaged) is None

    def test_without_attributes_the_label_lies_beside_the_blob(self, sidecar_store, tmp_path):
        sidecar_store.put(KEY, DATA, label=LABEL)
        assert (tmp_path / f"{KEY}%label").exists()
        assert sidecar_store.stat(KEY).label == LABEL

    def test_a_file_system_without_attributes_is_noticed(self, store, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "setxattr", failing(errno.ENOTSUP))
        store.put(KEY, DATA, label=LABEL)
        assert (tmp_path / f"{KEY}%label").exists()
        assert store.stat(KEY).label == LABEL

    def test_a_sidecar_left_behind_does_not_win_over_the_attribute(self, store, sidecar_store):
        sidecar_store.put(KEY, OTHER, label=OTHER_LABEL)
        store.put(KEY, DATA, label=LABEL)
        assert store.stat(KEY).label == LABEL

    def test_delete_takes_the_sidecar_along(self, sidecar_store, tmp_path):
        sidecar_store.put(KEY, DATA, label=LABEL)
        sidecar_store.delete(KEY)
        assert not (tmp_path / "000").exists()

    @pytest.mark.parametrize("step", [1, 2])
    def test_a_crash_while_replacing_leaves_no_wrong_label(
        self, sidecar_store, tmp_path, monkeypatch, step
    ):
        sidecar_store.put(KEY, DATA, label=LABEL)
        crash_at_rename(monkeypatch, step)
        with pytest.raises(KeyboardInterrupt):
            sidecar_store.put(KEY, OTHER, label=OTHER_LABEL)
        monkeypatch.undo()
        label = sidecar_store.stat(KEY).label
        assert label is None or label.digest == bytes_digest((tmp_path / KEY).read_bytes())

    @pytest.mark.parametrize("step", [1, 2])
    def test_a_crash_while_a_blob_is_new_leaves_nothing_visible(
        self, sidecar_store, monkeypatch, step
    ):
        crash_at_rename(monkeypatch, step)
        with pytest.raises(KeyboardInterrupt):
            sidecar_store.put(KEY, DATA, label=LABEL)
        monkeypatch.undo()
        assert sidecar_store.stat(KEY) is None
        assert list(sidecar_store.keys()) == []

    def test_a_label_is_json_of_its_metadata(self):
        assert label_decode(label_encode(LABEL)) == LABEL
        assert set(label_dump(LABEL)) == {"digest", "type"}


def crash_at_rename(monkeypatch, step: int) -> None:
    """Stop the process, as far as a test can, before its rename number ``step``."""
    left, rename = iter(range(step - 1)), os.rename

    def crash(*args, **options):
        if next(left, None) is None:
            raise KeyboardInterrupt
        rename(*args, **options)

    monkeypatch.setattr(os, "rename", crash)


class TestFailures:
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
    def test_a_disk_without_room_is_full_and_leaves_nothing(
        self, store, tmp_path, monkeypatch, number
    ):
        monkeypatch.setattr(os, "fsync", failing(number))
        with pytest.raises(ShardFullError):
            store.put(KEY, DATA, label=LABEL)
        monkeypatch.undo()
        assert files(tmp_path) == []

    @pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.EACCES, errno.ESTALE])
    def test_any_other_failure_says_nothing_about_the_blob(self, store, monkeypatch, number):
        store.put(KEY, DATA, label=LABEL)
        monkeypatch.setattr(os, "open", failing(number))
        for call in (lambda: store.put(KEY, DATA, label=LABEL), lambda: store.stat(KEY)):
            with pytest.raises(ShardUnavailableError):
                call()

    def test_a_disk_that_fails_while_a_blob_is_read_is_unreachable(self, store, monkeypatch):
        store.put(KEY, DATA, label=LABEL)
        monkeypatch.setattr(os, "pread", failing(errno.EIO))
        with store.open(KEY) as blob, pytest.raises(ShardUnavailableError):
            blob.read()

    def test_a_writer_whose_folder_is_removed_makes_it_again(self, store, tmp_path, monkeypatch):
        rename, stolen = os.rename, []

        def steal(*args, **options):
            if not stolen:
                stolen.append(True)
                (tmp_path / KEY).parent.rmdir()
            rename(*args, **options)

        monkeypatch.setattr(os, "rename", steal)
        store.put(KEY, DATA, label=LABEL)
        assert store.stat(KEY).label == LABEL


class TestLeftovers:
    def test_what_a_killed_writer_left_a_day_ago_is_removed(self, tmp_path):
        aside = tmp_path / "_shoebox" / "tmp"
        aside.mkdir(parents=True)
        old, recent = aside / "1-old", aside / "2-recent"
        for path in (old, recent):
            path.write_bytes(b"half a pic")
        day_ago = time.time() - LEFTOVER_SECONDS - 60
        os.utime(old, (day_ago, day_ago))
        DirectoryStore("a", tmp_path).put(KEY, DATA, label=LABEL)
        assert (old.exists(), recent.exists()) == (False, True)

    def test_unfinished_files_are_no_keys(self, store, tmp_path):
        store.put(KEY, DATA, label=LABEL)
        (tmp_path / "_shoebox" / "tmp" / "1-2").write_bytes(b"half a pic")
        assert list(store.keys()) == [KEY]
        assert list(store.keys("_shoebox/")) == []


class TestKeys:
    def test_files_nobody_could_have_put_are_left_out(self, store, tmp_path):
        (tmp_path / "lost+found").mkdir()
        (tmp_path / "lost+found" / "x").write_bytes(b"")
        (tmp_path / "a file").write_bytes(b"")
        assert list(store.keys()) == []

    def test_folders_are_read_only_when_they_are_reached(self, store):
        store.put("a/1", DATA, label=LABEL)
        store.put("b/1", DATA, label=LABEL)
        keys = store.keys()
        assert next(keys) == "a/1"
        store.put("b/0", DATA, label=LABEL)
        assert list(keys) == ["b/0", "b/1"]

    def test_a_folder_that_vanishes_meanwhile_is_left_out(self, store):
        store.put("a/1", DATA, label=LABEL)
        store.put("b/1", DATA, label=LABEL)
        keys = store.keys()
        assert next(keys) == "a/1"
        store.delete("b/1")
        assert list(keys) == []

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        names=st.sets(SEGMENTS, max_size=6),
        prefix=st.text("ab-/", max_size=3),
        after=st.text("ab-/", max_size=4),
    )
    def test_the_order_is_that_of_whole_keys(self, tmp_path_factory, names, prefix, after):
        root = tmp_path_factory.mktemp("shard")
        keys = {f"{name}/x" for name in names} | {f"{name}-/y/z" for name in names}
        for key in keys:
            (root / key).parent.mkdir(parents=True, exist_ok=True)
            (root / key).touch()
        expected = sorted(key for key in keys if key.startswith(prefix) and key > after)
        assert list(DirectoryStore("a", root).keys(prefix, after=after)) == expected


@pytest.mark.parametrize("sidecars", [False, True])
def test_a_label_that_cannot_be_read_leaves_no_file_open(tmp_path, monkeypatch, sidecars):
    store = DirectoryStore("s1", tmp_path, attributes=not sidecars)
    store.put(KEY, DATA, label=LABEL)

    def broken(*_args):
        raise OSError(errno.EIO, "broken")

    name = "sidecar_get" if sidecars else "attribute_get"
    monkeypatch.setattr(f"webapp.storage.disk_files.{name}", broken)
    before = list(Path("/proc/self/fd").iterdir())
    for _ in range(3):
        with pytest.raises(ShardUnavailableError):
            store.stat(KEY)
    assert len(list(Path("/proc/self/fd").iterdir())) == len(before)
