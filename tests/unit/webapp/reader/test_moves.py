"""Reading while a version is placed under a newer one: in the new place, then in the old."""

import pytest

from tests.unit.webapp.reader.world import JPEG, serving
from webapp.core.shards import ShardState

OLD, NEW = ("a1", "b1"), ("a2", "b2")
GONE = dict.fromkeys(OLD, ShardState.DEAD)


@pytest.fixture
def world(world):
    """Give a world whose version 0 lies on the old shards, and a version 1 on the new ones."""
    world.versions, world.shards_of = (0, 1), {0: OLD, 1: NEW}
    world.revision = 2
    world.publish()
    return world


def move(world, **publish):
    world.moves, world.revision = {0: 1}, world.revision + 1
    world.publish(**publish)


def lie_on(world, image_id, shards):
    """Let the original lie on these shards and on no other."""
    for name in (*OLD, *NEW):
        world.stores[name].delete(f"{image_id.partition}/{image_id}/original")
    for name in shards:
        world.put_on(name, image_id, "original", JPEG)


@pytest.mark.parametrize("where", [OLD, NEW, (*OLD, *NEW)], ids=["not yet", "moved", "both"])
async def test_an_image_of_a_moved_version_is_read_wherever_it_lies(world, where):
    image_id = world.image()
    move(world)
    lie_on(world, image_id, where)
    async with serving(world) as reader:
        assert (await reader.get(f"/{image_id}")).content == JPEG


async def test_a_reader_that_does_not_know_of_the_move_reads_the_old_copies(world):
    image_id = world.image()
    async with serving(world, poll_seconds=60.0) as reader:
        move(world)
        lie_on(world, image_id, (*OLD, *NEW))
        assert (await reader.get(f"/{image_id}")).content == JPEG


async def test_a_reader_learns_of_a_move_before_the_old_copies_go(world):
    image_id = world.image()
    async with serving(world) as reader:
        move(world)
        await reader.until(lambda: reader.parts.topology.value.moves == {0: 1})
        lie_on(world, image_id, NEW)
        assert (await reader.get(f"/{image_id}")).content == JPEG


async def test_what_may_lie_on_silent_old_shards_is_never_called_absent(world):
    image_id = world.image()
    lie_on(world, image_id, ())
    world.states = dict.fromkeys(OLD, ShardState.DOWN)
    move(world)
    async with serving(world) as reader:
        assert (await reader.get(f"/{image_id}")).status_code == 503


async def test_shards_that_were_drained_hide_nothing(world):
    image_id = world.image()
    lie_on(world, image_id, ())
    world.states, world.emptied = GONE, frozenset(OLD)
    move(world)
    async with serving(world) as reader:
        assert (await reader.get(f"/{image_id}")).status_code == 404
        lie_on(world, image_id, NEW)
        assert (await reader.get(f"/{image_id}")).content == JPEG
