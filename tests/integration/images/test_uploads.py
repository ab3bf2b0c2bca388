"""Uploads on SQLite and folders: stored, known already, refused, handed off."""

import shutil

import pytest
from django.core.management import call_command

from tests.factories import make_image, make_picture, make_user
from tests.integration.images.told import holders, messages
from webapp.cluster.services import shard_set_state
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import (
    ConflictError,
    ShardsUnavailableError,
    TruncatedError,
    UnsupportedTypeError,
)
from webapp.core.ids import id_parse
from webapp.core.keys import blob_key
from webapp.core.manifest import manifest_load
from webapp.core.shards import ShardState
from webapp.images.copies import Placement
from webapp.images.models import Image, ImageState
from webapp.images.services import image_delete, register

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_upload_is_durable_on_its_quorum_and_its_work_is_in_the_outbox(shards, stored):
    assert stored.state == ImageState.STORED
    assert len(holders(shards, stored, "original")) >= 2
    assert messages(stored) == {"renditions.make", "replication.replicate"}


def test_an_image_becomes_ready_with_three_copies_in_two_zones(shards, ready):
    assert ready.state == ImageState.READY
    assert ready.due_at is None
    names = holders(shards, ready, "original")
    assert len(names) == 3
    assert {r["shard"] for r in ready.replicas} == names
    assert {r["check"] for r in ready.replicas} == {"verified"}


def test_the_manifest_on_every_shard_is_the_row(shards, ready):
    key = blob_key(id_parse(ready.id), "manifest.json")
    for root in shards.values():
        assert manifest_load((root / key).read_bytes()) == ready.manifest


def test_a_rendition_has_its_copies(shards, ready):
    for name in ready.renditions:
        assert len(holders(shards, ready, name)) == 2


def test_the_same_bytes_again_are_the_same_image(owner, tmp_path):
    data = make_picture()
    first = make_image(owner, tmp_path, data=data)
    again = make_image(owner, tmp_path, data=data)
    assert not first.duplicate
    assert again.duplicate
    assert again.image == first.image
    assert Image.objects.count() == 1


def test_another_owners_same_bytes_are_another_image(owner, tmp_path):
    data = make_picture()
    assert (
        make_image(make_user(), tmp_path, data=data).image
        != make_image(owner, tmp_path, data=data).image
    )


def test_a_duplicate_makes_up_for_lost_copies(shards, owner, tmp_path):
    data = make_picture()
    image = make_image(owner, tmp_path, data=data).image
    lost = sorted(holders(shards, image, "original"))[:2]
    for name in lost:
        (shards[name] / blob_key(id_parse(image.id), "original")).unlink()
    assert make_image(owner, tmp_path, data=data).duplicate
    assert len(holders(shards, image, "original")) >= 2


def test_an_idempotency_key_gives_the_same_answer(owner, tmp_path):
    data = make_picture()
    first = make_image(owner, tmp_path, data=data, key="k")
    assert make_image(owner, tmp_path, data=data, key="k").image == first.image


def test_a_key_that_was_answered_with_a_duplicate_is_not_used_for_other_bytes(owner, tmp_path):
    data = make_picture()
    first = make_image(owner, tmp_path, data=data)
    for _ in range(2):
        again = make_image(owner, tmp_path, data=data, key="k")
        assert (again.image, again.duplicate) == (first.image, True)
    with pytest.raises(ConflictError):
        make_image(owner, tmp_path, key="k")


@pytest.mark.parametrize("how", ["deleted", "erased", "forgotten"])
def test_a_key_whose_image_is_gone_stores_the_picture_again(owner, tmp_path, how):
    data = make_picture()
    first = make_image(owner, tmp_path, data=data, key="k").image
    image_delete(image=first, erase=how != "deleted")
    if how == "forgotten":
        Image.objects.filter(id=first.id).delete()
    again = make_image(owner, tmp_path, data=data, key="k")
    assert (again.duplicate, again.image.id == first.id) == (False, False)
    assert make_image(owner, tmp_path, data=data, key="k").image == again.image


def test_a_discarded_copy_nobody_could_delete_is_no_image_for_a_scrub(shards, owner, tmp_path):
    picture = make_image(owner, tmp_path).image
    placement = Placement.of(picture.image_id, topology_now())
    name = holders(shards, picture, "original").pop()
    away = shards[name].rename(tmp_path / "away")
    Image.objects.all().delete()  # as if it had never been committed
    register._remove(placement, "original")
    away.rename(shards[name])

    call_command("scrub", "--apply", "--no-uploads", "--again")
    assert not Image.objects.exclude(state=ImageState.DELETED).exists()
    assert holders(shards, picture, "original") == set()


def test_an_idempotency_key_is_not_used_for_other_bytes(owner, tmp_path):
    make_image(owner, tmp_path, key="k")
    with pytest.raises(ConflictError):
        make_image(owner, tmp_path, key="k")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", UnsupportedTypeError),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedTypeError),
        (make_picture()[:-200], TruncatedError),
    ],
    ids=["empty", "svg", "truncated"],
)
def test_a_refused_upload_leaves_nothing(shards, owner, tmp_path, data, error):
    with pytest.raises(error):
        make_image(owner, tmp_path, data=data)
    assert not Image.objects.exists()
    assert list((tmp_path / "spool").iterdir()) == []
    assert not any(list(root.glob("[0-9a-z]*/*/original")) for root in shards.values())


def test_the_spool_is_empty_after_an_upload(stored, tmp_path):
    assert list((tmp_path / "spool").iterdir()) == []


def test_an_upload_is_handed_off_while_a_shard_is_away(shards, owner, tmp_path):
    shutil.move(shards["s1"], tmp_path / "unplugged")
    shards["s1"].mkdir()
    for _ in range(4):
        image = make_image(owner, tmp_path).image
        assert len(image.replicas) >= 2
    assert list(shards["s1"].iterdir()) == []


def test_without_a_quorum_nothing_is_kept(shards, owner, tmp_path):
    for name in ("s1", "s2", "s3"):
        shutil.rmtree(shards[name])
    with pytest.raises(ShardsUnavailableError):
        make_image(owner, tmp_path)
    assert not Image.objects.exists()
    assert not list(shards["s4"].glob("[0-9a-z]*/*/original"))


def test_a_read_only_shard_takes_no_new_images(shards, owner, tmp_path):
    shard_set_state(name="s2", state=ShardState.READ_ONLY)
    for _ in range(4):
        assert "s2" not in holders(shards, make_image(owner, tmp_path).image, "original")
