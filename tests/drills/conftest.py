"""What all drills have in common: real processes, and time enough on a busy machine."""

from pathlib import Path

import pytest

from tests.drills.load import Load

PROFILES = ("embedded", "cluster")
LONGEST_SECONDS = 400


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.real)
            item.add_marker(pytest.mark.drill)
            item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))


@pytest.fixture(params=PROFILES)
def system(request):
    """Give each profile in turn, and bring back what the drill ended."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def load(record_property):
    """Return what begins uploads and reads on a system; how it ended is in the table."""
    return lambda system, **options: Load(system, note=record_property, **options)
