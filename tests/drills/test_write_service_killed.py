"""The write service is killed between PUT, commit and answer: an upload happened whole or not."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import httpx
import psycopg
import pytest

from tests import samples
from tests.processes import wait_until

KEY = {"Idempotency-Key": "the same upload"}


END_WAITING = """
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE NOT granted AND relation = 'images_image'::regclass
"""
"""The one statement of an upload was sent and would commit without whoever sent it."""


@contextmanager
def inserts_held(system):
    """Let nobody add a row, so that an upload hangs between its last PUT and its commit."""
    url = system.environment["SHOEBOX_DATABASE_URL"]
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as index:
            index.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(url) as index:
            index.execute("LOCK TABLE images_image IN SHARE MODE")
            yield
            index.execute(END_WAITING)


HANGING = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@contextmanager
def answers_of_commits_held(system):
    """Let commits happen and not return: they wait for a standby that there is not."""
    url = system.environment["SHOEBOX_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as index:
        index.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        index.execute("SELECT pg_reload_conf()")
        try:
            # The checkpointer tells the others, in its own time.
            wait_until(lambda: commit_hangs(index, url), seconds=60, what="commits to hang")
            yield index
        finally:
            index.execute("ALTER SYSTEM RESET synchronous_standby_names")
            index.execute("SELECT pg_reload_conf()")


def commit_hangs(index, url):
    """Commit something; return whether that had to wait, and end its waiting."""
    with psycopg.connect(url, autocommit=True) as probe, ThreadPoolExecutor(1) as thread:
        written = "SELECT pg_logical_emit_message(true, 'drill', '')"
        done, pid = thread.submit(probe.execute, written), probe.info.backend_pid
        wait_until(
            lambda: done.done() or index.execute(f"{HANGING} AND pid = {pid}").fetchone(),
            seconds=60,
            what="a commit to end or to hang",
        )
        hung = not done.done()
        index.execute("SELECT pg_cancel_backend(%s)", [pid])
        done.result()
    return hung


@contextmanager
def uploading(system, body, headers=None):
    """Give the answer to come of an upload under way."""
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(system.client.upload, body, headers=headers)


def stored_ids(system):
    """Return each image id of which an original lies on a shard, with how many shards hold it."""
    counts = {}
    for name in system.shard_names:
        for key in system.shard(name).keys():  # noqa: SIM118 - a shard is no dictionary
            _, image_id, *blob = key.split("/")
            if blob == ["original"]:
                counts[image_id] = counts.get(image_id, 0) + 1
    return counts


def test_an_upload_killed_before_its_commit_never_happened(system):
    client, body = system.client, samples.jpeg()
    listed = client.listed()  # also notes that the token was used, which it could not later
    before = stored_ids(system)

    def written():
        fresh = {i: count for i, count in stored_ids(system).items() if i not in before}
        return [image_id for image_id, count in fresh.items() if count >= 2]

    with inserts_held(system), uploading(system, body) as answer:
        (image_id,) = wait_until(written, seconds=60, what="a quorum of copies")
        system.kill("write")
        assert isinstance(answer.exception(), httpx.TransportError)
    system.start("write")
    assert client.listed() == listed
    assert client.call("GET", f"/api/v1/images/{image_id}").status_code == 404

    again = client.upload(body)
    assert (again.status_code, again.json()["duplicate"]) == (201, False)
    client.read_everything(client.wait_ready(again.json()["id"]))


@pytest.mark.parametrize("system", ["cluster"], indirect=True)
def test_an_upload_killed_after_its_commit_and_before_its_answer_happened_whole(system):
    client, body = system.client, samples.jpeg()
    listed = client.listed()
    with answers_of_commits_held(system) as index, uploading(system, body, KEY) as answer:
        inserted = "SELECT 1 FROM pg_locks WHERE relation = 'images_idempotencykey'::regclass"
        wait_until(
            lambda: index.execute(HANGING).fetchone() and index.execute(inserted).fetchone(),
            seconds=60,
            what="the commit of the upload to hang",
        )
        system.kill("write")
        assert isinstance(answer.exception(), httpx.TransportError)
    system.start("write")
    (image_id,) = set(client.listed()) - set(listed)
    again = client.upload(body, headers=KEY)
    assert (again.status_code, again.json()["id"]) == (200, image_id)
    client.read_everything(client.wait_ready(image_id))
