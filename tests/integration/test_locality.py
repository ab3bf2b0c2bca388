"""A process prefers the shards of its zone, where that does not change where copies belong."""

import pytest
from prometheus_client import REGISTRY

from tests.factories import isolate, make_cluster, make_image, make_user
from webapp.cluster.snapshot import topology_now
from webapp.images.copies import Placement
from webapp.images.nearness import near_first
from webapp.images.services.renditions import original_fetched
from workers.renditions import make_renditions

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["z1", "z2"])
def zone(request, settings, tmp_path):
    isolate(settings, tmp_path)
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"zone": request.param})
    make_cluster(tmp_path)
    return request.param


@pytest.fixture
def image(zone, tmp_path):
    return make_image(make_user(), tmp_path).image


def counted(name, place):
    return REGISTRY.get_sample_value(name, {"place": place}) or 0


def test_an_original_is_read_in_the_own_zone(image):
    before = [counted("shoebox_original_reads_total", place) for place in ("local", "remote")]

    with original_fetched(image=image) as path:
        assert path.stat().st_size == image.bytes

    after = [counted("shoebox_original_reads_total", place) for place in ("local", "remote")]
    assert after == [before[0] + 1, before[1]]


def test_the_own_zone_is_written_first_and_copies_lie_where_they_belong(image, zone):
    placement = Placement.of(image.image_id, topology_now())
    homes = placement.version.rendition_replica_count

    ordered = near_first(placement.writable(), homes=homes)

    assert ordered[0][0].zone == zone
    assert {spec.name for spec, _ in ordered[:homes]} == {
        spec.name for spec, _ in placement.writable()[:homes]
    }
    assert ordered[homes:] == placement.writable()[homes:]


def test_every_rendition_counts_where_its_first_copy_was_accepted(image):
    names = ("shoebox_first_writes_total", "local"), ("shoebox_first_writes_total", "remote")
    before = sum(counted(*name) for name in names)

    make_renditions(image.id)

    image.refresh_from_db()
    assert sum(counted(*name) for name in names) == before + len(image.renditions)
