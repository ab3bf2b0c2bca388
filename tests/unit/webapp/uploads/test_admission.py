import os
import time
from contextlib import ExitStack, nullcontext

import pytest
from django.db import InterfaceError, OperationalError

from webapp.core.errors import BusyError, ReadOnlyError, TooLargeError
from webapp.uploads import admission as admission_module
from webapp.uploads.admission import CLEAN_SECONDS, LOOK_SECONDS, Admission, check_length
from webapp.uploads.form import FORM_BYTES
from webapp.uploads.spool import STALE_SECONDS


class World:
    """What an admission looks at: settings, the outbox, a clock."""

    def __init__(self, settings, folder):
        self._settings = settings
        self.backlog = 0
        self.read_only = ""
        self.looks = 0
        self.now = 1.0
        self.spool = folder
        self.set(spool=folder, spool_floor_bytes=0, backlog_limit=10, max_upload_bytes=1000)

    def set(self, **values):
        self._settings.SHOEBOX = self._settings.SHOEBOX.model_copy(update=values)

    def depth(self):
        self.looks += 1
        if isinstance(self.backlog, Exception):
            raise self.backlog
        return self.backlog


@pytest.fixture
def world(settings, tmp_path, monkeypatch):
    world = World(settings, tmp_path / "spool")
    monkeypatch.setattr(admission_module, "outbox_depth", world.depth)
    monkeypatch.setattr(admission_module, "read_only_reason", lambda: world.read_only)
    monkeypatch.setattr(admission_module.time, "monotonic", lambda: world.now)
    return world


@pytest.fixture
def admission(world):
    return Admission()


def test_there_are_as_many_places_as_set_and_no_more(world, admission):
    world.set(max_uploads_in_flight=3)
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(admission.place())
        with pytest.raises(BusyError, match="3 uploads") as error, admission.place():
            pass
        assert (error.value.status, admission.in_flight) == (503, 3)
        assert error.value.retry_after
    assert admission.in_flight == 0


def test_a_place_is_given_back_after_any_error(admission):
    with pytest.raises(KeyboardInterrupt), admission.place():
        raise KeyboardInterrupt
    assert admission.in_flight == 0


async def test_with_room_and_no_backlog_uploads_are_taken(admission):
    await admission.check()


async def test_without_room_uploads_are_refused(world, admission):
    world.set(spool_floor_bytes=2**62)
    with pytest.raises(BusyError, match="free") as error:
        await admission.check()
    assert error.value.retry_after == 30


async def test_a_long_backlog_refuses_uploads(world, admission):
    world.backlog = 10
    await admission.check()
    world.backlog, world.now = 11, world.now + LOOK_SECONDS + 1
    with pytest.raises(BusyError, match="10 messages"):
        await admission.check()


@pytest.mark.parametrize("error", [OperationalError("away"), InterfaceError("closed")])
async def test_an_index_that_is_away_is_busy_and_not_a_defect(world, admission, error):
    world.backlog = error
    with pytest.raises(BusyError, match="index"):
        await admission.check()


async def test_a_spool_that_cannot_be_used_is_busy_and_not_a_defect(world, admission):
    world.spool.write_bytes(b"a file where the folder should be")
    with pytest.raises(BusyError, match="cannot be received"):
        await admission.check()


async def test_one_look_serves_many_uploads(world, admission):
    for _ in range(5):
        await admission.check()
    assert world.looks == 1


async def test_an_upload_is_told_that_the_index_is_read_only(world, admission):
    world.read_only = "The index is being rebuilt."
    with pytest.raises(ReadOnlyError, match="rebuilt") as error:
        await admission.check()
    assert error.value.code == "read-only"


async def test_a_refusal_is_repeated_until_the_next_look(world, admission):
    world.backlog = 11
    for _ in range(3):
        with pytest.raises(BusyError):
            await admission.check()
    world.backlog, world.now = 0, world.now + LOOK_SECONDS + 1
    await admission.check()
    assert world.looks == 2


def left_behind(world, seconds):
    world.spool.mkdir(exist_ok=True)
    path = world.spool / "upload-left"
    path.write_bytes(b"x")
    when = time.time() - seconds
    os.utime(path, (when, when))
    return path


async def test_what_dead_processes_left_is_removed_now_and_then(world, admission):
    world.set(upload_idle_seconds=100)
    left = left_behind(world, STALE_SECONDS + 200)
    await admission.check()
    assert not left.exists()
    left_behind(world, STALE_SECONDS + 200)
    world.now += LOOK_SECONDS + 1
    await admission.check()
    assert left.exists()
    world.now += CLEAN_SECONDS
    await admission.check()
    assert not left.exists()


async def test_an_upload_as_silent_as_it_may_be_keeps_its_file(world, admission):
    world.set(upload_idle_seconds=10_000)
    left = left_behind(world, STALE_SECONDS + 9_000)
    await admission.check()
    assert left.exists()


@pytest.mark.parametrize("length", ["0", str(1000 + FORM_BYTES), "", "nonsense", "-5", "\u00b2"])
def test_a_length_that_may_fit_is_let_through(world, length):
    check_length({"content-length": length} if length else {})


@pytest.mark.parametrize("length", [str(1001 + FORM_BYTES), "9" * 20, "9" * 5000])
def test_a_length_that_cannot_fit_is_refused_unread(world, length):
    with pytest.raises(TooLargeError) as error:
        check_length({"content-length": length})
    assert error.value.extra["limit"] == 1000


async def test_uploads_are_refused_while_a_fresh_one_would_wait_long(world, admission, monkeypatch):
    world.set(store_wait_seconds=5)
    for waiting, refused in ((4.9, False), (5.1, True)):
        monkeypatch.setattr(admission_module.store_turns, "wait_expected", lambda w=waiting: w)
        with pytest.raises(BusyError, match="stored") if refused else nullcontext():
            await admission.check()
