"""Shards that are full, and shards that are back, on SQLite and stores with a capacity."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import isolate, make_image, make_user
from webapp.cluster.models import Pool, Shard, TopologyVersion
from webapp.cluster.report import shard_finding, shard_rows
from webapp.cluster.services import shard_activate, shard_add, shard_set_state
from webapp.cluster.snapshot import topology_now
from webapp.cluster.usage import DiskUsage
from webapp.core.errors import ShardUnavailableError
from webapp.core.shards import ShardState
from webapp.healing import full
from webapp.healing.full import full_look
from webapp.healing.homes import shards_watch
from webapp.healing.models import HealingRun
from webapp.images.models import Image
from webapp.outbox.models import OutboxMessage
from webapp.storage.memory import memory_store
from workers.renditions import make_renditions
from workers.repair import repair
from workers.replication import replicate

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("s1", "s2", "s3", "s4")


@pytest.fixture
def shards(settings, tmp_path, request):
    """Four shards in two zones that end with the test."""
    isolate(settings, tmp_path)
    stores = {}
    for number, name in enumerate(NAMES):
        url = f"memory://{tmp_path.name}-{name}"
        stores[name] = memory_store(url.removeprefix("memory://"), name)
        shard_add(name=name, url=url, zone=f"z{number % 2 + 1}")
    shard_activate(names=NAMES)
    return stores


@pytest.fixture
def used(monkeypatch):
    """Say how full each shard's disk is; a disk cannot be filled for a test."""
    parts = {}

    def usage(shard):
        return DiskUsage(parts[shard.name], 100) if shard.name in parts else None

    monkeypatch.setattr(full, "disk_usage_of", usage)
    return parts


def states():
    return dict(Shard.objects.values_list("name", "state"))


def newest():
    version = TopologyVersion.objects.order_by("-number").first()
    return version.number, sorted(shard["name"] for shard in version.shards)


def later(minutes):
    for pool in Pool.objects.all():
        pool.automatic_at = timezone.now() - timedelta(minutes=minutes)
        pool.save()


def test_a_full_shard_is_closed_and_a_version_without_it_is_published(shards, used):
    used |= {"s1": 91, "s2": 10, "s3": 10, "s4": 10}

    full_look()

    assert states()["s1"] == "read_only"
    assert newest() == (1, ["s2", "s3", "s4"])
    assert "91%" in Shard.objects.get(name="s1").full_reason
    assert topology_now().state("s1") is ShardState.READ_ONLY


def test_uploads_go_on_elsewhere_when_a_store_says_it_is_full(shards, tmp_path):
    owner = make_user()
    shards["s1"].capacity = 0

    images = [make_image(owner, tmp_path).image for _ in range(6)]

    held = [{replica["shard"] for replica in image.replicas} for image in images]
    assert all(len(names) >= 2 and "s1" not in names for names in held)


def test_a_store_that_said_it_is_full_is_closed(shards, used):
    Shard.objects.filter(name="s1").update(full_at=timezone.now())

    full_look()

    assert states()["s1"] == "read_only"
    assert "the store says" in Shard.objects.get(name="s1").full_reason


def test_there_is_one_automatic_version_in_ten_minutes(shards, used):
    used |= {"s1": 95, "s2": 10, "s3": 10, "s4": 10}
    full_look()
    used["s2"] = 95
    full_look()
    assert (states()["s2"], newest()) == ("read_only", (1, ["s2", "s3", "s4"]))

    later(11)
    full_look()

    assert newest() == (2, ["s3", "s4"])


def test_the_last_shard_of_a_zone_stays_in_use_and_staff_are_told(shards, used):
    used |= {"s1": 95, "s3": 95, "s2": 10, "s4": 10}

    full_look()

    assert sorted(states().values()) == ["active", "active", "active", "read_only"]
    assert Shard.objects.filter(state="active", full_reason__startswith="full;").count() == 1


