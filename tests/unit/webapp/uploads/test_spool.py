import asyncio
import hashlib
import os
import threading
import time
from io import FileIO
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.errors import BusyError, TooLargeError
from webapp.uploads import spool as spool_module
from webapp.uploads.memory import BUFFER_BYTES
from webapp.uploads.spool import (
    FRESH_SECONDS,
    Spool,
    free_bytes,
    no_room_is_busy,
    release,
    spool_clean,
)

LIMIT = 10 * BUFFER_BYTES


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def spool(folder):
    return Spool(folder=folder, limit=LIMIT)


async def finished(spool, *parts):
    for part in parts:
        await spool.write(part)
    return await spool.finish()


@given(st.lists(st.integers(0, 3 * BUFFER_BYTES), max_size=6), st.booleans())
async def test_whatever_is_written_is_counted_hashed_and_kept(tmp_path_factory, sizes, views):
    data = [bytes([number + 1]) * size for number, size in enumerate(sizes)]
    spool = Spool(folder=tmp_path_factory.getbasetemp() / "spool", limit=100 * BUFFER_BYTES)
    spooled = await finished(spool, *(map(memoryview, data) if views else data))
    whole = b"".join(data)
    assert spooled.path.read_bytes() == whole
    assert (spooled.size, spooled.digest) == (
        len(whole),
        f"sha256:{hashlib.sha256(whole).hexdigest()}",
    )
    await spool.discard()


async def test_no_file_is_opened_before_the_buffer_is_full(spool, folder):
    await spool.write(b"x" * (BUFFER_BYTES - 1))
    assert not folder.exists()
    await spool.write(b"x")
    assert [path.stat().st_size for path in folder.iterdir()] == [BUFFER_BYTES]
    await spool.discard()


@pytest.mark.parametrize("chunk", [1000, BUFFER_BYTES - 1, 3 * BUFFER_BYTES])
async def test_less_than_a_buffer_is_held(spool, chunk):
    for _ in range(LIMIT // chunk):
        await spool.write(bytes(chunk))
        written = spool.path.stat().st_size if spool.path.exists() else 0
        assert spool.size - written < BUFFER_BYTES
    await spool.discard()


async def test_a_large_chunk_is_not_copied(spool, monkeypatch):
    seen = []
    monkeypatch.setattr(spool_module, "_write_all", lambda _file, data: seen.append(data))
    chunk = bytes(BUFFER_BYTES)
    await finished(spool, chunk)
    assert any(data is chunk for data in seen)
    await spool.discard()


async def test_files_are_written_and_hashed_on_a_thread(spool, monkeypatch):
    threads = []
    monkeypatch.setattr(
        spool_module, "_write_all", lambda *_: threads.append(threading.current_thread())
    )
    await finished(spool, bytes(BUFFER_BYTES), b"rest")
    assert threading.main_thread() not in threads
    await spool.discard()


async def test_exactly_the_limit_is_taken(spool):
    assert (await finished(spool, bytes(LIMIT))).size == LIMIT


async def test_a_byte_more_than_the_limit_is_refused_and_not_written(spool, folder):
    with pytest.raises(TooLargeError) as error:
        await spool.write(bytes(LIMIT + 1))
    assert error.value.extra == {"bytes": LIMIT + 1, "limit": LIMIT}
    assert not folder.exists()


async def test_an_empty_body_is_an_empty_file(spool):
    spooled = await spool.finish()
    assert (spooled.size, spooled.path.read_bytes()) == (0, b"")


async def test_two_spools_never_share_a_file(folder):
    assert Spool(folder=folder, limit=1).path != Spool(folder=folder, limit=1).path


@pytest.mark.parametrize("written", [0, 10, 2 * BUFFER_BYTES])
async def test_discard_leaves_nothing(spool, folder, written):
    await spool.write(bytes(written))
    await spool.discard()
    assert not folder.exists() or list(folder.iterdir()) == []


async def test_discard_after_the_file_went_elsewhere_is_harmless(spool, tmp_path):
    spooled = await finished(spool, b"bytes")
    spooled.path.rename(tmp_path / "kept")
    await spool.discard()
    assert (tmp_path / "kept").read_bytes() == b"bytes"


async def test_a_write_that_outlives_its_request_leaves_nothing(spool, folder, monkeypatch):
    begun, go_on = Event(), Event()
    write_all = spool_module._write_all

    def slow_write(file, data):
        begun.set()
        assert go_on.wait(10)
        write_all(file, data)

    monkeypatch.setattr(spool_module, "_write_all", slow_write)
    task = asyncio.create_task(spool.write(bytes(BUFFER_BYTES)))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    discarding = asyncio.create_task(spool.discard())
    await asyncio.sleep(0)
    go_on.set()
    await discarding
    assert list(folder.iterdir()) == []
    assert spool._file is None


async def test_a_write_that_begins_after_the_discard_opens_no_file(spool, folder):
    await spool.discard()
    await asyncio.to_thread(spool._append, b"late")
    assert not folder.exists()


async def test_a_full_disk_is_busy_and_leaves_nothing(spool, folder):
    await spool.write(bytes(BUFFER_BYTES))
    spool._file.close()
    spool._file = FileIO("/dev/full", "wb")
    with pytest.raises(BusyError, match="room") as error:
        await spool.write(bytes(BUFFER_BYTES))
    assert error.value.retry_after
    await spool.discard()
    assert list(folder.iterdir()) == []


def test_a_fault_that_time_does_not_heal_is_not_called_busy():
    with pytest.raises(PermissionError), no_room_is_busy():
        raise PermissionError


async def test_a_slow_upload_never_looks_abandoned(spool, monkeypatch):
    await spool.write(bytes(BUFFER_BYTES))
    os.utime(spool.path, (0, 0))
    later = time.monotonic() + FRESH_SECONDS + 1
    monkeypatch.setattr(spool_module.time, "monotonic", lambda: later)
    await spool.write(b"x")
    assert spool_clean(spool.path.parent, before=time.time() - 60) == 0
    assert spool.path.stat().st_size == BUFFER_BYTES + 1
    await spool.discard()


# release


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / "upload-1", tmp_path / "upload-1-clean"]
    paths[0].write_bytes(b"x")
    return paths


