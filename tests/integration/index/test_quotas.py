"""Quotas: no crowd exceeds them, and the count of what owners keep stays true."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.models import Count, F, Sum
from django.test.utils import CaptureQueriesContext

from tests.factories import make_image, make_picture, make_user
from tests.integration.index.crowd import crowd
from tests.processes import wait_until
from webapp.accounts.models import User
from webapp.accounts.services import usage
from webapp.core.errors import ConflictError, QuotaExceededError
from webapp.core.ids import Kind
from webapp.core.quota import Usage
from webapp.images.models import Image, ImageState
from webapp.images.services import (
    image_delete,
    image_rekey,
    image_restore,
    image_retry,
    rendition_attempt_begin,
    rendition_refused,
    usage_recount,
)
from workers.recount import recount

CROWD = 24


def picture(number):
    """Return a small picture; all of them have the same size."""
    return make_picture(width=16, height=16, form="BMP", seed=str(number))


PICTURE_BYTES = len(picture(0))


def limit(owner, **quota):
    User.objects.filter(pk=owner.pk).update(**quota)
    owner.refresh_from_db()


def true_usage(owner):
    kept = Image.objects.filter(owner=owner).exclude(
        state=ImageState.DELETED, restorable_until=None
    )
    sums = kept.aggregate(bytes=Sum("bytes"), images=Count("id"))
    return Usage(sums["bytes"] or 0, sums["images"])


def stored(shards):
    """Return the ids of images whose bytes lie on any shard."""
    return {path.parent.name for root in shards.values() for path in root.glob("*/*/private")}


@pytest.mark.parametrize(
    "quota", [{"quota_images": 5}, {"quota_bytes": 5 * PICTURE_BYTES + PICTURE_BYTES // 2}]
)
def test_a_crowd_of_uploads_fills_a_quota_and_does_not_exceed_it(owner, shards, tmp_path, quota):
    limit(owner, **quota)
    answers = crowd(lambda n: make_image(owner, tmp_path, data=picture(n)), range(CROWD))
    refused = [answer for answer in answers if isinstance(answer, str)]
    assert refused == ["quota-exceeded"] * (CROWD - 5)
    assert usage(owner) == true_usage(owner) == Usage(5 * PICTURE_BYTES, 5)


def test_uploads_that_exceed_a_quota_leave_nothing_on_shards(owner, shards, tmp_path):
    limit(owner, quota_images=2)
    crowd(lambda n: make_image(owner, tmp_path, data=picture(n)), range(6))
    kept = set(Image.objects.values_list("id", flat=True))
    wait_until(
        lambda: stored(shards) == kept,
        seconds=20,
        what="late copies to be discarded",
    )


def test_a_crowd_with_the_same_picture_is_one_image_counted_once(owner, shards, tmp_path):
    data = picture(0)
    answers = crowd(lambda _: make_image(owner, tmp_path, data=data), range(CROWD))
    assert len({answer.image.id for answer in answers}) == 1
    assert [answer.duplicate for answer in answers].count(False) == 1
    assert usage(owner) == true_usage(owner) == Usage(PICTURE_BYTES, 1)
    wait_until(
        lambda: stored(shards) == {answers[0].image.id},
        seconds=20,
        what="the bytes of those who were later to be discarded",
    )


def test_a_crowd_with_one_key_and_picture_is_one_image(owner, shards, tmp_path):
    data = picture(0)
    answers = crowd(lambda _: make_image(owner, tmp_path, data=data, key="k"), range(CROWD))
    assert len({answer.image.id for answer in answers}) == 1
    assert usage(owner) == Usage(PICTURE_BYTES, 1)


def test_a_crowd_with_one_key_and_different_pictures_is_one_image(owner, shards, tmp_path):
    answers = crowd(lambda n: make_image(owner, tmp_path, data=picture(n), key="k"), range(8))
    assert sorted(str(a) for a in answers if isinstance(a, str)) == ["conflict"] * 7
    assert usage(owner) == true_usage(owner) == Usage(PICTURE_BYTES, 1)


def test_a_crowd_that_erases_an_image_gives_back_its_room_once(owner, tmp_path):
    image, other = (make_image(owner, tmp_path, data=picture(n)).image for n in range(2))
    crowd(lambda _: image_delete(image=image, erase=True), range(8))
    assert usage(owner) == true_usage(owner) == Usage(other.bytes, 1)


def erase(image):
    image_delete(image=image, erase=True)


def delete_and_restore(image):
    image_delete(image=image)
    image.refresh_from_db()
    image_restore(image=image)


def delete_and_erase(image):
    image_delete(image=image)
    image_delete(image=image, erase=True)


def reject(image):
    for _ in range(2):
        rendition_refused(image=rendition_attempt_begin(image_id=image.id), reason="broken")
    image.refresh_from_db()


def reject_and_retry(image):
    reject(image)
    image_retry(image=image)


def reject_and_erase(image):
    reject(image)
    image_delete(image=image, erase=True)


def rekey(image):
    image_rekey(image=image, kind=Kind.SIGNED)


@pytest.mark.parametrize(
    ("act", "kept"),
    [
        (erase, 0),
        (delete_and_restore, 1),
        (delete_and_erase, 0),
        (reject, 1),
        (reject_and_retry, 1),
        (reject_and_erase, 0),
        (rekey, 1),
    ],
)
def test_the_count_stays_true(owner, tmp_path, act, kept):
    act(make_image(owner, tmp_path, data=picture(0)).image)
    assert usage(owner) == true_usage(owner) == Usage(kept * PICTURE_BYTES, kept)


def test_a_duplicate_takes_no_room_and_needs_none(owner, tmp_path):
    make_image(owner, tmp_path, data=picture(0))
    limit(owner, quota_images=1)
    assert make_image(owner, tmp_path, data=picture(0)).duplicate
    assert usage(owner) == Usage(PICTURE_BYTES, 1)


def test_the_kind_of_the_last_image_that_fits_can_be_changed(owner, tmp_path):
    image = make_image(owner, tmp_path, data=picture(0)).image
    limit(owner, quota_images=1, quota_bytes=image.bytes)
    image = Image.objects.get(id=image.id)
    assert image_rekey(image=image, kind=Kind.SIGNED).kind is Kind.SIGNED
    with pytest.raises(QuotaExceededError):
        make_image(owner, tmp_path, data=picture(1))


def test_what_is_erased_makes_room(owner, tmp_path):
    limit(owner, quota_images=1)
    image = make_image(owner, tmp_path, data=picture(0)).image
    image_delete(image=image, erase=True)
    assert not make_image(owner, tmp_path, data=picture(1)).duplicate


def test_what_was_erased_meanwhile_is_not_restored(owner, tmp_path):
    image = make_image(owner, tmp_path, data=picture(0)).image
    image_delete(image=image)
    image.refresh_from_db()
    image_delete(image=image, erase=True)
    with pytest.raises(ConflictError):
        image_restore(image=image)
    assert usage(owner) == true_usage(owner)


def drift(owner):
    User.objects.filter(pk=owner.pk).update(used_bytes=F("used_bytes") - 7, used_images=9)


def test_a_recount_sets_right_what_drifted_and_says_so(owner, tmp_path):
    make_image(owner, tmp_path, data=picture(0))
    make_user()
    drift(owner)
    (found,) = usage_recount(apply=True)
    assert (found.owner, found.true) == (owner.username, Usage(PICTURE_BYTES, 1))
    assert usage(owner) == true_usage(owner)
    assert usage_recount(apply=True) == []


def test_beat_sets_right_what_drifted_and_locks_nobody_else(owner, tmp_path):
    make_image(owner, tmp_path, data=picture(0))
    drift(owner)
    assert recount() == 1
    assert usage(owner) == true_usage(owner)
    with CaptureQueriesContext(connection) as asked:
        assert recount() == 0
    assert len(asked) == 1


def test_the_command_recounts_only_when_told_to(owner, capsys):
    drift(owner)
    call_command("usage")
    assert usage(owner).images == 9
    call_command("usage", "--apply")
    assert usage(owner) == Usage()
    assert owner.username in capsys.readouterr().out


def test_uploads_go_on_beside_recounts_and_the_count_is_true(owner, tmp_path):
    def act(number):
        if number % 3:
            return make_image(owner, tmp_path, data=picture(number))
        return usage_recount(apply=True)

    crowd(act, range(CROWD))
    assert usage(owner) == true_usage(owner) == Usage(16 * PICTURE_BYTES, 16)


def test_rows_from_before_are_counted_and_searched_after_the_migration(owner, tmp_path):
    image = make_image(owner, tmp_path, data=picture(0)).image
    Image.objects.update(title="Été", search="")
    drift(owner)
    fill = import_module("webapp.images.migrations.0004_fill_search_and_usage")
    for step in (fill.search_fill, fill.usage_fill):
        step(apps, SimpleNamespace(connection=connection))
    assert usage(owner) == true_usage(owner)
    assert list(Image.objects.matching("ÉTÉ")) == [image]
