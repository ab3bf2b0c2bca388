"""What readers noted as bad is repaired; notes that are wrong do no harm."""

import os
import shutil

import pytest
from prometheus_client import CollectorRegistry

from tests.factories import isolate, make_cluster, make_image, make_user
from webapp.cluster.read_only import read_only_set
from webapp.cluster.services import shard_set_state
from webapp.core.ids import Kind, id_make, id_parse
from webapp.core.keys import NOTED_PREFIX, blob_key
from webapp.core.label import Label
from webapp.core.notes import Note
from webapp.core.shards import ShardState
from webapp.core.signing import bytes_digest
from webapp.healing import noted
from webapp.healing.drain import left_on
from webapp.healing.metrics import ShardCollector
from webapp.healing.noted import noted_repair
from webapp.healing.noted_run import NotedRun
from webapp.healing.scrub_run import Asked, keeper_make, plan_make, scrub_run
from webapp.images.models import Image
from webapp.images.services import image_delete
from webapp.storage.directory import DirectoryStore
from workers.noted import noted as noted_task
from workers.renditions import make_renditions
from workers.replication import replicate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_in_vain():
    noted._in_vain.clear()


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    unthrottled = {"repair_bytes_per_second": 0, "repair_blobs_per_second": 0}
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update=unthrottled)
    return make_cluster(tmp_path)


@pytest.fixture
def ready(shards, tmp_path):
    image = make_image(make_user(), tmp_path).image
    make_renditions(image.id)
    replicate(image.id)
    return Image.objects.get(id=image.id)


def copies(shards, image, name="original"):
    """Return the files of a blob by shard."""
    key = blob_key(id_parse(image.id), name)
    return {shard: root / key for shard, root in shards.items() if (root / key).exists()}


def everything(shards):
    """Return all bytes of images by shard and key."""
    return {
        (shard, str(path.relative_to(root))): path.read_bytes()
        for shard, root in shards.items()
        for path in root.rglob("*")
        if path.is_file() and "_shoebox" not in path.parts
    }


def rot(path):
    with path.open("r+b") as file:
        file.write(b"\x00rotten")


def leave(shards, name, *, on):
    """Leave a note with a name of any kind on a shard."""
    label = Label(bytes_digest(b"{}"), "application/json")
    DirectoryStore(on, shards[on]).put(name, b"{}", label=label)


def note(shards, image, shard, *, blob="original", on=None):
    """Note a copy as a reader does: on another shard."""
    on = on or min(set(shards) - {shard})
    leave(shards, Note(id_parse(image.id), blob, shard).name, on=on)


def notes(shards):
    return [
        key
        for shard, root in shards.items()
        if root.exists()
        for key in DirectoryStore(shard, root).keys(NOTED_PREFIX)
    ]


def waiting():
    registry = CollectorRegistry()
    registry.register(ShardCollector())
    return registry.get_sample_value("shoebox_notes_waiting")


@pytest.mark.parametrize("blob", ["original", "w320.webp"])
def test_a_noted_copy_is_whole_again_and_its_note_gone(shards, ready, blob):
    before = everything(shards)
    shard, path = min(copies(shards, ready, blob).items())
    rot(path)
    note(shards, ready, shard, blob=blob)

    assert noted_task() == 1

    assert everything(shards) == before
    assert notes(shards) == []


def test_a_copy_without_a_label_is_whole_again(shards, ready):
    shard, path = min(copies(shards, ready).items())
    os.removexattr(path, "user.shoebox")
    note(shards, ready, shard)

    assert noted_repair() == 1

    assert os.getxattr(path, "user.shoebox")


def test_only_what_was_noted_is_read(shards, ready):
    noted_shard, other = sorted(copies(shards, ready))[:2]
    rot(copies(shards, ready)[other])
    note(shards, ready, noted_shard)
    before = everything(shards)

    assert noted_repair() == 1

    assert everything(shards) == before


def test_a_note_of_a_copy_that_is_well_changes_nothing_and_goes(shards, ready):
    before = everything(shards)
    note(shards, ready, min(copies(shards, ready)))
    note(shards, ready, min(set(shards) - set(copies(shards, ready))), blob="w9h9crop.webp")

    assert noted_repair() == 2

    assert everything(shards) == before
    assert notes(shards) == []


def test_notes_of_what_is_not_there_go(shards, ready):
    before = everything(shards)
    stranger = id_make(kind=Kind.PUBLIC, version=0)
    leave(shards, Note(stranger, "original", "s1").name, on="s2")
    leave(shards, Note(id_make(kind=Kind.PUBLIC, version=99), "original", "s1").name, on="s2")
    note(shards, ready, "s9", on="s2")

    assert noted_repair() == 3

    assert everything(shards) == before
    assert notes(shards) == []


