"""What the write service checks before it answers anything."""

import resource

import pytest

from config import start
from config.env import settings as load_settings
from webapp.core.errors import ConfigurationError

FILES = resource.RLIMIT_NOFILE


@pytest.fixture
def world(monkeypatch):
    """Limits of a process that may be set, and settings."""

    class World:
        limits = (256, resource.RLIM_INFINITY)

        def settings(self, **values):
            changed = load_settings().model_copy(update={"max_event_listeners": 0, **values})
            monkeypatch.setattr(start, "settings", lambda: changed)

        def set(self, _which, limits):
            self.limits = limits

    found = World()
    monkeypatch.setattr(start.resource, "getrlimit", lambda _which: found.limits)
    monkeypatch.setattr(start.resource, "setrlimit", found.set)
    return found


def test_the_limit_of_open_files_is_raised_to_what_uploads_need(world):
    world.settings(max_uploads_in_flight=1000)
    start.write_service_start()
    assert world.limits == (1000 * 2 + 256, resource.RLIM_INFINITY)


def test_a_limit_that_suffices_is_left_alone(world):
    world.limits = (60_000, 60_000)
    world.settings(max_uploads_in_flight=1000)
    start.write_service_start()
    assert world.limits == (60_000, 60_000)


def test_a_limit_that_cannot_be_raised_far_enough_stops_the_start(world):
    world.limits = (256, 2000)
    world.settings(max_uploads_in_flight=1000)
    with pytest.raises(ConfigurationError, match="ulimit -n 2256"):
        start.write_service_start()


def test_as_many_uploads_as_are_held_by_default_fit_what_a_container_may_open():
    needed = load_settings().max_uploads_in_flight * start.FILES_PER_UPLOAD + start.FILES_BESIDE
    assert needed <= 4096
