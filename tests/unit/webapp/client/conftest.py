"""A server, and a home without anybody's settings or uploads; nothing ever waits."""

from threading import Event

import pytest

from tests.unit.webapp.client.fake import Fake
from webapp.client import session
from webapp.client.access import SERVER_VARIABLE, TOKEN_VARIABLE


@pytest.fixture
def fake():
    return Fake()


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    home = tmp_path / "home"
    for name, value in (("XDG_CONFIG_HOME", home / "config"), ("XDG_STATE_HOME", home / "state")):
        monkeypatch.setenv(name, str(value))
    for name in (SERVER_VARIABLE, TOKEN_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Keep how long each pause would have been."""
    found = []

    class Quick(Event):
        def wait(self, timeout=None):
            found.append(timeout)
            return self.is_set()

    monkeypatch.setattr(session, "Event", Quick)
    return found
