import pytest

from tests.unit.webapp.reader.world import JPEG
from webapp.core.ids import Kind, id_make
from webapp.reader.blobs import WHOLE_BYTES

BROWSER = {"accept": "image/avif,image/webp,*/*;q=0.8"}


@pytest.fixture
def image_id(world):
    return world.image()


def is_pending(answer):
    headers = answer.headers
    return (
        headers.get("x-shoebox-pending") == "1"
        and headers["cache-control"] == "no-store"
        and "etag" not in headers
    )


async def test_a_rendition_is_served_with_a_weak_tag(world, image_id, reader):
    world.rendition(image_id, "w320.webp", b"small")
    answer = await reader.get(f"/{image_id}/w320.webp")
    assert (answer.content, answer.headers["etag"]) == (b"small", f'W/"{image_id}/w320.webp"')


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        (BROWSER, b"webp"),
        ({"accept": "*/*"}, b"png"),
        ({"accept": "image/png"}, b"png"),
    ],
)
async def test_negotiation_picks_what_the_client_names(world, image_id, reader, headers, content):
    world.rendition(image_id, "w320.webp", b"webp")
    world.rendition(image_id, "w320.png", b"png")
    answer = await reader.get(f"/{image_id}/w320", headers=headers)
    assert answer.content == content
    assert answer.headers["vary"] == "accept"
    assert answer.headers["cache-control"] == "private, max-age=86400"


async def test_a_negotiated_answer_is_revalidated_without_a_read(world, image_id, reader):
    headers = {**BROWSER, "if-none-match": f'W/"{image_id}/w320.webp"'}
    answer = await reader.get(f"/{image_id}/w320", headers=headers)
    assert (answer.status_code, answer.headers["vary"]) == (304, "accept")


async def test_a_larger_rendition_stands_in(world, image_id, reader):
    world.rendition(image_id, "w1600.webp", b"larger")
    answer = await reader.get(f"/{image_id}/w320.webp")
    assert (answer.content, is_pending(answer)) == (b"larger", True)


async def test_the_nearest_larger_rendition_stands_in(world, image_id, reader):
    for preset in ("w1600", "w800"):
        world.rendition(image_id, f"{preset}.webp", preset.encode())
    assert (await reader.get(f"/{image_id}/w320.webp")).content == b"w800"


async def test_the_original_stands_in_when_nothing_else_can(image_id, reader):
    answer = await reader.get(f"/{image_id}/w320.webp")
    assert (answer.content, answer.headers["content-type"]) == (JPEG, "image/jpeg")
    assert is_pending(answer)


async def test_a_pending_answer_has_no_ranges_and_no_304(image_id, reader):
    headers = {"range": "bytes=0-1", "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"}
    answer = await reader.get(f"/{image_id}/w320.webp", headers=headers)
    assert (answer.status_code, answer.content) == (200, JPEG)


async def test_the_rendition_is_served_as_soon_as_it_is_there(world, image_id, reader):
    await reader.get(f"/{image_id}/w320.webp")
    world.rendition(image_id, "w320.webp", b"at last")
    answer = await reader.get(f"/{image_id}/w320.webp")
    assert (answer.content, is_pending(answer)) == (b"at last", False)


async def test_an_original_browsers_do_not_show_never_stands_in(world, reader):
    answer = await reader.get(f"/{world.image(b'tiff', 'image/tiff')}/w320.webp")
    assert (answer.status_code, is_pending(answer)) == (503, True)
    assert int(answer.headers["retry-after"]) > 0


async def test_a_large_original_never_stands_in(world, reader):
    large = world.image(b"x" * (WHOLE_BYTES + 1))
    assert (await reader.get(f"/{large}/w320.webp")).status_code == 503


async def test_a_signature_for_a_rendition_does_not_cover_the_original(world, reader):
    image_id = str(world.image(kind=Kind.SIGNED))
    link = world.links().renditions(image_id, transparent=False)["w320"]["webp"]
    assert (await reader.get(link)).status_code == 503


async def test_a_rendition_the_manifest_does_not_list_is_not_found(world, image_id, reader):
    world.manifest(image_id, renditions=["w320.webp", "w320.jpg"])
    assert (await reader.get(f"/{image_id}/w320.png")).status_code == 404


async def test_the_other_fallback_is_not_found_while_the_image_is_stored(world, image_id, reader):
    world.manifest(image_id, state="stored", renditions=["w1600.jpg"])
    assert (await reader.get(f"/{image_id}/w320.png")).status_code == 404


async def test_a_listed_rendition_that_is_lost_is_pending(world, image_id, reader):
    world.manifest(image_id, renditions=["w320.webp"])
    assert is_pending(await reader.get(f"/{image_id}/w320.webp"))


async def test_the_original_stands_in_for_a_failed_image(world, image_id, reader):
    world.manifest(image_id, state="failed")
    answer = await reader.get(f"/{image_id}/w800.webp")
    assert (answer.content, is_pending(answer)) == (JPEG, True)


async def test_a_rendition_of_no_image_is_not_found(world, image_id, reader):
    other = id_make(kind=Kind.PUBLIC, version=image_id.version)
    assert (await reader.get(f"/{other}/w320.webp")).status_code == 404


@pytest.fixture
def private_id(world):
    return world.image(b"heic", "image/heic", private=True)


async def test_a_private_original_is_shown_by_its_largest_rendition(world, private_id, reader):
    for file in ("w320.jpg", "w1600.jpg", "w1600.webp"):
        world.rendition(private_id, file, file.encode())
    world.manifest(private_id, private=True, renditions=["w320.jpg", "w1600.jpg", "w1600.webp"])
    answer = await reader.get(f"/{private_id}")
    assert (answer.content, answer.headers["etag"]) == (b"w1600.jpg", f'W/"{private_id}/largest"')


async def test_the_largest_rendition_is_in_memory_afterwards(world, private_id, reader):
    world.rendition(private_id, "w320.jpg")
    world.manifest(private_id, private=True, renditions=["w320.jpg"])
    await reader.get(f"/{private_id}")
    assert (await reader.get(f"/{private_id}")).headers["x-cache"] == "memory"


async def test_a_private_original_has_no_public_name_with_extension(world, private_id, reader):
    world.rendition(private_id, "w320.jpg")
    world.manifest(private_id, private=True, renditions=["w320.jpg"])
    assert (await reader.get(f"/{private_id}.heic")).status_code == 404
    assert (await reader.get(f"/{private_id}.jpg")).status_code == 404


async def test_a_private_original_without_renditions_is_pending(private_id, reader):
    for tail in ("", "/w320.webp"):
        answer = await reader.get(f"/{private_id}{tail}")
        assert (answer.status_code, is_pending(answer)) == (503, True)
