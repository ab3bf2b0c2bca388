"""One request at a time adds to an upload."""

import pytest

from tests.unit.webapp.uploads.tus.places import make_old, make_upload
from webapp.core.errors import NotFoundError
from webapp.uploads.tus import held as held_module
from webapp.uploads.tus.about import About, upload_end
from webapp.uploads.tus.errors import UploadGoneError, UploadLockedError
from webapp.uploads.tus.held import held_upload, upload_lock


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(held_module, "WAIT_SECONDS", 0.0)
    monkeypatch.setattr(held_module, "POLL_SECONDS", 0.001)


def test_bytes_are_added_to_those_that_are_there(tmp_path):
    place = make_upload(tmp_path, data=b"0123")
    held = upload_lock(place)
    held.append(b"45", bytearray(b"6"))
    held.sync()
    held.close()
    assert (place.data.read_bytes(), held.size, held.is_whole) == (b"0123456", 7, False)


def test_an_upload_with_all_its_bytes_is_whole(tmp_path):
    held = upload_lock(make_upload(tmp_path, data=b"0123456789"))
    held.close()
    assert held.is_whole


def test_nothing_is_added_after_closing(tmp_path):
    place = make_upload(tmp_path)
    held = upload_lock(place)
    held.close()
    held.append(b"late")
    assert place.data.read_bytes() == b""


def test_a_second_one_is_locked_out(tmp_path):
    place = make_upload(tmp_path)
    held = upload_lock(place)
    with pytest.raises(UploadLockedError):
        upload_lock(place)
    held.close()


def test_closing_lets_the_next_one_in(tmp_path):
    place = make_upload(tmp_path)
    upload_lock(place).close()
    upload_lock(place).close()


async def test_the_next_one_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(held_module, "WAIT_SECONDS", 10.0)
    place = make_upload(tmp_path)
    first = upload_lock(place)
    tries = []

    def lock(place):
        tries.append(place)
        if len(tries) == 2:
            first.close()
        return upload_lock(place)

    monkeypatch.setattr(held_module, "upload_lock", lock)
    async with held_upload(place) as held:
        assert (held.size, len(tries)) == (0, 2)


async def test_waiting_ends(tmp_path):
    place = make_upload(tmp_path)
    first = upload_lock(place)
    with pytest.raises(UploadLockedError) as locked:
        async with held_upload(place):
            pass
    first.close()
    assert (locked.value.status, locked.value.retry_after) == (423, 1)


async def test_an_error_ends_the_lock(tmp_path):
    place = make_upload(tmp_path)
    with pytest.raises(ZeroDivisionError):
        async with held_upload(place) as held:
            held.append(bytes(1 // 0))
    upload_lock(place).close()


def test_what_became_an_image_is_not_added_to(tmp_path):
    place = make_upload(tmp_path)
    upload_end(place, About(10, image="p0"))
    with pytest.raises(UploadLockedError, match="finished"):
        upload_lock(place)


def test_what_became_an_image_is_not_added_to_while_its_bytes_remain(tmp_path):
    place = make_upload(tmp_path, data=b"0123456789")
    upload_end(place, About(10, image="p0"))
    place.data.write_bytes(b"0123456789")  # a crash between the two files
    with pytest.raises(UploadLockedError, match="finished"):
        upload_lock(place)


def test_what_ended_is_gone(tmp_path):
    place = make_upload(tmp_path)
    upload_end(place, About(10, ended="truncated"))
    with pytest.raises(UploadGoneError):
        upload_lock(place)


def test_what_expired_is_gone(tmp_path):
    place = make_upload(tmp_path)
    make_old(place.data)
    with pytest.raises(UploadGoneError):
        upload_lock(place)


def test_what_never_was_is_not_found(tmp_path):
    place = make_upload(tmp_path)
    place.forget()
    with pytest.raises(NotFoundError):
        upload_lock(place)
