import hypothesis.strategies as some
from hypothesis import given

from webapp.core.fullness import Room, shards_to_close, shards_to_open
from webapp.core.shards import ShardSpec


def room(name, used, *, zone="z1", told=False):
    return Room(ShardSpec(name, zone), used, told, high_water=0.9, low_water=0.85)


@some.composite
def pools(draw):
    return [
        Room(
            spec=ShardSpec(f"s{number}", draw(some.sampled_from(["z1", "z2", "z3"]))),
            used=draw(some.none() | some.floats(0, 1)),
            told=draw(some.booleans()),
            high_water=0.9,
            low_water=0.85,
        )
        for number in range(draw(some.integers(1, 8)))
    ], draw(some.integers(1, 3))


@given(pools())
def test_what_is_left_is_a_quorum_and_has_every_zone(pool):
    rooms, quorum = pool
    closed = shards_to_close(rooms, quorum=quorum)
    left = [r for r in rooms if r.spec.name not in closed]
    if closed:
        assert len(left) >= quorum
        assert {r.spec.zone for r in left} == {r.spec.zone for r in rooms}


@given(pools())
def test_only_full_shards_are_closed(pool):
    rooms, quorum = pool
    closed = shards_to_close(rooms, quorum=quorum)
    assert all(r.full for r in rooms if r.spec.name in closed)


def test_a_shard_over_its_mark_is_closed_while_another_of_its_zone_has_room():
    rooms = [room("a", 0.91), room("b", 0.2), room("c", 0.2, zone="z2")]
    assert shards_to_close(rooms, quorum=2) == ["a"]


def test_one_that_says_it_is_full_is_closed_before_one_that_is_nearly_so():
    rooms = [room("a", 0.99), room("b", None, told=True), room("c", 0.1)]
    assert shards_to_close(rooms, quorum=2) == ["b"]


def test_nothing_is_closed_when_nothing_has_room():
    assert shards_to_close([room("a", 0.95), room("b", 0.95), room("c", 0.95)], quorum=1) == []


def test_a_shard_between_its_marks_stays_as_it_is():
    between = room("a", 0.87)
    assert (between.full, shards_to_open([between])) == (False, [])


def test_a_shard_below_its_low_mark_is_opened():
    assert shards_to_open([room("a", 0.5), room("b", None)]) == ["a"]
