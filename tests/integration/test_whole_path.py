"""The whole path, from an upload to every byte read back, on both profiles and real processes."""

import io
import itertools
import time
from dataclasses import dataclass

import pytest
from PIL import Image

from tests import samples
from tests.client import digest_of, rendition_links
from tests.processes import wait_until
from tests.unit.workers.imaging.pictures import is_upright

PROFILES = ("embedded", "cluster")
FORMS = {
    "jpeg": samples.jpeg,
    "rotated-jpeg": samples.rotated_jpeg,
    "png-with-alpha": samples.png_with_alpha,
    "webp": samples.webp,
    "gif": samples.gif,
}
WAYS = list(itertools.product(PROFILES, FORMS))
JOURNAL_SECONDS = 5.0
"""Promised: so long after a delete nothing of the image is served any more."""

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A picture that became ready in a system."""

    system: object
    form: str
    sent: bytes
    image: dict


@pytest.fixture(scope="module", params=WAYS, ids="-".join)
def arrived(request):
    profile, form = request.param
    system = request.getfixturevalue(f"{profile}_system")
    sent = FORMS[form]()
    image = system.client.store_ready(sent)
    return Arrived(system=system, form=form, sent=sent, image=image)


@pytest.fixture(params=PROFILES)
def system(request):
    return request.getfixturevalue(request.param)


def test_the_original_reads_back_as_it_was_sent(arrived):
    # None of these pictures holds anything that the metadata policy takes away.
    assert arrived.system.client.read_original(arrived.image) == arrived.sent


def test_the_answer_describes_the_picture_as_it_is_shown(arrived):
    image = arrived.image
    assert image["digest"] == image["source_digest"] == digest_of(arrived.sent)
    assert (image["width"], image["height"]) == samples.SIZE


def test_the_answer_tells_what_the_picture_looks_like(arrived):
    manifest = arrived.system.client.manifest(arrived.image["id"])
    told = (arrived.image["placeholder"], arrived.image["colour"])
    assert told == (manifest.placeholder, manifest.colour)
    assert all(told)


def test_every_rendition_reads_back_as_its_manifest_says(arrived):
    fallback = "png" if arrived.form == "png-with-alpha" else "jpg"
    presets = ("thumb", "w320", "w800", "w1600")
    found = arrived.system.client.read_renditions(arrived.image)
    assert set(found) == {f"{preset}.{ext}" for preset in presets for ext in ("webp", fallback)}


def test_every_rendition_is_upright(arrived):
    found = arrived.system.client.read_renditions(arrived.image)
    lying = [
        file
        for file, body in found.items()
        if not is_upright(Image.open(io.BytesIO(body)).convert("RGB"))
    ]
    assert lying == []


def test_three_verified_replicas_lie_in_two_zones(arrived):
    holders = arrived.system.client.holders(arrived.image["id"])
    assert {p["check"] for p in holders.values()} == {"verified"}
    assert {p["role"] for p in holders.values()} == {"home"}
    assert (len(holders), len({p["zone"] for p in holders.values()})) == (3, 2)


def test_a_deleted_image_is_gone_within_five_seconds_and_reads_again_after_a_restore(system):
    client = system.client
    image = client.store_ready(samples.jpeg())
    urls = [image["links"]["original"], *rendition_links(image).values()]
    client.read_everything(image)  # so that the read service has it in memory

    client.delete(image["id"])
    deleted = time.monotonic()
    wait_until(
        lambda: {client.read(url).status_code for url in urls} == {410},
        seconds=JOURNAL_SECONDS,
        what=f"410 for every link of {image['id']}",
    )
    assert time.monotonic() - deleted <= JOURNAL_SECONDS

    client.restore(image["id"])
    restored = client.wait_ready(image["id"])
    wait_until(
        lambda: {client.read(url).status_code for url in urls} == {200},
        seconds=60,
        what=f"200 for every link of {image['id']}",
    )
    client.read_everything(restored)
