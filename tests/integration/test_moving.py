"""Shards are drained and versions rebalanced, on SQLite and folders."""

import random
from contextlib import suppress

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.factories import isolate, make_cluster, make_image, make_user
from webapp.cluster.models import ClusterState, Shard, TopologyVersion
from webapp.cluster.services import shard_activate, shard_add
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import BusyError, ConflictError, NotFoundError
from webapp.core.ids import id_parse
from webapp.core.keys import blob_key
from webapp.core.manifest import manifest_load
from webapp.core.moves import moves_total
from webapp.core.placement import all_positions
from webapp.core.signing import bytes_digest
from webapp.healing import rebalance
from webapp.healing.drain import drain_plan, drain_run, left_on
from webapp.healing.moving_run import Pace
from webapp.healing.progress import Progress
from webapp.healing.rebalance import rebalance_plan, rebalance_run
from webapp.healing.throttle import Throttle
from webapp.images.copies import Placement
from webapp.images.models import Image, ImageState
from webapp.images.services import image_delete, image_restore
from webapp.images.services.moved import image_moved
from webapp.images.services.repair import image_repair
from webapp.storage.directory import DirectoryStore
from workers.renditions import make_renditions
from workers.replication import delete, replicate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"handoff_grace_seconds": 0.0})
    return make_cluster(tmp_path)


@pytest.fixture
def owner(shards):
    return make_user()


def make_ready(owner, folder):
    image = make_image(owner, folder).image
    make_renditions(image.id)
    replicate(image.id)
    return Image.objects.get(id=image.id)


def pace(**values):
    return Pace(Throttle(0), Progress("test"), sleep=lambda _: None, **values)


def grow(folder, shards, *, names=("s5", "s6"), zones=2):
    """Add shards and let the pool's new version be current at once."""
    for index, name in enumerate(names):
        root = folder / "shards" / name
        root.mkdir()
        shard_add(name=name, url=f"file://{root}", zone=f"z{index % zones + 1}")
        shards[name] = root
    shard_activate(names=list(names))
    TopologyVersion.objects.update(current_from=0)
    ClusterState.objects.update(topology_revision=topology_now().revision)
    return TopologyVersion.objects.first().number


def copies(shards, image, name="original"):
    key = blob_key(id_parse(image.id), name)
    return {shard for shard, root in shards.items() if (root / key).exists()}


def homes(image):
    return set(Placement.of(id_parse(image.id), topology_now()).home_names())


def positions(image):
    return {spec.name for spec in all_positions(topology_now(), 0, id_parse(image.id).partition)}


def assert_whole(shards, image):
    """Every home has every blob, byte for byte, and nobody else has a copy."""
    image.refresh_from_db()
    key = blob_key(id_parse(image.id), "original")
    for home in homes(image):
        assert bytes_digest((shards[home] / key).read_bytes()) == image.digest
    assert copies(shards, image) == homes(image)
    assert image_repair(image_id=image.id, apply=False).whole


def test_a_drained_shard_holds_nothing_and_is_dead(owner, shards, tmp_path):
    images = [make_ready(owner, tmp_path) for _ in range(3)]
    assert drain_run(name="s1", pace=pace()).dead
    assert left_on("s1") == []
    assert topology_now().shards["s1"].emptied
    for image in images:
        assert "s1" not in homes(image)
        assert_whole(shards, image)


def test_a_drain_that_was_killed_after_its_end_may_be_run_again(owner, shards, capsys):
    drain_run(name="s1", pace=pace())
    call_command("shard", "drain", "s1", "--apply")
    assert "empty and dead already" in capsys.readouterr().out


def test_a_plan_of_a_drain_says_what_will_be_moved_and_changes_nothing(owner, shards, tmp_path):
    images = [make_ready(owner, tmp_path) for _ in range(3)]
    before = [copies(shards, image) for image in images]
    plan = drain_plan(name="s1")
    assert [copies(shards, image) for image in images] == before
    assert Shard.objects.get(name="s1").state == "active"
    assert drain_run(name="s1", pace=pace()).moved.bytes_moved == moves_total(plan.moves).bytes