def ended(*names):
    for thread in threading.enumerate():
        if thread.name in names:
            thread.join(10)


def test_files_nobody_reads_go_at_once(files):
    used = Event()
    used.set()
    release(files, [used])
    assert not files[0].exists()
    release(files, [])


def test_files_wait_for_the_last_who_reads_them(files):
    first, second = Event(), Event()
    release(files, [first, second])
    second.set()
    assert files[0].exists()
    first.set()
    ended("spool-release")
    assert not files[0].exists()


# what is left behind


def aged(path, seconds):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    when = time.time() - seconds
    os.utime(path, (when, when))
    return path


@pytest.mark.parametrize("name", ["upload-abc", "upload-abc-clean"])
def test_what_dead_processes_left_goes(folder, name):
    left = aged(folder / name, 100)
    assert spool_clean(folder, before=time.time() - 60) == 1
    assert not left.exists()


def test_what_somebody_writes_to_stays(folder):
    fresh = aged(folder / "upload-abc", 10)
    assert spool_clean(folder, before=time.time() - 60) == 0
    assert fresh.exists()


@pytest.mark.parametrize("name", ["my-photo.jpg", "notes", ".upload-abc", "re-upload-x"])
def test_what_is_not_ours_stays(folder, name):
    strange = aged(folder / name, 10**7)
    assert spool_clean(folder, before=time.time() - 60) == 0
    assert strange.exists()


def test_a_spool_that_is_not_there_is_clean(folder):
    assert spool_clean(folder, before=time.time()) == 0


def test_a_file_whose_owner_was_quicker_is_no_fault(folder, monkeypatch):
    aged(folder / "upload-abc", 100)
    gone = [folder / "upload-gone", folder / "upload-abc"]
    monkeypatch.setattr(Path, "glob", lambda *_: iter(gone))
    monkeypatch.setattr(spool_module, "_OURS", ("upload-*",))
    assert spool_clean(folder, before=time.time() - 60) == 1


def test_room_is_measured_where_the_spool_is(folder):
    assert 0 < free_bytes(folder) <= os.statvfs(folder).f_bsize * os.statvfs(folder).f_blocks
