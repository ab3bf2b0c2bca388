"""Copies rot, are cut off, emptied or removed: repair brings back every byte."""

import os
import subprocess

import pytest

from tests import samples
from tests.drills.load import blobs_of, quarantined
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
PUT_ASIDE = 6
"""All but those that were removed, of which nothing is left."""


def copies_of(system, image_id, name):
    """Return the copies of a blob that lie in folders."""
    key = blob_key(id_parse(image_id), name)
    return [root / key for root in system.profile.shard_folders if (root / key).exists()]


@pytest.fixture
def image(embedded):
    return embedded.client.store_ready(samples.jpeg())


def test_all_copies_but_one_are_damaged_and_come_back(embedded, image):
    before = blobs_of(embedded, image["id"])
    for name, damages in DAMAGES.items():
        for path, damage in zip(copies_of(embedded, image["id"], name), damages, strict=False):
            damage(path)

    embedded.client.read_original(image)
    embedded.manage("repair", image["id"], "--apply")

    assert blobs_of(embedded, image["id"]) == before
    assert len(quarantined(embedded, image["id"])) == PUT_ASIDE
    embedded.client.read_everything(image)


def test_two_repairs_of_one_image_at_once_leave_it_whole(embedded, image):
    before = blobs_of(embedded, image["id"])
    for name in DAMAGES:
        flip(copies_of(embedded, image["id"], name)[0])
    command = embedded.profile.shoebox.manage("repair", image["id"], "--apply")
    environment = {**embedded.profile.shoebox.environ(), **embedded.settings}
    environment["PATH"] = "/usr/bin:/bin"

    repairs = [subprocess.Popen(command, env=environment, stdout=-1, stderr=-1) for _ in range(2)]
    said = [repair.communicate(timeout=120) for repair in repairs]

    assert [repair.returncode for repair in repairs] == [0, 0], said
    assert blobs_of(embedded, image["id"]) == before
    embedded.client.read_everything(image)
