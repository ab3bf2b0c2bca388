"""Repair of one image on SQLite and folders: what is damaged comes back, byte for byte."""

import os
import shutil

import pytest

from tests.factories import isolate, make_cluster, make_image, make_user
from webapp.cluster.services import shard_set_state
from webapp.core.ids import id_parse
from webapp.core.keys import blob_key
from webapp.core.shards import ShardState
from webapp.images.models import Image, ImageState
from webapp.images.services import image_delete
from webapp.images.services.lease import image_leased
from webapp.images.services.repair import image_repair
from webapp.images.services.replicas import replicas_see
from webapp.outbox.models import OutboxMessage
from workers.renditions import make_renditions
from workers.replication import replicate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    return make_cluster(tmp_path)


@pytest.fixture
def ready(shards, tmp_path):
    image = make_image(make_user(), tmp_path).image
    make_renditions(image.id)
    replicate(image.id)
    return Image.objects.get(id=image.id)


@pytest.fixture
def at_once(settings):
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"handoff_grace_seconds": 0.0})


def files(shards, image, name):
    """Return the copies of a blob by shard."""
    key = blob_key(id_parse(image.id), name)
    return {s: root / key for s, root in shards.items() if (root / key).exists()}


def everything(shards, image):
    """Return all bytes of an image by shard and name."""
    folder = blob_key(id_parse(image.id), "")
    return {
        (shard, path.name): path.read_bytes()
        for shard, root in shards.items()
        for path in sorted((root / folder).glob("*"))
    }


def test_what_others_noted_while_copies_were_looked_at_stays(ready):
    stale = Image.objects.get(id=ready.id)
    shards = [r["shard"] for r in stale.replicas]
    assert len(shards) == 3
    other = {"shard": "s9", "check": "verified", "at": "2026-11-29T00:00:00+00:00"}
    Image.objects.filter(id=ready.id).update(replicas=[*stale.replicas, other])

    replicas_see(stale, there=set(shards[1:]), verified={shards[1]})

    noted = {r["shard"] for r in Image.objects.get(id=ready.id).replicas}
    assert noted == {*shards[1:], "s9"}


def quarantined(shards, image):
    folder = "_shoebox/quarantine/" + blob_key(id_parse(image.id), "")
    found = {}
    for shard, root in shards.items():
        for path in (root / folder).rglob("*"):
            if path.is_file():
                found[shard, path.parent.name] = path.read_bytes()
    return found


def overwrite(path, data):
    """Change a file in place, so that its label stays, as a rotting disk does."""
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(data)


DAMAGES = {
    "flipped": lambda path: overwrite(path, b"\x00" + path.read_bytes()[1:]),
    "truncated": lambda path: os.truncate(path, 10),
    "emptied": lambda path: os.truncate(path, 0),
    "removed": lambda path: path.unlink(),
    "unlabelled": lambda path: os.removexattr(path, "user.shoebox"),
}


