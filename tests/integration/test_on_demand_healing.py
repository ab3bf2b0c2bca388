"""Sizes made on demand are in no row: healing knows them by their names on the shards."""

import pytest

from tests.factories import isolate, make_cluster, make_image, make_user
from tests.integration.test_scrub import age, codes, holders, path, scrub_of, write_over
from webapp.cluster.services import shard_set_state
from webapp.cluster.snapshot import topology_now
from webapp.core.ids import id_parse
from webapp.core.keys import blob_key
from webapp.core.label import Label
from webapp.core.shards import ShardState
from webapp.core.signing import bytes_digest
from webapp.healing.drain import drain_begin, left_on
from webapp.healing.moving import image_move
from webapp.images.copies import Placement
from webapp.images.models import Image
from webapp.images.services import image_delete, image_erase_finish, image_restore
from webapp.images.services.repair import image_repair
from webapp.storage.directory import DirectoryStore
from workers.renditions import make_renditions
from workers.replication import replicate

pytestmark = pytest.mark.django_db(transaction=True)
FILE = "w640h480fit.webp"
MADE = b"made on demand"


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"handoff_grace_seconds": 0.0})
    return make_cluster(tmp_path)


@pytest.fixture
def made(shards, tmp_path):
    """An image that is ready, and of which a size was made on demand."""
    image = make_image(make_user(), tmp_path).image
    make_renditions(image.id)
    replicate(image.id)
    for shard in homes(image):
        put(shards, image, shard)
    age(shards, image)
    return Image.objects.get(id=image.id)


def homes(image):
    return Placement.of(id_parse(image.id), topology_now()).home_names()[:2]


def put(shards, image, shard, data=MADE):
    key = blob_key(id_parse(image.id), FILE)
    label = Label(bytes_digest(data), "image/webp")
    DirectoryStore(shard, shards[shard]).put(key, data, label=label)


def spare(shards, image):
    return min(set(shards) - set(holders(shards, image, "original")))


def test_nothing_is_found_and_nothing_done(shards, made):
    assert codes(scrub_of(made)) == []
    assert dict(image_repair(image_id=made.id, apply=True).codes) == {"whole": 1}
    assert holders(shards, made, FILE) == sorted(homes(made))


@pytest.mark.parametrize("heal", ["scrub", "repair"])
def test_a_copy_that_is_missing_or_bad_comes_back_from_a_good_one(shards, made, heal):
    for damage in (lambda file: file.unlink(), lambda file: write_over(file, b"\0" + MADE[1:])):
        damage(path(shards[homes(made)[0]], made, FILE))
        scrub_of(made, "--apply") if heal == "scrub" else image_repair(image_id=made.id, apply=True)
        assert {path(shards[s], made, FILE).read_bytes() for s in homes(made)} == {MADE}
    assert codes(scrub_of(made)) == []


def test_one_that_is_bad_everywhere_is_put_away_and_the_image_is_whole(shards, made):
    for shard in homes(made):
        write_over(path(shards[shard], made, FILE), b"\0" * len(MADE))
    assert codes(scrub_of(made)) == ["corrupt"]
    scrub_of(made, "--apply")
    assert holders(shards, made, FILE) == []
    assert codes(scrub_of(made)) == []
    assert Image.objects.get(id=made.id).state == "ready"


def test_one_that_stands_in_goes_home(shards, made):
    path(shards[homes(made)[0]], made, FILE).unlink()
    put(shards, made, spare(shards, made))
    image_repair(image_id=made.id, apply=True)
    image_repair(image_id=made.id, apply=True)
    assert holders(shards, made, FILE) == sorted(homes(made))


def test_a_shard_that_is_drained_keeps_none(shards, made):
    gone = homes(made)[0]
    drain_begin(name=gone)
    for _ in range(2):
        image_move(id_parse(made.id))
    assert left_on(gone) == []
    assert holders(shards, made, FILE) == sorted(homes(made))
    assert gone not in homes(made)


def test_the_share_of_a_dead_shard_is_made_again(shards, made):
    gone = homes(made)[0]
    shard_set_state(name=gone, state=ShardState.DEAD)
    image_repair(image_id=made.id, apply=True)
    assert set(holders(shards, made, FILE)) >= set(homes(made))


def test_it_outlives_a_deletion_that_is_undone(shards, made):
    image_delete(image=made, erase=False)
    image_erase_finish(image_id=made.id)
    assert holders(shards, made, FILE) == sorted(homes(made))
    made.refresh_from_db()
    image_restore(image=made)
    assert holders(shards, made, FILE) == sorted(homes(made))


def test_an_erasure_leaves_none_behind_wherever_it_lies(shards, made):
    put(shards, made, spare(shards, made))
    image_delete(image=made, erase=True)
    image_erase_finish(image_id=made.id)
    assert holders(shards, made, FILE) == []


def test_one_that_lands_after_the_erasure_goes_when_it_is_confirmed_again(shards, made):
    image_delete(image=made, erase=True)
    image_erase_finish(image_id=made.id)
    put(shards, made, homes(made)[0])
    image_erase_finish(image_id=made.id)
    assert holders(shards, made, FILE) == []


def test_one_that_lands_long_after_the_erasure_is_found_and_removed(shards, made):
    image_delete(image=made, erase=True)
    image_erase_finish(image_id=made.id)
    put(shards, made, homes(made)[0])
    assert codes(scrub_of(made)) == ["extra"]
    scrub_of(made, "--apply")
    assert holders(shards, made, FILE) == []