def test_a_plan_says_which_version_would_have_too_few_shards_and_what_to_do(
    owner, shards, tmp_path, capsys, settings
):
    # Nobody reads here who would have to hear of it first.
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"activation_seconds": 0})
    image = make_ready(owner, tmp_path)
    drain_run(name="s1", pace=pace())
    grow(tmp_path, shards)
    call_command("shard", "drain", "s2")
    said = capsys.readouterr().out
    assert "Images placed by version 0 would have 2 shards for 3 copies" in said
    assert "rebalance --from 0 --to" in said

    newest = TopologyVersion.objects.first().number
    call_command("rebalance", "--from", "0", "--to", str(newest), "--apply")
    capsys.readouterr()
    call_command("shard", "drain", "s2", "--apply")
    assert "would have" not in capsys.readouterr().out
    assert len(copies(shards, image)) == 3


def test_what_was_moved_to_a_version_is_moved_along_with_it(owner, shards, tmp_path):
    image = make_ready(owner, tmp_path)
    first = grow(tmp_path, shards)
    rebalance_run(old=0, new=first, pace=pace(), known_after=0)
    second = grow(tmp_path, shards, names=("s7", "s8", "s9"))
    assert rebalance_run(old=first, new=second, pace=pace(), known_after=0).finished
    placement = Placement.of(Image.objects.get(id=image.id).image_id, topology_now())
    assert placement.version.number == second
    assert copies(shards, image) == set(placement.home_names())


def test_new_images_go_elsewhere_from_the_moment_a_drain_begins(owner, shards, tmp_path):
    drain_run(name="s1", pace=pace())
    TopologyVersion.objects.update(current_from=0)
    ClusterState.objects.update(topology_revision=topology_now().revision)
    image = make_ready(owner, tmp_path)
    assert "s1" not in copies(shards, image)


def test_a_deleted_image_can_be_restored_after_the_shards_it_lay_on_were_drained(
    owner, shards, tmp_path
):
    image = make_ready(owner, tmp_path)
    image_delete(image=image)
    delete(image.id)
    assert drain_run(name="s1", pace=pace()).dead
    image_restore(image=Image.objects.get())
    assert_whole(shards, image)


def test_copies_younger_than_the_grace_stay(owner, shards, settings, tmp_path):
    image = make_ready(owner, tmp_path)
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"handoff_grace_seconds": 600.0})
    name = min(copies(shards, image))
    drained = drain_run(name=name, pace=pace(wait=False))
    assert (drained.dead, drained.moved.left) == (False, [image.id])
    assert homes(image) < copies(shards, image)


def test_a_shard_the_pool_cannot_do_without_is_not_drained(owner, shards):
    drain_run(name="s1", pace=pace())
    drain_run(name="s2", pace=pace())
    with pytest.raises(ConflictError, match="Add shards first"):
        drain_plan(name="s3")


def test_a_drain_that_leaves_an_image_short_does_not_end(owner, shards, tmp_path):
    image = make_ready(owner, tmp_path)
    drain_run(name="s1", pace=pace())
    drained = drain_run(name="s2", pace=pace())
    assert (drained.dead, drained.moved.short) == (False, [image.id])
    assert bytes_digest((shards["s3"] / blob_key(id_parse(image.id), "original")).read_bytes())


def test_a_drain_does_not_wait_for_what_the_index_does_not_have(owner, shards, tmp_path):
    image = make_ready(owner, tmp_path)
    Image.objects.all().delete()

    def never(_seconds):
        pytest.fail("it would wait for ever")

    name = min(copies(shards, image))
    drained = drain_run(name=name, pace=Pace(Throttle(0), Progress("test"), sleep=never))
    assert (drained.dead, drained.moved.short) == (False, [image.id])
    assert name in copies(shards, image)


def test_adding_shards_moves_nothing(owner, shards, tmp_path):
    image = make_ready(owner, tmp_path)
    before = copies(shards, image)
    grow(tmp_path, shards)
    assert image_repair(image_id=image.id, apply=True).bytes_moved == 0
    assert copies(shards, image) == before


def test_a_rebalanced_version_lies_where_the_newer_one_says(owner, shards, tmp_path):
    images = [make_ready(owner, tmp_path) for _ in range(3)]
    new = grow(tmp_path, shards)
    plan = rebalance_plan(old=0, new=new)
    done = rebalance_run(old=0, new=new, pace=pace(), known_after=0)
    assert done.finished
    assert done.moved.bytes_moved <= 1.05 * moves_total(plan.moves).bytes
    for image in images:
        assert_whole(shards, image)
        assert image.moved_to == new


