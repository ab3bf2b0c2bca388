"""Event streams of running services: from the index, from RabbitMQ, and while that is away."""

import time

import httpx
import pytest

from tests import samples
from tests.integration.events_listener import PATH, listening
from tests.processes import wait_until
from webapp.core.problem import CONTENT_TYPE
from webapp.events.hub import MOST_PER_USER

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

STOP_SECONDS = 3.0


@pytest.fixture(params=["embedded", "cluster"])
def system(request):
    return request.getfixturevalue(request.param)


def ask(system, method="GET", **headers):
    return httpx.request(
        method,
        system.environment["SHOEBOX_WRITE_URL"] + PATH,
        headers=headers,
        trust_env=False,
        timeout=30,
    )


def token_of(system, name, *, scope="read"):
    words = ("token", "add", name, "--name", f"events-{time.monotonic_ns()}", "--scope", scope)
    return system.manage(*words).split()[-1]


def source_of(system):
    """Return where a write service has its events from."""
    metrics = system.client.call("GET", "/metrics").text.splitlines()
    lines = [line for line in metrics if line.startswith("shoebox_event_source{")]
    return [line.split('"')[1] for line in lines if line.endswith(" 1.0")]


def test_its_owner_hears_what_happens_to_an_image_in_the_order_it_happens(system):
    with listening(system) as heard:
        image = system.client.store_ready(samples.jpeg())
        heard.wait("image.ready", image["id"])
        system.client.delete(image["id"])
        heard.wait("image.deleted", image["id"])
    assert heard.names(image["id"]) == ["image.stored", "image.ready", "image.deleted"]


def test_others_hear_nothing_of_it(system):
    name = f"stranger{time.monotonic_ns()}"
    system.manage("user", "add", name, "--no-password")
    with (
        listening(system) as heard,
        listening(system, token=token_of(system, name)) as stranger,
    ):
        image = system.client.store(samples.jpeg())
        heard.wait("image.stored", image["id"])
    assert stranger.names(image["id"]) == []


def test_who_comes_back_is_told_what_it_missed(system):
    with listening(system) as heard:
        image = system.client.store(samples.jpeg())
        known = heard.wait("image.stored", image["id"])
        with listening(system, Last_Event_ID=known) as again:
            missed = system.client.store(samples.jpeg())
            heard.wait("image.stored", missed["id"])
        with listening(system, Last_Event_ID=known) as late:
            late.wait("image.stored", missed["id"])
    assert again.names(image["id"]).count("image.stored") == 0
    assert late.names(missed["id"])[0] == "image.stored"


def test_who_knows_nothing_of_this_process_is_told_to_look_again(embedded):
    with listening(embedded, Last_Event_ID="0123456789ab-7") as heard:
        heard.wait("refresh")


def test_events_go_on_while_the_broker_is_away_and_come_from_it_again(cluster):
    with listening(cluster) as heard:
        wait_until(lambda: source_of(cluster) == ["broker"], seconds=30, what="the broker")
        cluster.kill("rabbitmq")
        wait_until(lambda: source_of(cluster) == ["index"], seconds=30, what="the index")
        image = cluster.client.store(samples.jpeg())
        heard.wait("image.stored", image["id"])
        cluster.start("rabbitmq")
        wait_until(lambda: source_of(cluster) == ["broker"], seconds=60, what="the broker again")
        another = cluster.client.store(samples.jpeg())
        heard.wait("image.stored", another["id"])


def test_a_service_that_is_asked_to_end_does_not_wait_for_listeners(embedded):
    with listening(embedded) as heard:
        began = time.monotonic()
        embedded.stop("write")
        assert heard.over.wait(STOP_SECONDS)
        assert time.monotonic() - began < STOP_SECONDS
    embedded.start("write")


def test_a_user_has_only_so_many_streams(embedded):
    name = f"greedy{time.monotonic_ns()}"
    embedded.manage("user", "add", name, "--no-password")
    token = token_of(embedded, name)
    held = [listening(embedded, token=token) for _ in range(MOST_PER_USER)]
    for stream in held:
        stream.__enter__()
    refused = ask(embedded, Authorization=f"Bearer {token}")
    for stream in held:
        stream.__exit__(None, None, None)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    assert "Retry-After" in refused.headers


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 401),
        ("GET", {"Authorization": "Bearer none"}, 401),
        ("POST", {}, 405),
        ("DELETE", {}, 405),
    ],
)
def test_what_is_refused_is_told_as_a_problem(embedded_system, method, headers, status):
    answer = ask(embedded_system, method, **headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, CONTENT_TYPE)


def test_a_token_that_is_not_for_reading_is_refused(embedded_system):
    token = token_of(embedded_system, "admin", scope="upload")
    assert ask(embedded_system, Authorization=f"Bearer {token}").status_code == 403
