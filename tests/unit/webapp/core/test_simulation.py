from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.webapp.core.clusters import make_shards, make_version
from webapp.core.errors import MalformedRequestError
from webapp.core.layout import (
    growth,
    held,
    home_sets,
    largest_deviation,
    layout_make,
    loss_of_largest,
    zone_shapes,
)
from webapp.core.placement import place, shares
from webapp.core.scenario import Scenario
from webapp.core.shards import ShardSpec
from webapp.core.simulation import simulate

SMALL = Scenario(partitions=256)


def layout(count, *, zones, replicas=3, partitions=256):
    version = make_version(make_shards(count, zones=zones), replicas=replicas)
    return layout_make(version, partition_count=partitions)


def test_parts_are_those_images_are_placed_by():
    version = make_version(make_shards(4, zones=2))
    parts = held(layout_make(version))
    assert {name: part * 3 for name, part in parts.items()} == pytest.approx(shares(version))


def test_everybody_holding_everything_is_even():
    assert largest_deviation(layout(3, zones=3)) == pytest.approx(0)


def test_copies_are_spread_over_the_zones_there_are():
    assert set(zone_shapes(layout(4, zones=2))) == {(2, 1)}
    assert set(zone_shapes(layout(9, zones=3))) == {(1, 1, 1)}


def test_sets_of_homes_are_at_most_all_there_can_be():
    assert home_sets(layout(4, zones=2)) == 4


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(1, 9),
    zones=st.integers(1, 4),
    replicas=st.integers(1, 4),
    weight=st.floats(0.3, 3),
    added_zone=st.sampled_from(["z0", "z1", "new"]),
)
def test_a_rebalance_moves_what_placing_everything_anew_says(
    count, zones, replicas, weight, added_zone
):
    before = layout(count, zones=zones, replicas=replicas, partitions=64)
    added = [ShardSpec("n1", added_zone, weight), ShardSpec("n2", "z0")]
    copies = before.version.replica_count
    moved = 0
    for name, where in before.places:
        after = place([*before.version.shards, *added], name)[:copies]
        moved += len(set(after) - set(where[:copies]))

    found = growth(before, added)

    assert found.moved == pytest.approx(moved / (64 * copies))
    assert found.moved >= found.minimum


def test_a_rebalance_moves_no_more_than_it_has_to():
    found = growth(layout(9, zones=3), [ShardSpec("n", "z0")])
    assert found.moved == pytest.approx(found.minimum)


def test_what_a_lost_shard_held_goes_to_many():
    found = loss_of_largest(layout(30, zones=5, partitions=2048))
    assert found.busiest < found.part / 5


def test_what_nobody_can_take_is_written_to_nobody():
    assert loss_of_largest(layout(3, zones=3)).busiest == 0


def test_more_replicas_lose_fewer_images():
    losses = [
        simulate(replace(SMALL, shards=8, zones=4, replicas=count)).image_loss
        for count in (1, 2, 3, 4)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1]


def test_repair_is_quicker_with_more_bandwidth():
    slow = simulate(replace(SMALL, repair_bytes_per_second=1e6)).repair
    fast = simulate(replace(SMALL, repair_bytes_per_second=1e8)).repair
    assert timedelta(hours=24) < fast < slow


def test_disks_of_a_shard_add_to_what_loses_it():
    few, many = (simulate(replace(SMALL, disks_per_shard=count)).image_loss for count in (1, 12))
    assert few < many


def test_a_stored_terabyte_costs_its_copies_and_renditions():
    found = simulate(replace(SMALL, price_stored=10, rendition_part=0.5))
    assert found.cost_stored == pytest.approx(10 * (3 + 0.5 * 2))


def test_reads_cost_what_the_cache_does_not_answer():
    told = replace(SMALL, cached_part=0.5, read_bytes=2_000_000, price_sent=3, price_requests=4)
    assert simulate(told).cost_reads == pytest.approx(0.5 * 4 + 0.5 * 2 * 3)


def test_images_grow_year_by_year():
    found = simulate(replace(SMALL, images=100, image_growth=1.0, years=2))
    assert [images for images, _ in found.years] == [100, 200, 400]


def test_trials_agree_with_the_exact_answer():
    checked = simulate(SMALL, trials=400, seed=2).checked
    assert abs(checked.mean - 1) < 4 * checked.error


@pytest.mark.parametrize(
    "wrong",
    [
        {"shards": 0},
        {"zones": 0},
        {"replicas": 10},
        {"weights": (1.0, 0.0)},
        {"disk_afr": 1.0},
        {"repair_bytes_per_second": 0.0},
        {"images": 0},
        {"partitions": 40_000},
        {"shards": 99_999_999},
        {"added": 10_000},
    ],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(MalformedRequestError):
        simulate(replace(SMALL, **wrong))


@pytest.mark.parametrize("zone_afr", [0.0, 0.001])
def test_shards_that_do_not_fail_by_themselves_lose_no_fresh_upload(zone_afr):
    lasting = replace(SMALL, shard_afr=0.0, disks_per_shard=0, zone_afr=zone_afr)
    found = simulate(lasting, trials=10)
    assert (found.fresh_loss, found.image_loss > 0) == (0.0, zone_afr > 0)
