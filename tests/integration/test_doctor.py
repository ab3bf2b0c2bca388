"""What `manage.py doctor` says of a part that is not well: a line, and the others follow."""

import pytest
from amqp.exceptions import AccessRefused, NotFound
from kombu import Connection

from config.management.commands import doctor
from tests.factories import isolate, make_cluster

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker(settings, tmp_path, monkeypatch):
    """A broker that answers, beside shards that do."""
    isolate(settings, tmp_path)
    make_cluster(tmp_path, count=2)
    connection = Connection("memory://")
    monkeypatch.setattr(doctor.app, "connection_for_write", lambda **_how: connection)
    return connection


def found():
    return {name: (well, said) for name, well, said in doctor.findings()}


def test_a_queue_that_is_missing_is_said_with_what_makes_it(broker, monkeypatch):
    def depths(*_asked):
        raise NotFound("no queue 'renditions'")

    monkeypatch.setattr(doctor, "queue_depths", depths)
    well, said = found()["broker"]
    assert (well, "renditions" in said, "queues declare" in said) == (False, True, True)
    assert {name for name, (well, _) in found().items() if well} >= {"shard s1", "shard s2"}


def test_a_broker_that_refuses_us_is_said(broker, monkeypatch):
    def refuse(**_how):
        raise AccessRefused("login was refused")

    monkeypatch.setattr(broker, "ensure_connection", refuse)
    well, said = found()["broker"]
    assert (well, "login was refused" in said) == (False, True)
