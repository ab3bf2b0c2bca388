import pytest

from tests.unit.webapp.reader.world import World, serving


@pytest.fixture
def world(tmp_path):
    return World.in_memory(tmp_path).found()


@pytest.fixture
async def reader(world):
    async with serving(world) as running:
        yield running
