"""Webhooks from an upload to a receiver, on a real RabbitMQ and PostgreSQL, as processes."""

import hashlib
import hmac
import json
from contextlib import contextmanager
from dataclasses import replace

import pika
import psycopg
import pytest

from tests.client import Client
from tests.factories import make_picture
from tests.processes import wait_until
from tests.receiver import receiving

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

ATTEMPTS = 4
ARRIVE_SECONDS = 90
QUICK = {
    "SHOEBOX_WEBHOOK_PRIVATE_ADDRESSES": "true",
    "SHOEBOX_WEBHOOK_ATTEMPTS": str(ATTEMPTS),
    "SHOEBOX_WEBHOOK_BACKOFF_SECONDS": "0.2",
}
NAME = "webhooks-quick"
USER = "hooked"


@pytest.fixture(scope="module")
def quick(cluster_system):
    """Give the cluster with webhooks that may go to loopback and try again soon."""
    cluster_system.stop("webhooks")
    service = cluster_system.described("webhooks")
    log = service.log.with_name(f"{NAME}.log")
    cluster_system.add(replace(service, name=NAME, log=log, env={**service.env, **QUICK}))
    cluster_system.start(NAME)
    yield cluster_system
    cluster_system.forget(NAME)
    cluster_system.settle()


@pytest.fixture
def system(quick):
    yield quick
    quick.settle(but=["webhooks"])


@pytest.fixture(scope="module")
def client(quick):
    """Give the client of somebody who has no images that another test left on their way."""
    quick.manage("user", "add", USER, "--no-password")
    scopes = ("--scope", "upload", "--scope", "read")
    token = quick.manage("token", "add", USER, "--name", USER, *scopes).split()[-1]
    client = Client(quick, token)
    yield client
    client.close()


@pytest.fixture
def told(system):
    """Let a receiver be told events of the client's images; give a way to add it."""
    added = []

    def tell(receiver, event):
        words = ("--user", USER, "--url", receiver.url, "--event", event)
        secret = system.manage("webhook", "add", *words).strip()
        listed = system.manage("webhook", "list").splitlines()
        added.append(next(line.split()[0] for line in listed if receiver.url in line))
        return secret

    yield tell
    for webhook_id in added:
        system.manage("webhook", "remove", webhook_id)


def deliveries(system):
    """State, attempts and image of every delivery, oldest first."""
    rows = "SELECT state, attempts, image_id FROM webhooks_webhookdelivery ORDER BY id"
    with psycopg.connect(system.environment["SHOEBOX_DATABASE_URL"]) as index:
        return index.execute(rows).fetchall()


def wait_ended(system, count):
    """Return the deliveries once there are ``count`` and none waits."""

    def ended():
        rows = deliveries(system)
        return rows if [state for state, *_ in rows].count("waiting") == 0 else None

    return wait_until(
        lambda: len(deliveries(system)) == count and ended(),
        seconds=ARRIVE_SECONDS,
        what=lambda: f"{count} deliveries to end; there are {deliveries(system)}",
    )


@contextmanager
def channel_of(system):
    parameters = pika.URLParameters(system.environment["SHOEBOX_BROKER_URL"])
    with pika.BlockingConnection(parameters) as broker:
        yield broker.channel()


def publish(system, body):
    with channel_of(system) as channel:
        channel.basic_publish("shoebox.events", "image.stored", body)


def put_aside(system):
    """Return the bodies of all that was put aside; they stay where they are."""
    with channel_of(system) as channel:
        return [body for *_, body in iter(lambda: channel.basic_get("dead"), (None, None, None))]


def is_signed(request, secret):
    parts = dict(p.split("=") for p in request.headers["X-Shoebox-Signature"].split(","))
    signed = parts["t"].encode() + b"." + request.body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() == parts["v1"]


def test_a_receiver_that_fails_twice_is_told_and_can_verify_who_told_it(system, client, told):
    with receiving(500, 503) as receiver:
        secret = told(receiver, "image.ready")
        image = client.store_ready(make_picture())
        rows = wait_ended(system, 1)
    assert rows == [("delivered", 3, image["id"])]
    assert len(receiver.received) == 3
    assert len({r.headers["X-Shoebox-Delivery"] for r in receiver.received}) == 1
    assert all(is_signed(request, secret) for request in receiver.received)
    content = json.loads(receiver.received[-1].body)
    assert (content["event"], content["image"]["id"]) == ("image.ready", image["id"])


def test_a_receiver_that_never_takes_it_is_given_up(system, client, told):
    with receiving(default=500) as receiver:
        told(receiver, "image.stored")
        image = client.store(make_picture())
        rows = wait_ended(system, 1)
    assert rows == [("dead", ATTEMPTS, image["id"])]


def test_a_killed_process_loses_nothing(system, client, told):
    with receiving() as receiver:
        told(receiver, "image.stored")
        images = []
        for _ in range(3):
            system.kill(NAME)
            images += [client.store(make_picture())["id"] for _ in range(3)]
            system.start(NAME)
        rows = wait_ended(system, len(images))
    assert sorted(image for *_, image in rows) == sorted(images)
    assert {state for state, *_ in rows} == {"delivered"}


def test_events_go_on_after_the_broker_was_killed(system, client, told):
    with receiving() as receiver:
        told(receiver, "image.stored")
        system.kill("rabbitmq")
        image = client.store(make_picture())
        system.start("rabbitmq")
        assert wait_ended(system, 1) == [("delivered", 1, image["id"])]


def test_events_go_on_after_the_index_ended_every_session(system, client, told):
    with receiving() as receiver:
        told(receiver, "image.stored")
        images = [client.store(make_picture())["id"]]
        wait_ended(system, 1)
        system.kill("postgres")
        system.start("postgres")
        images.append(client.store(make_picture())["id"])
        rows = wait_ended(system, 2)
    assert rows == [("delivered", 1, image) for image in images]


def test_a_process_that_is_asked_to_end_ends_by_itself_and_well(system):
    system.kill(NAME)
    log = system.described(NAME).log
    since = len(log.read_text())
    system.start(NAME)
    wait_until(
        lambda: "events connected" in log.read_text()[since:], seconds=60, what="it to connect"
    )
    running = system._running[NAME]
    system.stop(NAME)
    assert running._process.returncode == 0


def test_what_is_no_event_is_put_aside_and_holds_up_no_other(system, client, told):
    body = b"not an event"
    with receiving() as receiver:
        told(receiver, "image.stored")
        publish(system, body)
        image = client.store(make_picture())
        assert wait_ended(system, 1) == [("delivered", 1, image["id"])]
    wait_until(lambda: body in put_aside(system), seconds=30, what="it to be put aside")
