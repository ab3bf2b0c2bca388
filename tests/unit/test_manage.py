"""What `manage.py` says when it cannot do its work."""

import pytest
from django.db import OperationalError

import manage
from webapp.core.errors import ConfigurationError


def ending(monkeypatch, error, *words):
    """What the program ends with when a command ends in ``error``."""

    def fail(_words):
        raise error

    monkeypatch.setattr("sys.argv", ["manage.py", "token", "list", *words])
    monkeypatch.setattr("django.core.management.execute_from_command_line", fail)
    with pytest.raises(SystemExit) as ended:
        manage.main()
    return ended.value.code


def test_a_wrong_setting_is_named(monkeypatch):
    error = ConfigurationError("SHOEBOX_SPOOL: missing.")
    assert ending(monkeypatch, error) == "shoebox: SHOEBOX_SPOOL: missing."


def test_an_index_that_is_away_is_told_in_one_line(monkeypatch):
    said = ending(monkeypatch, OperationalError("connection refused\n\tIs it running?"))
    assert said.startswith("shoebox: the index fails: connection refused Is it running?; see")
    assert "\n" not in said


def test_who_asks_for_a_traceback_gets_it(monkeypatch):
    with pytest.raises(OperationalError):
        ending(monkeypatch, OperationalError("away"), "--traceback")
