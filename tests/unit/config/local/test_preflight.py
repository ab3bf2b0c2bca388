import os
import resource
import shutil
import stat
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.local import preflight as module
from config.local.preflight import (
    data_lock,
    data_prepare,
    open_files_raise,
    ports_check,
    preflight,
)
from config.local.service import LocalError, Service


def test_the_data_folder_is_made(tmp_path):
    data_prepare(tmp_path / "some" / "data")
    assert (tmp_path / "some" / "data").is_dir()


def test_the_data_folder_is_for_its_owner_alone(tmp_path):
    before = os.umask(0o022)
    try:
        data_prepare(tmp_path / "data")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LocalError, match=r"cannot write to .*/file/data: .*SHOEBOX_DATA"):
        data_prepare(tmp_path / "file" / "data")


@pytest.mark.parametrize(
    "wrong",
    [
        "per%cent",
        'quo"te',
        "apos'trophe",
        "back\\slash",
        "two\nlines",
        "shoebox#2",
        "a ;b",
        "what?",
    ],
)
def test_a_folder_that_no_configuration_can_name_is_refused(tmp_path, wrong):
    with pytest.raises(LocalError, match="set SHOEBOX_DATA"):
        data_prepare(tmp_path / wrong)


def test_a_tree_that_no_configuration_can_name_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROOT", tmp_path / "shoebox #2")
    with pytest.raises(LocalError, match=r"shoebox #2 holds '#'; move this tree"):
        data_prepare(tmp_path / "data")


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=5 * 1024**2))
    with pytest.raises(LocalError, match="only 5 MiB are free"):
        data_prepare(tmp_path)


def test_a_full_disk_is_a_warning_where_something_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=5 * 1024**2))
    (tmp_path / "env").touch()
    data_prepare(tmp_path)
    assert "only 5 MiB are free" in capsys.readouterr().err


def test_a_second_start_on_the_same_data_names_the_first(tmp_path):
    with (
        data_lock(tmp_path),
        pytest.raises(LocalError, match=f"already running .*process {os.getpid()}"),
    ):
        data_lock(tmp_path)


def test_a_lock_that_may_not_be_opened_is_said_in_a_line(tmp_path):
    (tmp_path / "lock").mkdir()  # root, who runs tests, may open any file
    with pytest.raises(LocalError, match=r"cannot open .*/lock: .*root\?"):
        data_lock(tmp_path)


def test_a_start_after_another_ended_takes_the_lock(tmp_path):
    data_lock(tmp_path).close()
    data_lock(tmp_path).close()


def test_a_taken_port_is_named_with_its_owner_and_what_moves_it(monkeypatch):
    monkeypatch.setattr(module, "is_free", lambda _port: False)
    monkeypatch.setattr(module, "port_owner", lambda _port: "python3 (process 7)")
    with pytest.raises(LocalError, match=r"8001, wanted by read, .*python3 .*READ_PORT"):
        ports_check([listening("read", 8001)])


def test_a_port_that_two_want_is_named_with_what_moves_them(monkeypatch):
    monkeypatch.setattr(module, "is_free", lambda _port: True)
    with pytest.raises(LocalError, match=r"8001 .* write \(WRITE_PORT\) and by read \(READ_PORT\)"):
        ports_check([listening("write", 8001), listening("read", 8001)])


def test_the_last_of_a_block_of_ports_has_to_be_one():
    with pytest.raises(LocalError, match=r"65536, wanted by metrics, .* lower METRICS_PORT"):
        ports_check([listening("metrics", 65536)])


def listening(name, port):
    return Service(
        name=name,
        command=("true",),
        directory=Path("/"),
        log=Path("/dev/null"),
        ready=lambda: True,
        ports={port: f"{name.upper()}_PORT"},
    )


def test_too_few_open_files_are_named(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (256, 1024))
    with pytest.raises(LocalError, match="only 1024 open files"):
        open_files_raise(1025)


def test_as_many_open_files_as_the_settings_need_are_asked_for(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "open_files_raise", asked.append)
    monkeypatch.setattr(module, "ports_check", lambda _services: None)
    for uploads in ("1800", "500"):
        environ = {"SHOEBOX_DATA": str(tmp_path), "SHOEBOX_MAX_UPLOADS_IN_FLIGHT": uploads}
        with ExitStack() as held:
            preflight("embedded", environ, held=held)
    assert asked == [5856, 3256]


def test_a_setting_that_is_wrong_is_named_before_anything_starts(tmp_path):
    environ = {"SHOEBOX_DATA": str(tmp_path), "SHOEBOX_COLOUR": "blue"}
    with ExitStack() as held, pytest.raises(LocalError, match="SHOEBOX_COLOUR: unknown"):
        preflight("embedded", environ, held=held)
