"""What nobody continued goes; the rest stays."""

import time

from tests.unit.webapp.uploads.tus.places import make_old, make_upload
from webapp.uploads.tus.about import About, upload_end
from webapp.uploads.tus.cleaning import GRACE_SECONDS, tus_clean
from webapp.uploads.tus.held import upload_lock
from webapp.uploads.tus.place import KEPT_SECONDS

DAY = KEPT_SECONDS + GRACE_SECONDS


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def clean(spool):
    return tus_clean(spool, now=time.time())


def test_a_spool_without_uploads_is_clean(tmp_path):
    assert clean(tmp_path / "spool") == 0


def test_an_upload_that_was_not_continued_goes(tmp_path):
    place = make_upload(tmp_path, data=b"123")
    place.unverified.write_bytes(b"45")
    make_old(place.data, place.about, place.unverified, seconds=DAY)
    assert (clean(tmp_path), files(tmp_path)) == (1, [])


def test_an_upload_that_can_be_continued_stays(tmp_path):
    place = make_upload(tmp_path, data=b"123")
    make_old(place.about, seconds=DAY)
    assert (clean(tmp_path), len(files(tmp_path))) == (0, 2)


def test_bytes_that_are_being_verified_keep_an_upload(tmp_path):
    place = make_upload(tmp_path, data=b"123")
    place.unverified.write_bytes(b"45")
    make_old(place.data, place.about, seconds=DAY)
    assert clean(tmp_path) == 0


def test_an_upload_that_somebody_holds_stays(tmp_path):
    place = make_upload(tmp_path)
    held = upload_lock(place)
    make_old(place.data, place.about, seconds=DAY)
    removed = clean(tmp_path)
    held.close()
    assert (removed, len(files(tmp_path))) == (0, 2)


def test_what_is_known_of_an_image_is_kept_for_a_day(tmp_path):
    place = make_upload(tmp_path)
    upload_end(place, About(10, image="p0"))
    stays = clean(tmp_path)
    make_old(place.about, seconds=DAY)
    assert (stays, clean(tmp_path), files(tmp_path)) == (0, 1, [])


def test_what_a_crash_left_half_written_goes(tmp_path):
    place = make_upload(tmp_path)
    half = place.about.with_suffix(".0badc0de")
    half.write_bytes(b"{")
    make_old(half, place.data, place.about, seconds=DAY)
    assert (clean(tmp_path), files(tmp_path)) == (1, [])