@pytest.mark.parametrize("name", ["original", "w320.webp", "manifest.json"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_comes_back_byte_for_byte(shards, ready, name, damage):
    before = everything(shards, ready)
    DAMAGES[damage](next(iter(files(shards, ready, name).values())))

    image_repair(image_id=ready.id, apply=True)

    assert everything(shards, ready) == before


def test_what_was_written_and_read_is_counted_by_blobs_for_the_throttle(shards, ready):
    lost = files(shards, ready, "w320.webp")
    next(iter(lost.values())).unlink()
    copies = len([name for _, name in everything(shards, ready) if name != "manifest.json"])

    spent = []
    image_repair(image_id=ready.id, apply=True, spent=spent.append)

    written, records = 1, 1
    assert len(spent) == copies + written + records


def test_bytes_that_rotted_are_kept_in_quarantine(shards, ready):
    shard, path = next(iter(files(shards, ready, "original").items()))
    overwrite(path, b"rotten")

    repaired = image_repair(image_id=ready.id, apply=True)

    assert (dict(repaired.codes), quarantined(shards, ready)) == (
        {"replaced": 1},
        {(shard, "original"): b"rotten"},
    )


def test_a_dry_run_says_what_would_be_done_and_does_nothing(shards, ready):
    overwrite(next(iter(files(shards, ready, "original").values())), b"rotten")
    before = everything(shards, ready)

    repaired = image_repair(image_id=ready.id, apply=False)

    assert (dict(repaired.codes), repaired.whole) == ({"replaced": 1}, False)
    assert everything(shards, ready) == before


def test_a_whole_image_stays_as_it_is(shards, ready):
    before = everything(shards, ready)

    repaired = image_repair(image_id=ready.id, apply=True)

    assert (dict(repaired.codes), repaired.whole, repaired.bytes_moved) == ({"whole": 1}, True, 0)
    assert everything(shards, ready) == before


def test_no_copy_is_made_for_a_shard_that_is_away_and_had_one(shards, ready):
    home = min(files(shards, ready, "original"))
    shutil.move(shards[home], shards[home].with_name("away"))

    repaired = image_repair(image_id=ready.id, apply=True)

    assert (repaired.bytes_moved, repaired.whole) == (0, False)


def test_the_share_of_a_dead_shard_is_restored_elsewhere(shards, ready):
    home = min(files(shards, ready, "original"))
    shard_set_state(name=home, state=ShardState.DEAD)
    shutil.rmtree(shards[home])

    image_repair(image_id=ready.id, apply=True)

    assert len(files(shards, ready, "original")) == 3


def test_bytes_that_are_bad_everywhere_are_called_lost_and_left_alone(shards, ready):
    for path in files(shards, ready, "original").values():
        overwrite(path, b"rotten")
    before = everything(shards, ready)

    repaired = image_repair(image_id=ready.id, apply=True)

    assert (repaired.codes["lost"], repaired.whole) == (1, False)
    assert everything(shards, ready) == before


def test_nothing_is_called_lost_while_a_shard_cannot_tell(shards, ready):
    one, *others = files(shards, ready, "original").items()
    shutil.move(shards[one[0]], shards[one[0]].with_name("away"))
    for _, path in others:
        path.unlink()

    repaired = image_repair(image_id=ready.id, apply=True)

    assert (repaired.codes["cannot-tell"], repaired.codes["lost"]) == (1, 0)


def test_renditions_that_are_lost_everywhere_are_made_again(shards, ready):
    before = set(everything(shards, ready))
    for path in files(shards, ready, "thumb.webp").values():
        path.unlink()

    image_repair(image_id=ready.id, apply=True)
    queued = set(OutboxMessage.objects.filter(subject=ready.id).values_list("task", flat=True))
    make_renditions(ready.id)

    assert "renditions.make" in queued
    assert set(everything(shards, ready)) == before
    assert Image.objects.get(id=ready.id).state == ImageState.READY


@pytest.fixture
def handed_off(shards, ready, settings):
    """Give an image with a copy of its original where none belongs, and that shard's name."""
    homes = files(shards, ready, "original")
    spare = min(set(shards) - set(homes))
    target = shards[spare] / blob_key(id_parse(ready.id), "original")
    target.parent.mkdir(parents=True, exist_ok=True)
    source = next(iter(homes.values()))
    shutil.copyfile(source, target)
    os.setxattr(target, "user.shoebox", os.getxattr(source, "user.shoebox"))
    return ready, spare


def test_a_copy_that_stood_in_goes_once_the_homes_are_good(shards, handed_off, at_once):
    image, spare = handed_off

    repaired = image_repair(image_id=image.id, apply=True)

    assert spare not in files(shards, image, "original")
    assert repaired.codes["went-home"] == 1


def test_a_copy_that_stood_in_stays_for_a_while(shards, handed_off):
    image, spare = handed_off

    repaired = image_repair(image_id=image.id, apply=True)

    assert spare in files(shards, image, "original")
    assert repaired.codes["waiting"] == 1
    assert Image.objects.get(id=image.id).due_at is not None


def test_nothing_is_removed_while_somebody_else_has_the_lease(shards, handed_off, at_once):
    image, spare = handed_off

    with image_leased(image_id=image.id):
        repaired = image_repair(image_id=image.id, apply=True)

    assert spare in files(shards, image, "original")
    assert repaired.codes["busy"] == 1


def test_nothing_is_removed_while_a_home_has_a_bad_copy_that_cannot_be_replaced(
    shards, handed_off, at_once, monkeypatch
):
    image, spare = handed_off
    home = min(set(files(shards, image, "original")) - {spare})
    shutil.move(shards[home], shards[home].with_name("away"))

    image_repair(image_id=image.id, apply=True)

    assert spare in files(shards, image, "original")


def test_replication_finds_a_copy_that_stood_in_and_takes_it_home(shards, handed_off, at_once):
    image, spare = handed_off

    replicate(image.id)

    assert spare not in files(shards, image, "original")


def test_an_image_that_was_deleted_is_not_brought_back(shards, ready):
    image_delete(image=ready, erase=True)

    assert dict(image_repair(image_id=ready.id, apply=True).codes) == {"gone": 1}


def test_a_deleted_image_that_can_be_restored_is_made_whole_too(shards, ready):
    image_delete(image=ready)
    min(files(shards, ready, "original").values()).unlink()

    repaired = image_repair(image_id=ready.id, apply=True)

    assert (dict(repaired.codes), repaired.whole) == ({"copied": 1}, True)
    assert Image.objects.get(id=ready.id).state == ImageState.DELETED


def test_a_lease_ends_by_itself(ready):
    Image.objects.filter(id=ready.id).update(lease="gone", lease_until="2020-01-01T00:00:00Z")

    with image_leased(image_id=ready.id) as lease:
        assert lease.renew()
