"""Copies rot, are cut off, emptied or removed: repair brings back every byte."""

import os
import subprocess

import pytest

from tests import samples
from tests.drills.healed import blobs_of, is_at_home, quarantined
from tests.processes import wait_until
from webapp.core.ids import id_parse
from webapp.core.keys import blob_key


def flip(path):
    with path.open("r+b") as file:
        first = file.read(1)[0]
        file.seek(0)
        file.write(bytes([first ^ 1]))


def cut_off(path):
    os.truncate(path, 20)


def empty(path):
    os.truncate(path, 0)


# A blob → what happens to its copies, in order; always one is left as it was.
DAMAGES = {
    "original": (flip, cut_off),
    "thumb.webp": (empty,),
    "w320.jpg": (flip,),
    "w800.webp": (os.unlink,),
    "manifest.json": (cut_off, os.unlink, empty),
}
HOME_SECONDS = 120
PUT_ASIDE = 6
"""All but those that were removed, of which nothing is left. More where a reader's note had a
worker repair the same copy at the same time."""


def copies_of(system, image_id, name):
    """Return the copies of a blob that lie in folders."""
    key = blob_key(id_parse(image_id), name)
    return [root / key for root in system.profile.shard_folders if (root / key).exists()]


@pytest.fixture
def image(embedded):
    """Give an image that is at home: on a busy machine a copy may stand in for a while."""
    image = embedded.client.store_ready(samples.jpeg())
    wait_until(
        lambda: is_at_home(embedded.client, image["id"]), seconds=HOME_SECONDS, what="at home"
    )
    return image


def test_all_copies_but_one_are_damaged_and_come_back(embedded, load, image):
    before = blobs_of(embedded, image["id"])
    with load(embedded) as running:
        running.wait_more(1)
        for name, damages in DAMAGES.items():
            for path, damage in zip(copies_of(embedded, image["id"], name), damages, strict=False):
                damage(path)

        embedded.client.read_original(image)
        embedded.manage("repair", image["id"], "--apply")
        running.wait_more(1)

    assert blobs_of(embedded, image["id"]) == before
    assert len(quarantined(embedded, image["id"])) >= PUT_ASIDE
    running.assert_healed(image)


def test_two_repairs_of_one_image_at_once_leave_it_whole(embedded, load, image):
    before = blobs_of(embedded, image["id"])
    command = embedded.profile.shoebox.manage("repair", image["id"], "--apply")
    with load(embedded) as running:
        running.wait_more(1)
        for name in DAMAGES:
            flip(copies_of(embedded, image["id"], name)[0])
        repairs = [
            subprocess.Popen(command, env=embedded.manage_environ(), stdout=-1, stderr=-1)
            for _ in range(2)
        ]
        said = [repair.communicate(timeout=120) for repair in repairs]

    assert [repair.returncode for repair in repairs] == [0, 0], said
    assert blobs_of(embedded, image["id"]) == before
    running.assert_healed(image)
