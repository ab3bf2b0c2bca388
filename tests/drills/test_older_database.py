"""An older database is restored, and everything that heals is run: nothing acknowledged is lost."""

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from tests import samples
from tests.drills.reading import reads_go_on
from tests.processes import wait_until
from webapp.core.errors import ShardUnavailableError
from webapp.core.ids import id_parse
from webapp.core.keys import ORIGINAL, blob_key

GONE_SECONDS = 60


@pytest.fixture
def system(embedded):
    return embedded


def database(system):
    return Path(system.environment["SHOEBOX_DATABASE_URL"].removeprefix("sqlite:///"))


def dump(system, target):
    with (
        contextlib.closing(sqlite3.connect(database(system))) as source,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def restore(system, source):
    file = database(system)
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(source)) as copy,
        contextlib.closing(sqlite3.connect(file)) as target,
    ):
        copy.backup(target)


def has_bytes(system, image):
    key = blob_key(id_parse(image["id"]), ORIGINAL)
    for name in system.shard_names:
        with contextlib.suppress(ShardUnavailableError):
            if system.shard(name).stat(key) is not None:
                return True
    return False


def is_gone(system, image):
    """Return whether readers refuse it; when every shard confirmed its erasure it is unknown."""
    return system.client.read(image["links"]["original"]).status_code in {404, 410}


def test_no_image_is_lost_and_no_deletion_undone_when_an_older_database_is_restored(
    system, tmp_path
):
    client = system.client
    kept, edited, deleted, erased, restored = (client.store_ready(samples.jpeg()) for _ in range(5))
    client.delete(restored["id"])
    ours = [name for name in system.processes if name != "read"]
    dump(system, tmp_path / "dump")

    later = client.store_ready(samples.jpeg())
    later_deleted = client.store_ready(samples.jpeg())
    client.delete(later_deleted["id"])
    client.delete(deleted["id"])
    assert client.call("DELETE", f"/api/v1/images/{erased['id']}?erase=true").status_code == 204
    client.restore(restored["id"])
    client.wait_ready(restored["id"])
    answer = client.call("PATCH", f"/api/v1/images/{edited['id']}", json={"title": "later"})
    assert answer.status_code == 200
    wait_until(
        lambda: client.manifest(edited["id"]).title == "later",
        seconds=GONE_SECONDS,
        what="the new title in a manifest",
    )
    wait_until(lambda: not has_bytes(system, erased), seconds=GONE_SECONDS, what="bytes erased")

    with reads_go_on(client, [kept, edited, later]):
        system.stop(*ours)
        restore(system, tmp_path / "dump")
        # Whatever other drills left on its way home is a finding that is not healed at once.
        scrub = ("scrub", "--apply", "--no-uploads", "--bytes-per-second", "0")
        system.manage(*scrub, status=None)
        system.manage("reap", "--apply")
        system.settle()

    for image in (kept, edited, later, restored):
        client.wait_ready(image["id"])
        client.read_everything(image)
    assert client.image(edited["id"])["title"] == "later"
    for image in (deleted, later_deleted):
        assert client.image(image["id"])["state"] == "deleted"
    assert client.call("GET", f"/api/v1/images/{erased['id']}").status_code == 410
    for image in (deleted, erased, later_deleted):
        wait_until(lambda image=image: is_gone(system, image), seconds=GONE_SECONDS, what="refused")
    assert not has_bytes(system, erased)
    again = ("scrub", "--again", "--bytes-per-second", "0")
    wait_until(
        lambda: "All is well." in system.manage(*again, status=None),
        seconds=GONE_SECONDS,
        what="a scrub that finds nothing",
    )


def test_a_deletion_reaches_a_shard_that_was_away(system, load):
    client = system.client
    image = client.store_ready(samples.jpeg())
    away = min(client.holders(image["id"]))
    folder = next(f for f in system.profile.shard_folders if f.name == away)
    aside = folder.with_name("unmounted")
    with load(system) as running:
        folder.rename(aside)
        folder.mkdir()
        try:
            erase = client.call("DELETE", f"/api/v1/images/{image['id']}?erase=true")
            assert erase.status_code == 204
            report = json.loads(system.manage("reap", "--json"))
            assert report["unconfirmed"] >= 1
        finally:
            folder.rmdir()
            aside.rename(folder)

        wait_until(lambda: is_gone(system, image), seconds=GONE_SECONDS, what="refused")
        system.manage("reap", "--apply")
        wait_until(lambda: not has_bytes(system, image), seconds=GONE_SECONDS, what="bytes erased")
    running.assert_healed()
    assert is_gone(system, image)
    partition = id_parse(image["id"]).partition
    assert "All is well." in system.manage("scrub", "--partition", partition)


def scrub_report(system, partition, *, status):
    """Return what a scrub without the database reports, and its findings."""
    words = ("scrub", "--json", "--partition", partition)
    report = json.loads(system.manage(*words, status=status))
    return report, {(f["code"], f["shard"], f["blob"]) for f in report["findings"]}


def test_a_scrub_reports_while_the_database_is_away(system):
    client = system.client
    image = client.store_ready(samples.jpeg())
    shard = min(client.holders(image["id"]))
    folder = next(f for f in system.profile.shard_folders if f.name == shard)
    original = folder / blob_key(id_parse(image["id"]), ORIGINAL)
    good = original.read_bytes()
    system.stop(*[name for name in system.processes if name != "read"])
    file = database(system)
    aside = file.with_name("away")
    file.rename(aside)
    partition = id_parse(image["id"]).partition
    try:
        # A stand-in that had not gone home when all was stopped is there before and after.
        _, before = scrub_report(system, partition, status=None)
        with original.open("r+b") as opened:
            opened.truncate(len(good) // 2)
        report, found = scrub_report(system, partition, status=1)
        refused = system.manage("scrub", "--apply", "--partition", partition, status=1)
    finally:
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        aside.rename(file)
    assert found - before == {("corrupt", shard, ORIGINAL)}
    assert report["index"] is False
    assert "nothing may be changed" in refused
    system.settle()
    system.manage("scrub", "--apply", "--partition", partition)
    assert original.read_bytes() == good
