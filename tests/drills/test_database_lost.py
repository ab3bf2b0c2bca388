"""The database is lost: the index is rebuilt by the words of the runbook while reads go on."""

import re
import shlex
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg

from tests import samples
from tests.drills.reading import reads_go_on
from tests.processes import wait_until

PAGE = Path(__file__).parents[2] / "docs/runbooks/database-lost.md"
MINUTE = 60
OTHER = "anna"
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


def runbook():
    """Return the commands of the runbook, in order."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    ours = [words for words in lines if "manage.py" in words]  # what is stopped here is killed
    return [words[words.index("manage.py") + 1 :] for words in ours]


def store_as_other(system, body):
    """Store an image as somebody who is not the admin of the settings."""
    system.manage("user", "add", OTHER, "--no-password")
    token = system.manage("token", "add", OTHER, "--name", "drill", "--scope", "upload")
    answer = system.client.upload(body, headers={"Authorization": f"Bearer {token.strip()}"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def follow(system, steps):
    """Do what the runbook says; return what each command said."""
    said = []
    for words in steps:
        said.append(system.manage(*(OTHER if word == "NAME" else word for word in words)))
        if "read-only" in said[-1]:
            system.start(*system.processes)
            refused = system.client.upload(samples.jpeg())
            assert (refused.status_code, refused.json()["code"]) == (503, "read-only")
    return said


def test_the_index_is_rebuilt_by_the_runbook_while_reads_go_on(system):
    client, steps = system.client, runbook()
    ready = client.store_ready(samples.jpeg(), title="old title")
    others = client.wait_ready(store_as_other(system, samples.jpeg())["id"])
    gone = client.store_ready(samples.jpeg())
    client.call("PATCH", f"/api/v1/images/{ready['id']}", json={"title": "new title"})
    client.delete(gone["id"])
    wait_until(
        lambda: manifest_title(client, ready) == "new title", seconds=MINUTE, what="the manifest"
    )
    fresh = client.store(samples.jpeg(), **FRESH)
    system.kill(*(name for name in system.processes if name != "read"))
    with reads_go_on(client, [ready, fresh, others]) as reading:
        database_lose(system)
        before = reading.count
        said = follow(system, steps)
        assert reading.count > before
    assert [words[0] for words in steps] == [
        *("migrate", "bootstrap", "rebuild_index", "rebuild_index", "bootstrap", "user")
    ]
    assert "Nothing was written" in said[2]
    assert "/invitation" in said[-1]
    found = client.wait_ready(fresh["id"])
    assert what_stays(found) == what_stays(fresh)
    assert client.image(ready["id"])["title"] == "new title"
    assert what_stays(client.image(others["id"])) == what_stays(others)
    assert client.image(gone["id"])["state"] == "deleted"
    for image in (ready, fresh, others):
        client.read_everything(client.wait_ready(image["id"]))
    assert client.read(gone["links"]["original"]).status_code == httpx.codes.GONE
    client.read_everything(client.store_ready(samples.jpeg()))