def test_the_manifest_says_where_an_image_was_moved_to(owner, shards, tmp_path):
    image = make_ready(owner, tmp_path)
    new = grow(tmp_path, shards)
    rebalance_run(old=0, new=new, pace=pace(), known_after=0)
    key = blob_key(id_parse(image.id), "manifest.json")
    for home in homes(image):
        assert manifest_load((shards[home] / key).read_bytes()).moved_to == new


def test_an_image_whose_move_cannot_be_noted_now_keeps_no_other_from_being_moved(
    owner, shards, tmp_path, monkeypatch
):
    images = sorted((make_ready(owner, tmp_path) for _ in range(2)), key=lambda i: i.id[4:])
    new = grow(tmp_path, shards)

    def busy(*, image_id, version):
        if image_id == images[0].id:
            raise BusyError("others change it")
        return image_moved(image_id=image_id, version=version)

    monkeypatch.setattr(rebalance, "image_moved", busy)
    done = rebalance_run(old=0, new=new, pace=pace(), known_after=0)
    images[1].refresh_from_db()
    assert (done.finished, done.moved.short) == (False, [images[0].id])
    assert images[1].moved_to == new


def test_what_a_lagging_process_writes_to_the_old_place_comes_home(owner, shards, tmp_path):
    image = make_ready(owner, tmp_path)
    old = topology_now()
    new = grow(tmp_path, shards)
    rebalance_run(old=0, new=new, pace=pace(), known_after=0)
    names = {s.name for s in all_positions(old, 0, id_parse(image.id).partition)} - homes(image)
    late = min(names)
    key, home = (
        blob_key(id_parse(image.id), "thumb.webp"),
        sorted(copies(shards, image, "thumb.webp")),
    )
    store = DirectoryStore(home[0], shards[home[0]])
    with store.open(key) as blob:
        data, label = blob.read(), blob.stat.label
    DirectoryStore(late, shards[late]).put(key, data, label=label)
    for name in home:
        DirectoryStore(name, shards[name]).delete(key)
    image_repair(image_id=image.id, apply=True)
    assert set(home) <= copies(shards, image, "thumb.webp")


def test_the_version_new_images_are_named_under_is_not_moved(owner, shards, tmp_path):
    new = grow(tmp_path, shards)
    with pytest.raises(ConflictError, match="named under version"):
        rebalance_plan(old=new, new=new)
    with pytest.raises(NotFoundError):
        rebalance_plan(old=0, new=99)


class KilledError(BaseException):
    """What a process that is killed never gets to handle."""


def kill_at(step, before, monkeypatch):
    """Kill whatever writes or removes at its ``step``th call, right before it or after."""
    calls = []
    for name in ("put", "delete"):
        real = getattr(DirectoryStore, name)

        def call(self, *args, _real=real, **kwargs):
            calls.append(args)
            if len(calls) == step and before:
                raise KilledError
            done = _real(self, *args, **kwargs)
            if len(calls) == step:
                raise KilledError
            return done

        monkeypatch.setattr(DirectoryStore, name, call)


def runs(shards, folder):
    """Return what is killed: a drain, and a rebalance."""
    new = grow(folder, shards)
    return [
        lambda: drain_run(name="s1", pace=pace()),
        lambda: rebalance_run(old=0, new=new, pace=pace(), known_after=0),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_moves_that_are_killed_at_random_moments_lose_nothing(
    owner, shards, tmp_path, monkeypatch, seed
):
    chance = random.Random(seed)
    image = make_ready(owner, tmp_path)
    run = chance.choice(runs(shards, tmp_path))
    for _ in range(3):
        with monkeypatch.context() as patch, suppress(KilledError):
            kill_at(chance.randrange(1, 40), chance.random() < 0.5, patch)
            run()
        Image.objects.update(lease_until=timezone.now())
        assert copies(shards, image) & {
            s.name for s in all_positions(topology_now(), 0, image.id[4:7])
        }
        if Shard.objects.get(name="s1").state == "dead":
            break
    if Shard.objects.get(name="s1").state != "dead":
        run()
    assert_whole(shards, image)
    assert Image.objects.get().state == ImageState.READY
