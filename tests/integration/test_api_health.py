"""What supervisors and Prometheus are told: alive, ready, degraded by name, counted."""

import shutil
import socket

import pytest
from django.db import OperationalError
from prometheus_client.parser import text_string_to_metric_families

from tests.factories import isolate, make_cluster
from webapp.api import health

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker():
    """Something that answers at the broker's address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def shards(settings, tmp_path, broker):
    isolate(settings, tmp_path)
    url = f"redis://127.0.0.1:{broker}/0"
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"broker_url": url})
    return make_cluster(tmp_path)


@pytest.fixture(autouse=True)
def looked(monkeypatch):
    """Nothing is remembered from another test, nor between two looks of one."""
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(health, "_latest", health.Remembered(health.readiness_look))


def ready(client):
    response = client.get("/readyz")
    return response.status_code, response.json()["degraded"]


def unmount(root):
    shutil.move(root, root.with_name(f"{root.name}-away"))


def test_a_process_that_answers_is_alive(client):
    assert client.get("/healthz").json() == {"status": "alive"}


def test_a_whole_service_is_ready(client, shards):
    assert ready(client) == (200, [])


def test_a_shard_that_is_away_is_named(client, shards):
    unmount(shards["s2"])
    assert ready(client) == (200, ["shard:s2"])


def test_fewer_shards_than_the_quorum_are_not_enough(client, shards):
    for name in ("s1", "s2", "s3"):
        unmount(shards[name])
    assert ready(client) == (503, ["shards", "shard:s1", "shard:s2", "shard:s3"])


def test_without_the_broker_uploads_go_on(client, shards, settings):
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"broker_url": "amqp://127.0.0.1:1"})
    assert ready(client) == (200, ["broker"])


def test_a_spool_that_cannot_be_written_stops_uploads(client, shards, settings, tmp_path):
    (tmp_path / "file").touch()
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"spool": tmp_path / "file"})
    assert ready(client) == (503, ["spool"])


def test_an_index_that_does_not_answer_stops_uploads(client, shards, monkeypatch):
    def away():
        raise OperationalError("gone")

    monkeypatch.setattr(health, "topology_now", away)
    assert ready(client) == (503, ["database"])


def test_before_the_first_topology_nothing_is_ready(client, settings, tmp_path, broker):
    isolate(settings, tmp_path)
    status, degraded = ready(client)
    assert (status, "topology" in degraded) == (503, True)


def test_two_looks_in_a_moment_are_one(client, shards, monkeypatch):
    monkeypatch.setattr(health, "FRESH_SECONDS", 60.0)
    assert ready(client) == (200, [])
    unmount(shards["s1"])
    assert ready(client) == (200, [])


def counted(client, **labels):
    families = text_string_to_metric_families(client.get("/metrics").content.decode())
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "shoebox_requests_total" and labels.items() <= sample.labels.items()
    )


def test_requests_are_counted_by_route_and_status(client):
    labels = {"route": "api/v1/images/<image_id>", "method": "GET", "status": "401"}
    before = counted(client, **labels)
    client.get("/api/v1/images/one")
    client.get("/api/v1/images/two")
    assert counted(client, **labels) == before + 2


def test_words_that_clients_make_up_are_no_labels(client):
    before = counted(client, route="other", method="other", status="404")
    client.generic("BREW", "/api/coffee")
    assert counted(client, route="other", method="other", status="404") == before + 1
