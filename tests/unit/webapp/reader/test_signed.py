import re
import time

import pytest

from tests.unit.webapp.reader.world import JPEG, KEYRING, OTHER_KEYRING, serving
from webapp.core.ids import Kind
from webapp.core.links import LinkMaker
from webapp.core.signing import Keyring

HEIC = b"heic bytes"


@pytest.fixture
def signed(world):
    return world.image(kind=Kind.SIGNED)


async def test_without_a_signature_it_is_not_allowed(signed, reader):
    answer = await reader.get(f"/{signed}.jpg")
    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")
    assert answer.headers["cache-control"] == "no-store"


async def test_with_a_signature_it_is_served(world, signed, reader):
    assert (await reader.get(world.links().original(str(signed), "image/jpeg"))).content == JPEG


async def test_an_expired_link_is_not_allowed(world, signed, reader):
    link = world.links(seconds=-1).original(str(signed), "image/jpeg")
    assert (await reader.get(link)).status_code == 403


async def test_only_the_browser_may_keep_it_and_no_longer_than_the_link(world, signed, reader):
    answer = await reader.get(world.links(seconds=100).original(str(signed), "image/jpeg"))
    match = re.fullmatch(r"private, max-age=(\d+)", answer.headers["cache-control"])
    assert 95 <= int(match[1]) <= 100


async def test_it_is_kept_for_a_day_at_most(world, signed, reader):
    answer = await reader.get(world.links(seconds=10**6).original(str(signed), "image/jpeg"))
    assert answer.headers["cache-control"] == "private, max-age=86400"


async def test_links_with_different_ends_share_one_read(world, signed, reader):
    for seconds in (100, 200):
        await reader.get(world.links(seconds=seconds).original(str(signed), "image/jpeg"))
    assert reader.maker.reads(f"{signed.partition}/{signed}/original") == 1


async def test_what_is_in_memory_still_needs_a_signature(world, signed, reader):
    await reader.get(world.links().original(str(signed), "image/jpeg"))
    assert (await reader.get(f"/{signed}.jpg")).status_code == 403


async def test_a_signed_download_keeps_its_name(world, signed, reader):
    link = world.links().original(str(signed), "image/jpeg", download="cat")
    answer = await reader.get(link)
    assert answer.headers["content-disposition"] == 'attachment; filename="cat.jpg"'


async def test_the_owner_reads_a_private_original(world, reader):
    image_id = world.image(HEIC, "image/heic", private=True)
    answer = await reader.get(world.links().private(str(image_id)))
    assert (answer.content, answer.headers["content-type"]) == (HEIC, "image/heic")
    assert answer.headers["cache-control"].startswith("private")


async def test_nobody_else_reads_a_private_original(world, reader):
    image_id = world.image(HEIC, "image/heic", private=True)
    assert (await reader.get(f"/{image_id}/private")).status_code == 403


async def test_a_private_original_has_ranges(world, reader):
    image_id = world.image(HEIC, "image/heic", private=True)
    link = world.links().private(str(image_id))
    assert (await reader.get(link, headers={"range": "bytes=0-3"})).content == b"heic"


async def test_a_signature_is_not_in_the_access_log(world, signed, reader):
    link = world.links().original(str(signed), "image/jpeg")
    await reader.get(link)
    reader.parts.access_log.flush()
    assert link.partition("sig=")[2] not in "".join(reader.lines)


async def test_a_link_that_ends_meanwhile_ends(world, signed, reader):
    links = world.links(seconds=50)
    link = links.original(str(signed), "image/jpeg")
    assert (await reader.get(link)).status_code == 200
    reader.parts.reading._clock = lambda: time.time() + 60
    assert (await reader.get(link)).status_code == 403


async def test_links_of_both_keys_are_good_while_keys_rotate(world, signed):
    ends = int(time.time()) + 60
    both = Keyring.parse(f"k2:{'22' * 32},k1:{'11' * 32}")
    links = [LinkMaker("", keyring, ends) for keyring in (KEYRING, both)]
    async with serving(world, keyring=both) as reader:
        answers = [await reader.get(maker.original(str(signed), "image/jpeg")) for maker in links]
    assert [answer.content for answer in answers] == [JPEG, JPEG]


async def test_a_link_of_a_key_that_was_taken_away_is_not_allowed(world, signed):
    gone = LinkMaker("", OTHER_KEYRING, int(time.time()) + 60)
    async with serving(world) as reader:
        assert (await reader.get(gone.original(str(signed), "image/jpeg"))).status_code == 403
