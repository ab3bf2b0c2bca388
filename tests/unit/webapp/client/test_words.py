"""What can be said on the command line, and where address and token come from."""

import stat
from pathlib import Path

import httpx
import pytest

from tests.unit.webapp.client.fake import SERVER, TOKEN, homeless, shoebox, write_pictures
from webapp.client.access import config_file
from webapp.client.cli import main


def usage(*words):
    """Return the exit status of words the parser itself refuses."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    return ended.value.code


def run(fake, *words):
    return main([str(word) for word in words], transport=httpx.MockTransport(fake))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("upload",),
        ("upload", "--kind", "x", "a.jpg"),
        ("upload", "--parallel", "0", "a.jpg"),
        ("upload", "--link", "bbcode", "a.jpg"),
    ],
)
def test_wrong_words_are_status_two(words):
    assert usage(*words) == 2


def test_help_is_status_zero(capsys):
    assert usage("upload", "--help") == 0
    assert "exit status" in capsys.readouterr().out


def test_a_file_that_is_not_there_sends_nothing(fake, tmp_path):
    paths = write_pictures(tmp_path, "a.jpg")
    assert shoebox(fake, *paths, tmp_path / "absent.jpg") == 2
    assert fake.requests == []


def test_a_folder_has_to_be_meant(fake, tmp_path, capsys):
    write_pictures(tmp_path / "folder", "a.jpg")
    assert shoebox(fake, tmp_path / "folder") == 2
    assert "--recursive" in capsys.readouterr().err


def test_no_token_is_told_with_the_ways_to_give_one(fake, tmp_path, capsys):
    assert run(fake, "upload", *write_pictures(tmp_path, "a.jpg")) == 2
    assert "shoebox login" in capsys.readouterr().err


def test_without_a_home_the_environment_is_named(fake, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert run(fake, "upload", *write_pictures(tmp_path, "a.jpg")) == 2
    assert "SBX_TOKEN" in capsys.readouterr().err


NO_ADDRESSES = [
    "pictures.test",
    "ftp://pictures.test",
    "http://",
    "http://:8000",
    "http://[abc",
    "http://pictures.test:port",
    "http://pictures.test:99999",
    "http://pictures.test/\x7f",
]


@pytest.mark.parametrize("server", NO_ADDRESSES)
def test_an_address_that_is_none_is_told(fake, tmp_path, capsys, server):
    paths = write_pictures(tmp_path, "a.jpg")
    assert run(fake, "upload", "--server", server, "--token", TOKEN, *paths) == 2
    assert "is no address like" in capsys.readouterr().err


def test_an_address_in_the_environment_that_is_none_is_told(fake, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SBX_SERVER", "http://pictures.test:port")
    monkeypatch.setenv("SBX_TOKEN", TOKEN)
    assert run(fake, "upload", *write_pictures(tmp_path, "a.jpg")) == 2
    assert "'http://pictures.test:port' is no address" in capsys.readouterr().err


def test_the_environment_says_where_to_and_as_whom(fake, tmp_path, monkeypatch):
    monkeypatch.setenv("SBX_SERVER", SERVER)
    monkeypatch.setenv("SBX_TOKEN", "from-environment")
    assert run(fake, "upload", *write_pictures(tmp_path, "a.jpg")) == 0
    assert fake.requests[0].headers["authorization"] == "Bearer from-environment"


def test_the_data_folder_of_a_local_start_says_so_too(fake, tmp_path):
    (tmp_path / "env").write_text(f"SHOEBOX_WRITE_URL={SERVER}\n")
    (tmp_path / "credentials").write_text("username=admin\ntoken=local\n")
    paths = write_pictures(tmp_path, "a.jpg")
    assert run(fake, "upload", "--data", tmp_path, *paths) == 0
    assert fake.requests[0].headers["authorization"] == "Bearer local"


def log_in(fake, server=SERVER):
    return run(fake, "login", "--server", server, "--token", TOKEN)


def test_what_login_keeps_is_used(fake, tmp_path):
    assert log_in(fake) == 0
    assert run(fake, "upload", *write_pictures(tmp_path, "a.jpg")) == 0
    assert fake.requests[0].url.host == "pictures.test"


def test_login_keeps_no_address_that_is_none(fake, home, capsys):
    assert log_in(fake, server="http://[abc") == 2
    assert "'http://[abc' is no address" in capsys.readouterr().err
    assert not (home / "config").exists()


def test_nobody_else_can_read_what_login_keeps(fake, home):
    log_in(fake)
    path = config_file({"XDG_CONFIG_HOME": str(home / "config")})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_kept_token_others_can_read_is_not_used(fake, tmp_path, home, capsys):
    log_in(fake)
    config_file({"XDG_CONFIG_HOME": str(home / "config")}).chmod(0o644)
    assert run(fake, "upload", *write_pictures(tmp_path, "a.jpg")) == 2
    assert "chmod 600" in capsys.readouterr().err


def test_a_kept_token_is_not_sent_to_another_server(fake, tmp_path):
    log_in(fake)
    paths = write_pictures(tmp_path, "a.jpg")
    assert run(fake, "upload", "--server", "http://other.test", *paths) == 2
    assert fake.requests == []
