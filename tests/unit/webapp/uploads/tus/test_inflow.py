"""From a body to the bytes of an upload."""

import errno
import hashlib

import pytest

from tests.unit.webapp.uploads.tus.places import make_upload
from webapp.core.errors import TooLargeError
from webapp.uploads.body import ClientGoneError
from webapp.uploads.tus.appending import PART_BYTES
from webapp.uploads.tus.errors import ChecksumMismatchError
from webapp.uploads.tus.headers import Checksum
from webapp.uploads.tus.held import held_upload
from webapp.uploads.tus.inflow import body_take

LARGE = bytes(range(256)) * (PART_BYTES // 256) + b"end"


async def body(*chunks, error=None):
    for chunk in chunks:
        yield chunk
    if error:
        raise error


def sha1_of(data):
    return Checksum("sha1", hashlib.sha1(data, usedforsecurity=False).digest())


async def take(place, *chunks, checksum=None, error=None):
    async with held_upload(place) as held:
        await body_take(held=held, chunks=body(*chunks, error=error), checksum=checksum)


async def test_a_body_is_added_however_it_is_cut(tmp_path):
    place = make_upload(tmp_path, length=len(LARGE) + 4, data=b"0123")
    await take(place, b"", LARGE[:1], LARGE[1:-2], LARGE[-2:])
    assert place.data.read_bytes() == b"0123" + LARGE


async def test_little_is_in_memory_before_it_is_written(tmp_path):
    place = make_upload(tmp_path, length=2 * PART_BYTES)
    sizes = []

    async def trickle():
        for _ in range(2 * PART_BYTES // 1024):
            yield bytes(1024)
            sizes.append(place.data.stat().st_size)

    async with held_upload(place) as held:
        await body_take(held=held, chunks=trickle(), checksum=None)
    behind = [(n + 1) * 1024 - size for n, size in enumerate(sizes)]
    assert max(behind) < PART_BYTES


async def test_what_came_before_the_client_went_stays(tmp_path):
    place = make_upload(tmp_path)
    with pytest.raises(ClientGoneError):
        await take(place, b"012", b"3", error=ClientGoneError())
    assert place.data.read_bytes() == b"0123"


async def test_more_than_was_announced_is_refused(tmp_path):
    place = make_upload(tmp_path, length=10, data=b"0123")
    with pytest.raises(TooLargeError):
        await take(place, b"456789", b"!")
    assert place.data.read_bytes() == b"0123456789"


async def test_a_verified_body_is_added(tmp_path):
    place = make_upload(tmp_path, length=len(LARGE))
    await take(place, LARGE[:100], LARGE[100:], checksum=sha1_of(LARGE))
    assert (place.data.read_bytes(), place.unverified.exists()) == (LARGE, False)


async def test_a_body_with_another_checksum_adds_nothing(tmp_path):
    place = make_upload(tmp_path, data=b"01")
    with pytest.raises(ChecksumMismatchError) as mismatch:
        await take(place, b"234", checksum=sha1_of(b"23x"))
    assert (place.data.read_bytes(), mismatch.value.status) == (b"01", 460)


async def test_a_body_that_cannot_be_verified_adds_nothing(tmp_path):
    place = make_upload(tmp_path, data=b"01")
    with pytest.raises(ClientGoneError):
        await take(place, b"234", checksum=sha1_of(b"2345"), error=ClientGoneError())
    assert (place.data.read_bytes(), place.unverified.exists()) == (b"01", False)


async def test_what_a_killed_process_left_unverified_is_not_added(tmp_path):
    place = make_upload(tmp_path)
    place.unverified.write_bytes(b"from before")
    await take(place, b"23", checksum=sha1_of(b"23"))
    assert place.data.read_bytes() == b"23"


async def test_what_fitted_a_full_disk_stays(tmp_path, monkeypatch):
    place = make_upload(tmp_path, length=len(LARGE))
    async with held_upload(place) as held:
        monkeypatch.setattr(held, "_file", FullAfter(held._file, room=10))
        with pytest.raises(OSError, match="No space"):
            await body_take(held=held, chunks=body(LARGE), checksum=None)
        assert (place.data.read_bytes(), held.size) == (LARGE[:10], 10)


class FullAfter:
    """A file on a disk that takes only so many bytes more."""

    def __init__(self, file, *, room):
        self._file = file
        self._room = room

    def __getattr__(self, name):
        return getattr(self._file, name)

    def write(self, data):
        if self._room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._file.write(data[: self._room])
        self._room -= written
        return written
