"""What is known of an upload, from its beginning to its end."""

import pytest

from tests.unit.webapp.uploads.tus.places import OWNER, make_old, make_upload
from webapp.core.errors import NotFoundError, RateLimitedError
from webapp.uploads.tus.about import (
    ABANDONED_SECONDS,
    MAX_ABANDONED,
    About,
    Look,
    about_read,
    about_write,
    upload_end,
    upload_look,
)
from webapp.uploads.tus.errors import UploadGoneError
from webapp.uploads.tus.place import KEPT_SECONDS, place_of

IMAGE = "p001" + "0" * 20


def make_abandoned(spool, **values):
    place = make_upload(spool, **values)
    make_old(place.data, seconds=ABANDONED_SECONDS)
    return place


def files(spool):
    return sorted(path.name for path in spool.rglob("*") if path.is_file())


def test_an_upload_begins_without_bytes(tmp_path):
    place = make_upload(tmp_path, length=10, metadata="title U2Vh")
    look = upload_look(place)
    assert (look.about, look.offset, look.is_whole) == (About(10, "title U2Vh"), 0, False)


def test_the_offset_is_what_has_arrived(tmp_path):
    assert upload_look(make_upload(tmp_path, data=b"1234")).offset == 4


def test_an_upload_waits_a_day_from_its_last_byte(tmp_path):
    place = make_upload(tmp_path)
    assert upload_look(place).expires == place.data.stat().st_mtime + KEPT_SECONDS


def test_an_upload_that_was_not_continued_in_time_is_gone(tmp_path):
    place = make_upload(tmp_path)
    make_old(place.data)
    with pytest.raises(UploadGoneError) as gone:
        upload_look(place)
    assert gone.value.extra == {"reason": "expired"}


def test_an_image_stays_found_when_the_bytes_are_gone(tmp_path):
    place = make_upload(tmp_path, data=b"0123456789")
    about = About(10, image=IMAGE, duplicate=True)
    upload_end(place, about)
    assert upload_look(place) == Look(about, 10)


def test_an_ended_upload_says_why(tmp_path):
    place = make_upload(tmp_path)
    upload_end(place, About(10, ended="unsupported-type"))
    with pytest.raises(UploadGoneError, match="unsupported-type"):
        upload_look(place)


def test_an_ended_upload_leaves_one_small_file(tmp_path):
    place = make_upload(tmp_path, data=b"123")
    place.unverified.write_bytes(b"456")
    upload_end(place, About(10, ended="truncated"))
    assert files(tmp_path) == [f"{place.id}.json"]


def test_an_upload_that_ends_between_two_looks_is_seen_as_ended(tmp_path, monkeypatch):
    place = make_upload(tmp_path, data=b"0123456789")
    before = about_read(place)
    upload_end(place, About(10, image=IMAGE))
    seen = iter([before, about_read(place)])
    monkeypatch.setattr("webapp.uploads.tus.about.about_read", lambda _: next(seen))
    assert upload_look(place).about.image == IMAGE


def test_bytes_that_vanish_without_a_word_are_no_upload(tmp_path):
    place = make_upload(tmp_path)
    place.data.unlink()
    with pytest.raises(NotFoundError):
        upload_look(place)


def test_others_find_nothing(tmp_path):
    place = make_upload(tmp_path)
    with pytest.raises(NotFoundError):
        upload_look(place_of(spool=tmp_path, owner_id="another", upload_id=place.id))


@pytest.mark.parametrize("name", ["", "..", "a/b", "A" * 32, "g" * 32, "0" * 31, "0" * 33])
def test_what_is_no_id_reaches_no_file(tmp_path, name):
    with pytest.raises(NotFoundError):
        place_of(spool=tmp_path, owner_id=OWNER, upload_id=name)


def test_what_is_known_is_replaced_as_a_whole(tmp_path):
    place = make_upload(tmp_path)
    about_write(place, About(10, image=IMAGE))
    assert (about_read(place).image, files(place.about.parent)) == (IMAGE, [f"{place.id}.json"])


def test_an_owner_may_leave_only_so_many_lying(tmp_path):
    for _ in range(MAX_ABANDONED):
        make_abandoned(tmp_path)
    with pytest.raises(RateLimitedError):
        make_upload(tmp_path)


def test_uploads_that_ended_do_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr("webapp.uploads.tus.about.MAX_ABANDONED", 1)
    upload_end(make_abandoned(tmp_path), About(10, image=IMAGE))
    make_upload(tmp_path)


def test_uploads_that_go_on_do_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr("webapp.uploads.tus.about.MAX_ABANDONED", 1)
    make_upload(tmp_path)
    make_upload(tmp_path)


def test_others_do_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr("webapp.uploads.tus.about.MAX_ABANDONED", 1)
    make_abandoned(tmp_path, owner="another")
    make_upload(tmp_path)
