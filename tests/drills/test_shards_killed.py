"""Shards are killed: uploads are handed off, and nothing that exists is missing."""

import pytest

from tests import samples
from tests.client import digest_of, rendition_links
from tests.processes import wait_until
from webapp.core.ids import Kind, id_make

DYING = ("s1", "s3")
"""One of each zone, so that the two that are left are in two zones as well."""
LEFT = {"s2", "s4"}
# Each differs from the one before by one shard: one restart less for each.
PAIRS = [("s1", "s2"), ("s1", "s3"), ("s1", "s4"), ("s2", "s4"), ("s2", "s3"), ("s3", "s4")]
KINDS = {
    "jpeg": (samples.jpeg, "public"),
    "png": (samples.png_with_alpha, "public"),
    "signed": (samples.jpeg, "signed"),
    "private": (samples.heic, "public"),
}
UNCOVERED = {"signed", "private"}
"""Neither a signature for a rendition nor a public link covers the original of these."""
OF_EACH_KIND = 2


def in_two_parts(body, between):
    """Yield a body, and do something while half of it was sent."""
    half = len(body) // 2
    yield body[:half]
    between()
    yield body[half:]


def handed_off(client):
    """Store an image on the shards that are left; return it when not both are its homes."""
    image = client.store(samples.jpeg())
    assert set(image["replicas"]["stored"]) == LEFT
    return None if client.homes(image["id"]) >= LEFT else image


def test_an_upload_is_ready_on_three_shards_though_the_fourth_is_killed_while_it_arrives(cluster):
    client = cluster.client
    answer = client.upload(in_two_parts(samples.jpeg(), lambda: cluster.kill("s1")))
    assert answer.status_code == 201, answer.text
    image = client.wait_ready(answer.json()["id"])
    client.read_everything(image)
    assert set(client.holders(image["id"])) == {"s2", "s3", "s4"}


def test_an_upload_is_handed_off_though_two_shards_are_killed_while_it_arrives(cluster):
    client = cluster.client
    answer = client.upload(in_two_parts(samples.jpeg(), lambda: cluster.kill(*DYING)))
    assert (answer.status_code, set(answer.json()["replicas"]["stored"])) == (201, LEFT)
    image = wait_until(lambda: handed_off(client), seconds=120, what="an image handed off")
    for stored in (answer.json(), image):
        client.read_everything(client.wait_ready(stored["id"]))


def test_an_upload_is_handed_off_while_two_shards_hang(cluster):
    cluster.pause(*DYING)
    for _ in range(3):
        image = cluster.client.store(samples.jpeg())
        assert set(image["replicas"]["stored"]) == LEFT
        cluster.client.read_original(image)


@pytest.fixture(scope="module")
def ready(cluster_system):
    """Give ready images of every kind by their ids; all shards are back afterwards."""
    client = cluster_system.client
    kinds = [*KINDS] * OF_EACH_KIND
    stored = [client.store(KINDS[kind][0](), kind=KINDS[kind][1])["id"] for kind in kinds]
    yield [(kind, client.wait_ready(i)) for kind, i in zip(kinds, stored, strict=True)]
    cluster_system.settle()


@pytest.fixture(scope="module")
def digests(cluster_system, ready):
    """Give the digest of every rendition by image and file name."""
    client = cluster_system.client
    return {image["id"]: client.manifest(image["id"]).renditions for _, image in ready}


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def client(request, cluster_system, digests):
    """Kill two shards under a read service that remembers nothing and has to find out."""
    alive = [name for name in cluster_system.shard_names if name not in request.param]
    cluster_system.start(*alive)
    cluster_system.kill("read")
    cluster_system.start("read")
    cluster_system.kill(*request.param)
    return cluster_system.client


def is_rendition_or_fallback(answer, digest, kind):
    """Tell whether an answer is what the design allows while copies may be out of reach."""
    if answer.status_code == 200 and "X-Shoebox-Pending" not in answer.headers:
        return digest_of(answer.content) == digest
    if answer.status_code == 200:
        return answer.headers["Cache-Control"] == "no-store" and "ETag" not in answer.headers
    return answer.status_code == 503 and "Retry-After" in answer.headers and kind in UNCOVERED


def test_every_original_reads_while_two_of_four_shards_are_dead(client, ready):
    for _, image in ready:
        client.read_original(image)


def test_every_rendition_reads_or_falls_back_while_two_of_four_shards_are_dead(
    client, ready, digests
):
    wrong = []
    for kind, image in ready:
        for file, url in rendition_links(image).items():
            answer = client.read(url)
            digest = digests[image["id"]][file].digest
            if not is_rendition_or_fallback(answer, digest, kind):
                wrong.append((kind, file, answer.status_code, answer.text[:200]))
    assert wrong == []


def test_nobody_says_not_found_while_two_of_four_shards_are_dead(client, ready):
    base = ready[0][1]["links"]["original"].rpartition("/")[0]
    unknown = id_make(kind=Kind.PUBLIC, version=0)
    answer = client.read(f"{base}/{unknown}")
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


def test_a_read_service_started_while_two_of_four_shards_are_dead_reads_too(
    cluster_system, client, ready
):
    cluster_system.kill("read")
    cluster_system.start("read")
    for _, image in ready:
        client.read_original(image)


def test_not_found_is_said_again_once_all_shards_are_back(cluster_system, ready):
    cluster_system.settle()
    base = ready[0][1]["links"]["original"].rpartition("/")[0]
    unknown = id_make(kind=Kind.PUBLIC, version=0)
    wait_until(
        lambda: cluster_system.client.read(f"{base}/{unknown}").status_code == 404,
        seconds=60,
        what="the read service to be sure again",
    )
