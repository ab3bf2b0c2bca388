import os

import pytest

from webapp.storage import disk_order
from webapp.storage.disk_order import folders_flush, names_in_order

LINE = "36 35 {device} / {where} rw,noatime master:1 - {kind} /dev/root rw,errors=continue"
DEVICE = os.makedev(98, 1)


@pytest.fixture
def mounts(tmp_path, monkeypatch):
    """Tell what is mounted: kinds of file systems on device 98:1, and others elsewhere."""
    names_in_order.cache_clear()
    file = tmp_path / "mountinfo"
    monkeypatch.setattr(disk_order, "_MOUNTS", file)

    def tell(*kinds):
        lines = [LINE.format(device="98:1", where="/disk", kind=kind) for kind in kinds]
        lines.append(LINE.format(device="98:10", where="/other", kind="ext4"))
        file.write_text("\n".join(lines) + "\n")

    yield tell
    names_in_order.cache_clear()


@pytest.fixture
def flushed(monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", seen.append)
    return seen


@pytest.fixture
def folders(tmp_path):
    opened = [os.open(tmp_path, os.O_RDONLY) for _ in range(3)]
    yield opened
    for folder in opened:
        os.close(folder)


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_a_journal_keeps_names_in_order(mounts, kind):
    mounts(kind, kind)
    assert names_in_order(DEVICE)


@pytest.mark.parametrize("kinds", [["nfs4"], ["ext2"], ["fuse.ext4"], ["ext4", "overlay"], []])
def test_nothing_is_taken_for_granted_of_others(mounts, kinds):
    mounts(*kinds)
    assert not names_in_order(DEVICE)


def test_where_nobody_tells_what_is_mounted_nothing_is_taken_for_granted(mounts):
    assert not names_in_order(DEVICE)


def test_every_folder_is_flushed_where_order_is_not_known(folders, flushed, monkeypatch):
    monkeypatch.setattr(disk_order, "names_in_order", lambda _device: False)
    folders_flush(folders)
    assert flushed == folders


def test_the_newest_alone_is_flushed_where_names_are_in_order(folders, flushed, monkeypatch):
    monkeypatch.setattr(disk_order, "names_in_order", lambda _device: True)
    folders_flush(folders)
    assert flushed == folders[:1]
