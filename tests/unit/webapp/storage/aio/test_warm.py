"""WarmFiles: what it gives is right, and everything else is left to a thread."""

import os
import sys

import pytest

from webapp.core.label import Label
from webapp.core.signing import bytes_digest
from webapp.storage.aio import warm
from webapp.storage.aio.warm import WARM_BYTES, WarmFiles
from webapp.storage.directory import DirectoryStore

KEY = "000/x/original"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the calls are Linux's own")


@pytest.fixture(autouse=True)
def local(monkeypatch):
    """Take any file system for a local one: tests run where they run."""
    monkeypatch.setattr(warm, "_file_system", lambda _folder: "ext4")


@pytest.fixture
def store(tmp_path):
    return DirectoryStore("a1", tmp_path)


@pytest.fixture
def files(tmp_path):
    files = WarmFiles(tmp_path)
    files.learn()
    return files


def put(store, data, key=KEY):
    store.put(key, data, label=Label(bytes_digest(data), "image/jpeg"))


def warmed(store, files, data):
    """Put a blob and read it; skip where the file system cannot say what is in memory."""
    put(store, data)
    with store.open(KEY) as blob:
        blob.read()
    found = files.read(KEY)
    if not files._able or found is None:
        pytest.skip("this kernel or file system has no reads without waiting")
    return found


@pytest.mark.parametrize("data", [b"", b"small", bytes(WARM_BYTES)], ids=["empty", "small", "most"])
def test_what_was_just_read_is_had_at_once(store, files, data):
    found = warmed(store, files, data)
    assert (found.body, found.label) == (data, Label(bytes_digest(data), "image/jpeg"))


def test_what_is_large_is_left_to_a_thread(store, files):
    put(store, bytes(WARM_BYTES + 1))
    assert files.read(KEY) is None


def test_what_has_its_label_in_a_sidecar_is_left_to_a_thread(tmp_path, files):
    put(DirectoryStore("a1", tmp_path, attributes=False), b"data")
    assert files.read(KEY) is None


@pytest.mark.parametrize(
    "key", ["000/x/absent", "../secret", "000/../../secret", "/etc/passwd", ""]
)
def test_what_is_not_there_is_left_to_a_thread(files, key):
    assert files.read(key) is None


def test_a_link_that_leads_out_is_not_followed(tmp_path, store, files):
    warmed(store, files, b"data")
    (tmp_path / "000" / "y").symlink_to(tmp_path / "000" / "x")
    assert files.read("000/y/original") is None


def test_a_folder_that_is_a_link_is_read_where_it_leads(tmp_path, store, files):
    warmed(store, files, b"data")
    (tmp_path / "link").symlink_to(tmp_path)
    linked = WarmFiles(tmp_path / "link")
    linked.learn()
    assert linked.read(KEY).body == b"data"


def test_what_was_read_before_is_not_in_what_is_read_next(store, files):
    warmed(store, files, b"longer than the next")
    assert warmed(store, files, b"short").body == b"short"


def test_a_pipe_is_not_waited_for(tmp_path, files):
    (tmp_path / "000").mkdir()
    os.mkfifo(tmp_path / "000" / "pipe")
    assert files.read("000/pipe") is None


def test_nothing_is_read_before_the_file_system_is_known(tmp_path, store):
    put(store, b"data")
    assert WarmFiles(tmp_path).read(KEY) is None


def test_nothing_is_read_on_a_file_system_of_another_machine(tmp_path, store, monkeypatch):
    monkeypatch.setattr(warm, "_file_system", lambda _folder: "nfs4")
    files = WarmFiles(tmp_path)
    files.learn()
    put(store, b"data")
    assert files.read(KEY) is None


def test_a_kernel_that_cannot_do_it_is_asked_once(store, files, monkeypatch):
    put(store, b"data")
    monkeypatch.setattr(warm, "_OPENAT2", 0xFFFF)
    assert (files.read(KEY), files._able) == (None, False)


def test_the_deepest_and_last_mount_tells_the_type(tmp_path, monkeypatch):
    monkeypatch.undo()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/a rw\n"
        f"2 1 0:5 / {tmp_path} rw shared:1 - ext4 /dev/b rw\n"
        f"3 1 0:6 / {tmp_path} rw - nfs4 server:/ rw\n"
        f"4 1 0:7 / {tmp_path}-beside rw - xfs /dev/c rw\n"
    )
    monkeypatch.setattr(warm, "MOUNTS", mounts)
    assert warm._file_system(os.fsencode(tmp_path) + b"/") == "nfs4"
