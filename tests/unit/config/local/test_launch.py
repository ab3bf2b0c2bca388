"""What a start makes of parts that do not do their job."""

import pytest

from config.local import launch as module
from config.local.launch import Launch, StopRequestedError
from config.local.profiles import profile_load
from config.local.service import LocalError, StartError


class Supervised:
    """Stands in for supervisord: every process runs, the write service has no shards."""

    started = True

    def __init__(self, **_described):
        self.stopped = False

    def start(self):
        pass

    def launch(self, services, *, on_ready, on_unwell=None):
        for service in services:
            if service.name != "write":
                on_ready(service)
            elif on_unwell:
                on_unwell(service, "shards: 1 of 4 answers")
            else:
                raise StartError("write was not ready")

    def pids(self):
        return {}

    def stop(self, *_groups):
        self.stopped = True


def no_photo(**_told):
    raise LocalError("first photo: p0 is stored instead of ready")


@pytest.fixture
def profile(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "Supervisor", Supervised)
    monkeypatch.setattr(module, "first_photo", no_photo)
    monkeypatch.setattr(Launch, "_watch", stop)
    (tmp_path / "logs").mkdir()
    lines = "queues: renditions\nshard s1: is at file:///new now\n"
    (tmp_path / "logs" / "bootstrap.log").write_text(lines)
    monkeypatch.setattr(Launch, "_setup", lambda *_words: None)
    return profile_load("embedded", {"SHOEBOX_DATA": str(tmp_path)})


def stop(_launch):
    raise StopRequestedError


def test_a_first_start_that_does_not_do_its_job_has_failed(profile):
    with pytest.raises(LocalError, match="write was not ready"):
        Launch(profile=profile).run()


def test_an_installation_that_is_busy_or_partly_down_stays_up_and_says_so(profile, capsys):
    (profile.data / "env").touch()
    with pytest.raises(StopRequestedError):
        Launch(profile=profile).run()
    said = capsys.readouterr().out
    assert "WARNING: write runs and is not ready: shards: 1 of 4 answers" in said
    assert "WARNING: first photo: p0 is stored instead of ready" in said
    assert "up and running" in said
    assert "this photo" not in said


def test_what_bootstrap_moved_is_told(profile, capsys):
    (profile.data / "env").touch()
    with pytest.raises(StopRequestedError):
        Launch(profile=profile).run()
    said = capsys.readouterr().out
    assert ("shard s1: is at file:///new now" in said, "queues" in said) == (True, False)


def test_an_index_that_was_lost_leaves_it_up_for_its_rebuild(profile, capsys):
    log = profile.data / "logs" / "bootstrap.log"
    log.write_text("queues: renditions\nread-only: The index is empty and the shards are not\n")
    with pytest.raises(StopRequestedError):
        Launch(profile=profile).run()
    assert "read-only: The index is empty" in capsys.readouterr().out


def test_everything_ends_also_when_nobody_can_be_told(profile, monkeypatch):
    def hung_up(*_words, **_how):
        raise BrokenPipeError

    launch = Launch(profile=profile)
    monkeypatch.setattr(module.signal, "signal", lambda *_told: None)  # of the test's process
    monkeypatch.setattr("builtins.print", hung_up)
    launch.stop()
    assert launch._supervisor.stopped