def test_what_is_no_note_goes_and_nothing_beside_it(shards, ready):
    before = everything(shards)
    leave(shards, f"{NOTED_PREFIX}readme", on="s1")
    leave(shards, f"{NOTED_PREFIX}a/b/c.json", on="s1")

    assert noted_repair() == 2

    assert everything(shards) == before
    assert notes(shards) == []


def test_an_erased_image_is_not_brought_back_by_a_note(shards, ready):
    shard = min(copies(shards, ready))
    image_delete(image=ready, erase=True)
    note(shards, ready, shard)
    before = everything(shards)

    assert noted_repair() == 1

    assert everything(shards) == before


@pytest.fixture
def away(shards, ready):
    """Give an image with a bad copy on a shard that went away, and how the shard comes back."""
    shard, path = min(copies(shards, ready).items())
    rot(path)
    note(shards, ready, shard)
    aside = shards[shard].with_name("away")
    shutil.move(shards[shard], aside)
    return lambda: shutil.move(aside, shards[shard])


def test_a_note_stays_while_its_shard_is_away(shards, ready, away):
    assert noted_repair() == 0

    assert len(notes(shards)) == 1
    assert waiting() == 1


def test_a_note_that_waited_is_seen_to_once_its_shard_is_back(shards, ready, away):
    noted_repair()
    away()
    noted._in_vain.clear()  # as minutes later

    assert noted_repair() == 1

    assert notes(shards) == []
    assert waiting() == 0


def test_what_cannot_be_helped_is_not_tried_again_at_once(shards, ready, away):
    noted_repair()
    away()

    assert noted_repair() == 0
    assert waiting() == 1


def test_a_copy_is_settled_although_another_shard_is_away(shards, ready):
    (shard, path), (other, _), *_ = sorted(copies(shards, ready).items())
    before = path.read_bytes()
    rot(path)
    note(shards, ready, shard, on=min(set(shards) - {shard, other}))
    shutil.move(shards[other], shards[other].with_name("away"))

    assert noted_repair() == 1

    assert path.read_bytes() == before


def test_a_note_of_a_copy_on_a_dead_shard_goes(shards, ready, away):
    shard_set_state(name=min(copies_known(ready)), state=ShardState.DEAD)

    assert noted_repair() == 1


def copies_known(image):
    return [replica["shard"] for replica in image.replicas]


def test_when_every_copy_is_bad_the_note_goes_and_all_of_them_stay(shards, ready):
    for shard, path in copies(shards, ready).items():
        rot(path)
        note(shards, ready, shard)
    before = everything(shards)

    assert noted_repair() == 3

    assert everything(shards) == before


def test_a_good_copy_where_none_belongs_makes_up_for_bad_ones_on_all_homes(shards, ready):
    homes = copies(shards, ready)
    spare = min(set(shards) - set(homes))
    path = shards[spare] / blob_key(id_parse(ready.id), "original")
    path.parent.mkdir(parents=True, exist_ok=True)
    source = homes[min(homes)]
    shutil.copyfile(source, path)
    os.setxattr(path, "user.shoebox", os.getxattr(source, "user.shoebox"))
    good = path.read_bytes()
    for shard, home in homes.items():
        rot(home)
        note(shards, ready, shard)

    assert noted_repair() == 3

    assert {home.read_bytes() for home in homes.values()} == {good}


def test_nothing_is_done_while_the_cluster_is_read_only(shards, ready):
    shard, path = min(copies(shards, ready).items())
    rot(path)
    note(shards, ready, shard)
    read_only_set(reason="A rebuild is under way.")

    assert noted_repair() == 0
    assert len(notes(shards)) == 1


def test_one_process_at_a_time_repairs(shards, ready):
    note(shards, ready, min(copies(shards, ready)))
    other = NotedRun()
    assert other.claim()

    assert noted_repair() == 0

    other.release(waiting=1)
    assert noted_repair() == 1


def test_a_process_that_was_killed_holds_up_nobody_for_long(shards, ready):
    note(shards, ready, min(copies(shards, ready)))
    killed = NotedRun()
    assert killed.claim()
    type(killed._row).objects.update(moved_at="2020-01-01T00:00:00Z")

    assert noted_repair() == 1


def test_a_pass_takes_some_images_and_the_next_one_the_others(shards, ready, tmp_path):
    second = make_image(make_user(), tmp_path).image
    note(shards, ready, min(copies(shards, ready)))
    note(shards, second, min(copies(shards, second)))

    assert noted_repair(images=1) == 1
    assert waiting() == 1
    assert noted_repair(images=1) == 1


def test_notes_are_in_nobody_elses_way(shards, ready):
    """A scrub finds nothing wrong with a shard that has them, and nothing left to drain."""
    spare = min(set(shards) - set(copies(shards, ready)))
    note(shards, ready, min(copies(shards, ready)), on=spare)
    asked = Asked(bytes_per_second=0)
    keeper = keeper_make(plan_make(asked), asked)

    scrub_run(plan_make(asked), keeper)

    assert not keeper.run.findings.exists()
    assert left_on(spare) == []
