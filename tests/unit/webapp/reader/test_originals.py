import pytest

from tests.unit.webapp.reader.world import JPEG
from webapp.reader.blobs import WHOLE_BYTES

LARGE = bytes(range(256)) * (WHOLE_BYTES // 256 + 4096)


async def test_an_original_is_served_as_it_was_stored(world, reader):
    answer = await reader.get(f"/{world.image()}.jpg")
    assert (answer.status_code, answer.content) == (200, JPEG)


async def test_an_original_is_served_without_extension_too(world, reader):
    assert (await reader.get(f"/{world.image()}")).content == JPEG


async def test_the_extension_of_another_type_is_not_found(world, reader):
    assert (await reader.get(f"/{world.image()}.png")).status_code == 404


async def test_the_headers_of_an_original(world, reader):
    image_id = world.image()
    headers = dict((await reader.get(f"/{image_id}.jpg")).headers)
    assert headers.pop("last-modified").endswith("GMT")
    assert headers.pop("server-timing").startswith("shard;dur=")
    assert headers == {
        "content-type": "image/jpeg",
        "content-length": str(len(JPEG)),
        "etag": f'"{image_id}.jpg"',
        "cache-control": "public, max-age=31536000, s-maxage=86400, immutable",
        "content-disposition": f'inline; filename="{image_id}.jpg"',
        "accept-ranges": "bytes",
        "x-cache": "shard",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "cross-origin",
        "access-control-allow-origin": "*",
    }


async def test_the_second_reader_gets_it_from_memory(world, reader):
    image_id = world.image()
    await reader.get(f"/{image_id}")
    again = await reader.get(f"/{image_id}")
    assert (again.headers["x-cache"], again.content) == ("memory", JPEG)


async def test_the_third_answer_is_the_same_as_the_second(world, reader):
    path = f"/{world.image()}"
    await reader.get(path)
    second, third = [await reader.get(path) for _ in range(2)]
    assert (second.headers, second.content) == (third.headers, third.content)


async def test_both_names_of_an_original_share_one_read(world, reader):
    image_id = world.image()
    await reader.get(f"/{image_id}")
    await reader.get(f"/{image_id}.jpg")
    assert reader.maker.reads(f"{image_id.partition}/{image_id}/original") == 1


async def test_a_download_is_named_cleaned_and_with_the_true_extension(world, reader):
    answer = await reader.get(f"/{world.image()}?download=../my%20cat.png")
    assert answer.headers["content-disposition"] == 'attachment; filename="my cat.jpg"'


async def test_a_type_that_is_no_picture_is_sent_as_bytes(world, reader):
    answer = await reader.get(f"/{world.image(b'<script>', 'text/html')}")
    assert answer.headers["content-type"] == "application/octet-stream"


async def test_an_empty_original_is_served(world, reader):
    answer = await reader.get(f"/{world.image(b'')}")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_large_original_is_streamed_whole(world, reader):
    answer = await reader.get(f"/{world.image(LARGE)}")
    assert answer.content == LARGE


async def test_a_large_original_is_not_kept_in_memory(world, reader):
    await reader.get(f"/{world.image(LARGE)}")
    assert len(reader.parts.cache) == 0


@pytest.mark.parametrize("data", [JPEG, LARGE], ids=["small", "large"])
async def test_head_says_what_get_says_without_a_body(world, reader, data):
    path = f"/{world.image(data)}"
    await reader.get(path)
    get, head = await reader.get(path), await reader.client.head(path)
    timing = {"server-timing"}
    assert {k: v for k, v in head.headers.items() if k not in timing} == {
        k: v for k, v in get.headers.items() if k not in timing
    }
    assert head.content == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused_with_those_allowed(world, reader, method):
    answer = await reader.client.request(method, f"/{world.image()}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_percent_encoded_name_is_the_same_name(world, reader):
    image_id = str(world.image())
    assert (await reader.get(f"/%{ord(image_id[0]):02x}{image_id[1:]}")).content == JPEG


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/robots.txt", "/%2e%2e/etc/passwd", "//x"])
async def test_nonsense_is_not_found_without_touching_a_shard(reader, path):
    answer = await reader.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")
    assert answer.json()["code"] == "not-found"
    assert (
        reader.parts.metrics.registry.get_sample_value(
            "shoebox_reader_positions_asked_total", {"shard": "a1", "outcome": "absent"}
        )
        is None
    )


async def test_a_large_one_that_was_made_again_is_served_after_one_try(world, reader):
    image_id = world.image()
    before, after = (byte * (WHOLE_BYTES + 1) for byte in (b"a", b"b"))
    world.rendition(image_id, "w1600.png", before)
    assert (await reader.get(f"/{image_id}/w1600.png")).content == before
    world.rendition(image_id, "w1600.png", after)
    assert (await reader.get(f"/{image_id}/w1600.png")).status_code == 503
    assert (await reader.get(f"/{image_id}/w1600.png")).content == after
