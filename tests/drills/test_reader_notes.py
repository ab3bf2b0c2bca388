"""Copies rot while only a reader runs: it notes them, and they are whole again by themselves."""

from tests import samples
from tests.drills.healed import is_at_home, quarantined
from tests.drills.test_copies_rot import HOME_SECONDS, flip
from tests.processes import wait_until
from webapp.core.ids import id_parse
from webapp.core.keys import NOTED_PREFIX, blob_key

NOTED_SECONDS = 60
HEALED_SECONDS = 120


def notes(system):
    """Return the notes that lie on any shard."""
    return [key for name in system.shard_names for key in system.shard(name).keys(NOTED_PREFIX)]


def first_two(system, image_id):
    """Return the files of an original that a reader meets first."""
    key = blob_key(id_parse(image_id), "original")
    homes = [n for n, p in system.client.positions(image_id).items() if p["role"] == "home"]
    folders = {folder.name: folder for folder in system.profile.shard_folders}
    return [folders[name] / key for name in homes[:2]]


def test_what_a_reader_saw_while_all_else_was_down_is_repaired_after_its_death(embedded):
    client = embedded.client
    image = client.store_ready(samples.jpeg())
    wait_until(lambda: is_at_home(client, image["id"]), seconds=HOME_SECONDS, what="at home")
    damaged = first_two(embedded, image["id"])
    before = [path.read_bytes() for path in damaged]
    embedded.kill(*embedded.processes, *embedded.servers)
    for path in damaged:
        flip(path)
    embedded.start("read")
    client.read_original(image)
    wait_until(lambda: len(notes(embedded)) == 2, seconds=NOTED_SECONDS, what="two notes")
    embedded.kill("read")
    embedded.settle(but=["read"])
    wait_until(
        lambda: [path.read_bytes() for path in damaged] == before,
        seconds=HEALED_SECONDS,
        what="two whole copies",
    )
    wait_until(lambda: not notes(embedded), seconds=HEALED_SECONDS, what="notes gone")
    assert len(quarantined(embedded, image["id"])) >= 2
