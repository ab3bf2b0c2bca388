import configparser
import shlex
import stat
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from config.local.service import Service
from config.local.supervisor_config import write_config


def describe(**changes) -> Service:
    values = {
        "name": "one",
        "command": ("/bin/echo", "two words", "100%"),
        "directory": Path("/"),
        "log": Path("/dev/null"),
        "ready": lambda: True,
        "env": {"PERCENT": "%41", "COMMA": "a,b=c"},
    }
    return Service(**(values | changes))


@pytest.fixture
def parsed(tmp_path):
    """What supervisord itself makes of a file we wrote."""
    path = tmp_path / "supervisord.conf"
    (tmp_path / "logs").mkdir()
    write_config(path, services=[describe()], socket=str(tmp_path / "socket"))
    options = ServerOptions()
    options.realize(args=["-c", str(path)])
    return options.process_group_configs[0].process_configs[0]


def test_a_command_arrives_word_by_word(parsed):
    assert shlex.split(parsed.command) == ["/bin/echo", "two words", "100%"]


def test_values_of_the_environment_arrive_as_they_are(parsed):
    values = {name: parsed.environment[name] for name in ("PERCENT", "COMMA")}
    assert values == {"PERCENT": "%41", "COMMA": "a,b=c"}


def test_nothing_starts_by_itself(parsed):
    assert parsed.autostart is False


def test_what_ends_is_started_again(parsed):
    assert parsed.autorestart is not False


def test_the_file_holds_secrets_and_is_private(tmp_path):
    path = tmp_path / "supervisord.conf"
    write_config(path, services=[describe()], socket="socket")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_each_service_is_one_program(tmp_path):
    path = tmp_path / "supervisord.conf"
    write_config(path, services=[describe(), describe(name="other")], socket="socket")
    read = configparser.RawConfigParser()
    read.read(path)
    assert {"program:one", "program:other"} <= set(read.sections())