def test_a_shard_with_room_again_is_opened(shards, used):
    used |= {"s1": 95, "s2": 10, "s3": 10, "s4": 10}
    full_look()
    later(11)
    used["s1"] = 80

    full_look()

    assert (states()["s1"], newest()) == ("active", (2, ["s1", "s2", "s3", "s4"]))
    assert Shard.objects.get(name="s1").full_reason == ""


def test_a_shard_an_operator_closed_is_left_alone(shards, used):
    shard_set_state(name="s1", state=ShardState.READ_ONLY)
    used |= {"s1": 10, "s2": 10, "s3": 10, "s4": 10}

    full_look()

    assert (states()["s1"], newest()[0]) == ("read_only", 0)


def test_a_shard_that_only_said_it_is_full_is_opened_by_an_operator(shards, used):
    Shard.objects.filter(name="s1").update(full_at=timezone.now())
    full_look()
    later(60)
    full_look()
    assert states()["s1"] == "read_only"

    shard_activate(names=["s1"])
    full_look()

    assert states()["s1"] == "active"


@pytest.fixture
def short(shards, tmp_path):
    """Give a ready image that is short of a copy on a home that is away, and that home."""
    image = make_image(make_user(), tmp_path).image
    make_renditions(image.id)
    replicate(image.id)
    home = next(r["shard"] for r in Image.objects.get(id=image.id).replicas)
    store = shards[home]
    for key in list(store.keys(image.id[4:7])):
        store.delete(key)
    Image.objects.filter(id=image.id).update(replicas=[])
    store.fail = lambda _operation, _key: ShardUnavailableError(shard=home)
    replicate(image.id)
    shards_watch()
    return Image.objects.get(id=image.id), home


def test_a_shard_that_is_back_gets_its_copies_without_an_operator(shards, short):
    image, home = short
    assert image.due_at > timezone.now()
    shards[home].fail = None

    back = shards_watch()

    image.refresh_from_db()
    assert (back, image.due_at <= timezone.now()) == ([home], True)


def test_that_a_shard_is_back_is_noticed_once(shards, short):
    shards[short[1]].fail = None

    assert [shards_watch(), shards_watch()] == [[short[1]], []]


def test_a_shard_an_operator_brings_back_is_noticed_too(shards):
    shard_set_state(name="s1", state=ShardState.DOWN)
    shards_watch()
    shard_set_state(name="s1", state=ShardState.ACTIVE)

    assert shards_watch() == ["s1"]


def test_the_share_of_a_dead_shard_is_restored_and_that_is_published(shards, tmp_path):
    image = make_image(make_user(), tmp_path).image
    make_renditions(image.id)
    replicate(image.id)
    shard_set_state(name="s1", state=ShardState.DEAD)

    shards_watch()
    queued = list(OutboxMessage.objects.filter(task="maintenance.repair"))
    repair(queued[0].subject)
    shards_watch()

    assert [message.subject for message in queued] == ["shard=s1"]
    assert HealingRun.objects.get(scope="shard=s1").finished_at is not None
    assert topology_now().emptied("s1")


def test_a_repair_from_before_a_shard_died_does_not_count_as_its_share_restored(shards):
    shards_watch()
    repair("shard=s1")
    shard_set_state(name="s1", state=ShardState.DEAD)

    shards_watch()
    shards_watch()

    assert not topology_now().emptied("s1")
    assert OutboxMessage.objects.filter(task="maintenance.repair").count() == 1


def test_staff_see_a_full_shard(shards, used, client):
    used |= {"s1": 91, "s2": 10, "s3": 10, "s4": 10}
    full_look()

    metrics = client.get("/metrics").content.decode()
    degraded = client.get("/readyz").json()["reasons"]
    listed = "".join(shard_rows())

    assert 'shoebox_shard_full{shard="s1"} 1.0' in metrics
    assert "91%" in degraded["shard:s1"]
    assert "91%" in listed
    assert not shard_finding(Shard.objects.get(name="s1"))[0]
