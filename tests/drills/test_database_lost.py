"""The database is lost: the index is rebuilt from the shards while reads go on."""

from contextlib import suppress
from pathlib import Path

import httpx
import psycopg

from tests import samples
from tests.drills.reading import reads_go_on
from tests.processes import wait_until

MINUTE = 60
FRESH = {"title": "Just acknowledged", "album": "Last day", "kind": "signed", "filename": "l.jpg"}


def database_lose(system):
    """Lose the database whole; an empty one takes its place."""
    url = system.environment["SHOEBOX_DATABASE_URL"]
    if url.startswith("sqlite"):
        for suffix in ("", "-wal", "-shm"):
            Path(url.removeprefix("sqlite:///") + suffix).unlink(missing_ok=True)
        return
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")


def manifest_title(client, image):
    with suppress(ValueError):
        return client.manifest(image["id"]).title


def what_stays(image):
    names = ("id", "kind", "title", "album", "filename", "digest", "source_digest", "bytes")
    return {name: image[name] for name in (*names, "width", "height", "created_at")}


def test_the_index_is_rebuilt_while_reads_go_on(system):
    client = system.client
    ready = client.store_ready(samples.jpeg(), title="old title")
    gone = client.store_ready(samples.jpeg())
    client.call("PATCH", f"/api/v1/images/{ready['id']}", json={"title": "new title"})
    client.delete(gone["id"])
    wait_until(
        lambda: manifest_title(client, ready) == "new title", seconds=MINUTE, what="the manifest"
    )
    fresh = client.store(samples.jpeg(), **FRESH)
    system.kill(*(name for name in system.processes if name != "read"))
    with reads_go_on(client, [ready, fresh]) as reading:
        database_lose(system)
        system.manage("migrate", "--noinput")
        assert "read-only" in system.manage("bootstrap")
        system.start(*system.processes)
        refused = client.upload(samples.jpeg())
        assert (refused.status_code, refused.json()["code"]) == (503, "read-only")
        before = reading.count
        system.manage("rebuild_index", "--apply")
        assert reading.count > before
        system.manage("bootstrap")
    found = client.wait_ready(fresh["id"])
    assert what_stays(found) == what_stays(fresh)
    assert client.image(ready["id"])["title"] == "new title"
    assert client.image(gone["id"])["state"] == "deleted"
    for image in (ready, fresh):
        client.read_everything(client.wait_ready(image["id"]))
    assert client.read(gone["links"]["original"]).status_code == httpx.codes.GONE
    client.read_everything(client.store_ready(samples.jpeg()))
