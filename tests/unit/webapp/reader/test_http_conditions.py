"""Conditional and range requests, end to end: RFC 9110 sections 13 and 14."""

import pytest

from tests.unit.webapp.reader.world import JPEG
from webapp.core.ids import Kind, id_make
from webapp.reader.blobs import WHOLE_BYTES

LARGE = bytes(range(256)) * (WHOLE_BYTES // 256 + 4096)


async def conditional(reader, path, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await reader.get(path, headers=named)


async def test_a_known_tag_is_answered_without_any_read(world, reader):
    image_id = world.image()
    answer = await conditional(reader, f"/{image_id}.jpg", if_none_match=f'"{image_id}.jpg"')
    assert answer.status_code == 304
    assert reader.maker.reads(f"{image_id.partition}/{image_id}/original") == 0


async def test_a_304_carries_what_a_cache_has_to_update(world, reader):
    image_id = world.image()
    tag = f'W/"{image_id}/w320.webp"'
    headers = (await conditional(reader, f"/{image_id}/w320.webp", if_none_match=tag)).headers
    assert headers["etag"] == tag
    assert headers["cache-control"].startswith("public")
    assert "content-type" not in headers
    assert "content-length" not in headers


async def test_a_304_is_the_same_again_and_to_head(world, reader):
    path = f"/{(image_id := world.image())}.jpg"
    headers = {"if-none-match": f'"{image_id}.jpg"'}
    first, second = [await reader.get(path, headers=headers) for _ in range(2)]
    head = await reader.client.head(path, headers=headers)
    assert first.headers == second.headers == head.headers
    assert {first.status_code, second.status_code, head.status_code} == {304}


async def test_a_known_tag_of_an_unknown_version_is_no_304(reader):
    image_id = id_make(kind=Kind.PUBLIC, version=9)
    answer = await conditional(reader, f"/{image_id}.jpg", if_none_match=f'"{image_id}.jpg"')
    assert answer.status_code == 503


async def test_the_tag_of_another_path_is_not_enough(world, reader):
    image_id = world.image()
    answer = await conditional(reader, f"/{image_id}.png", if_none_match=f'"{image_id}.jpg"')
    assert answer.status_code == 404


async def test_a_star_needs_the_blob(world, reader):
    image_id = world.image()
    assert (await conditional(reader, f"/{image_id}", if_none_match="*")).status_code == 304
    nowhere = f"/{id_make(kind=Kind.PUBLIC, version=0)}"
    assert (await conditional(reader, nowhere, if_none_match="*")).status_code == 404


async def test_if_modified_since_the_date_that_was_sent(world, reader):
    path = f"/{world.image()}"
    date = (await reader.get(path)).headers["last-modified"]
    assert (await conditional(reader, path, if_modified_since=date)).status_code == 304


async def test_a_failed_if_match_is_stale(world, reader):
    answer = await conditional(reader, f"/{world.image()}", if_match='"other"')
    assert (answer.status_code, answer.json()["code"]) == (412, "stale")


async def test_a_header_sent_twice_is_one_list(world, reader):
    image_id = world.image()
    headers = [("if-none-match", '"x"'), ("if-none-match", f'"{image_id}"')]
    assert (await reader.get(f"/{image_id}", headers=headers)).status_code == 304


@pytest.mark.parametrize("data", [JPEG, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("bytes=0-3", slice(0, 4)),
        ("bytes=4-", slice(4, None)),
        ("bytes=-5", slice(-5, None)),
    ],
)
async def test_one_range_of_an_original(world, reader, data, text, part):
    answer = await conditional(reader, f"/{world.image(data)}", range=text)
    assert (answer.status_code, answer.content) == (206, data[part])
    assert answer.headers["content-length"] == str(len(data[part]))
    start = part.indices(len(data))[0]
    end = start + len(data[part]) - 1
    assert answer.headers["content-range"] == f"bytes {start}-{end}/{len(data)}"


async def test_a_list_of_ranges_gets_the_whole(world, reader):
    answer = await conditional(reader, f"/{world.image()}", range="bytes=0-1,3-4")
    assert (answer.status_code, answer.content) == (200, JPEG)


async def test_a_range_outside_names_the_size(world, reader):
    answer = await conditional(reader, f"/{world.image()}", range="bytes=1000-")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(JPEG)}"
    assert answer.json()["code"] == "range-not-satisfiable"


async def test_head_knows_no_ranges(world, reader):
    answer = await reader.client.head(f"/{world.image()}", headers={"range": "bytes=0-1"})
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(JPEG)))


async def test_a_rendition_knows_no_ranges(world, reader):
    image_id = world.image()
    world.rendition(image_id, "w320.webp")
    answer = await conditional(reader, f"/{image_id}/w320.webp", range="bytes=0-1")
    assert answer.status_code == 200
    assert "accept-ranges" not in answer.headers


async def test_if_range_with_another_tag_gets_the_whole(world, reader):
    answer = await conditional(reader, f"/{world.image()}", range="bytes=0-1", if_range='"other"')
    assert answer.status_code == 200


async def test_if_range_with_the_tag_gets_the_part(world, reader):
    image_id = world.image()
    answer = await conditional(reader, f"/{image_id}", range="bytes=0-1", if_range=f'"{image_id}"')
    assert answer.status_code == 206


async def test_a_precondition_comes_before_the_range(world, reader):
    image_id = world.image()
    answer = await conditional(
        reader, f"/{image_id}", range="bytes=0-1", if_none_match=f'"{image_id}"'
    )
    assert answer.status_code == 304


async def test_a_signed_link_is_checked_before_the_tag(world, reader):
    image_id = world.image(kind=Kind.SIGNED)
    answer = await conditional(reader, f"/{image_id}", if_none_match=f'"{image_id}"')
    assert answer.status_code == 403
