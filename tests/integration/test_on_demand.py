"""Sizes on demand with real processes: a read service, a render process, four directories."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from PIL import Image

from tests.factories import make_picture
from tests.integration.reader_server import directory_world, read_service, render_process
from tests.processes import command_of, family, is_dead, kill, wait_until
from webapp.core.ids import Kind
from webapp.core.presets import RENDITION_TYPES

FILE = "w64h48fit.webp"
PICTURE = make_picture()
# Others may have the machine; what is waited for is not what is tested.
PATIENT = {"topology_poll": 0.2, "render_wait_seconds": 90}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return directory_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def pair(world):
    with both(world) as servers:
        yield servers


@contextmanager
def both(world, **settings):
    with (
        render_process(world, **PATIENT, **settings) as render,
        read_service(world, **PATIENT, render_url=url_of(render), **settings) as reader,
    ):
        yield reader, render


def url_of(render):
    return f"http://127.0.0.1:{render.port}"


def link(world, image_id, file=FILE):
    return world.links().link(f"/{image_id}/{file}", signed=True)


def shown(answer):
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def stored(world, image_id, file=FILE):
    folder = f"{image_id.partition}/{image_id}"
    return [name for name in world.stores if (world.folder / name / folder / file).exists()]


def get_alone(port, path):
    """Ask on a connection of its own."""
    return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=100)


def slow_picture():
    """A picture that takes its decoder a second or so."""
    buffer = io.BytesIO()
    Image.effect_noise((4000, 4000), 80).convert("RGB").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def decoders(render):
    members = family(render.running.pid)
    return [pid for pid in members if "workers.imaging.child" in command_of(pid)]


@pytest.mark.parametrize("extension", RENDITION_TYPES)
@pytest.mark.parametrize("kind", Kind)
def test_a_signed_link_gets_the_size_it_names(world, pair, kind, extension):
    image_id = world.image(PICTURE, kind=kind)
    for name, size in (("w64h64fit", (64, 48)), ("w40h40crop", (40, 40)), ("h24fit", (32, 24))):
        file = f"{name}.{extension}"
        answer = pair[0].get(link(world, image_id, file))
        assert (shown(answer).size, answer.headers["content-type"]) == (
            size,
            RENDITION_TYPES[extension],
        )
        assert sorted(stored(world, image_id, file)) == sorted(world.positions(image_id)[:2])


def test_without_a_signature_nothing_is_made(world, pair):
    reader, render = pair
    image_id = world.image(PICTURE)
    before = render.sample("shoebox_render_requests_total", status="204")
    assert reader.get(f"/{image_id}/{FILE}").status_code == 403
    assert reader.get(link(world, image_id).replace("w64", "w65")).status_code == 403
    assert render.client.post(f"/{image_id}/{FILE}").status_code == 403
    assert render.client.get(link(world, image_id)).status_code == 405
    assert stored(world, image_id) == []
    assert render.sample("shoebox_render_requests_total", status="204") == before


def test_what_was_made_is_served_when_nobody_makes_any(tmp_path):
    world = directory_world(tmp_path)
    image_id = world.image(PICTURE)
    with both(world) as (reader, render):
        made = reader.get(link(world, image_id)).content
        render.running.kill()
        assert reader.get(link(world, image_id)).content == made
        other = reader.get(link(world, image_id, "w63fit.webp"))
        assert (other.status_code, other.headers["retry-after"]) == (503, "5")
    with read_service(world) as fresh:
        answer = fresh.get(link(world, image_id))
        assert (answer.content, answer.headers["x-cache"]) == (made, "shard")
        assert fresh.get(link(world, image_id, "w63fit.webp")).status_code == 404


def test_twenty_at_once_are_one(world, pair):
    reader, render = pair
    image_id = world.image(PICTURE)
    before = render.sample("shoebox_render_made_total")
    others = read_service(world, **PATIENT, render_url=url_of(render))
    with others as other, ThreadPoolExecutor(20) as pool:
        asked = [server.port for server in (reader, other) for _ in range(10)]
        answers = [*pool.map(lambda port: get_alone(port, link(world, image_id)), asked)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert render.sample("shoebox_render_made_total") - before == 1


def test_more_than_may_wait_are_busy(tmp_path):
    world = directory_world(tmp_path)
    image_id = world.image(slow_picture(), "image/png")
    with both(world, render_queue=0) as (reader, render), ThreadPoolExecutor(1) as pool:
        first = pool.submit(reader.get, link(world, image_id))
        wait_until(lambda: render.sample("shoebox_render_under_way"), seconds=30, what="a decode")
        answer = get_alone(reader.port, link(world, image_id, "w63fit.webp"))
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert int(answer.headers["retry-after"]) > 0
        assert shown(first.result()).size == (48, 48)
        assert shown(reader.get(link(world, image_id, "w63fit.webp"))).size == (63, 63)


def test_a_deleted_image_is_gone_and_nothing_is_made_of_it(world, pair):
    reader, render = pair
    image_id = world.image(PICTURE)
    world.delete(str(image_id))
    reader.until(lambda: reader.get(link(world, image_id)).status_code == 410)
    render.until(lambda: render.client.post(link(world, image_id)).status_code == 410)
    assert stored(world, image_id) == []


def test_what_is_deleted_while_it_is_made_leaves_nothing(world, pair):
    reader, render = pair
    image_id = world.image(slow_picture(), "image/png")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(reader.get, link(world, image_id))
        wait_until(lambda: render.sample("shoebox_render_under_way"), seconds=30, what="a decode")
        world.delete(str(image_id))
        assert answer.result().status_code == 410
    assert stored(world, image_id) == []


@pytest.mark.parametrize(
    "poison", [b"no picture", PICTURE[:4000], b""], ids=["text", "truncated", "empty"]
)
def test_poison_is_refused_in_words_and_everybody_lives(world, pair, poison):
    reader, render = pair
    image_id = world.image(poison)
    for _ in range(2):
        answer = reader.get(link(world, image_id))
        assert answer.status_code == 422
        assert answer.json()["code"] in {"not-decodable", "truncated"}
        assert answer.json()["detail"].startswith("Not made: ")
    assert stored(world, image_id) == []
    assert shown(reader.get(link(world, world.image(PICTURE)))).size == (64, 48)
    assert render.get("/healthz").status_code == 200


def test_a_decoder_that_is_killed_costs_nobody_the_picture(world, pair):
    reader, render = pair
    reader.get(link(world, world.image(PICTURE)))  # a decoder is there now
    image_id = world.image(slow_picture(), "image/png")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(reader.get, link(world, image_id))
        wait_until(lambda: render.sample("shoebox_render_under_way"), seconds=30, what="a decode")
        time.sleep(0.2)
        children = decoders(render)
        assert children
        for pid in children:
            kill(pid)
        assert shown(answer.result()).size == (48, 48)


def test_an_unknown_image_is_not_found(world, pair):
    unknown = world.image(PICTURE)
    for store in world.stores.values():
        store.delete(f"{unknown.partition}/{unknown}/original")
    assert pair[0].get(link(world, unknown)).status_code == 404


def test_a_private_original_is_shown_upright_and_says_nothing(world, pair):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "secret words"
    buffer = io.BytesIO()
    Image.new("RGB", (64, 32)).save(buffer, "TIFF", exif=exif)
    image_id = world.image(buffer.getvalue(), "image/tiff", private=True)
    for extension in RENDITION_TYPES:
        answer = pair[0].get(link(world, image_id, f"w640h480fit.{extension}"))
        image = shown(answer)
        assert image.size == (32, 64)
        assert b"secret" not in answer.content
        assert not image.getexif()


def test_it_ends_with_its_decoders(tmp_path):
    world = directory_world(tmp_path)
    image_id = world.image(PICTURE)
    with both(world) as (reader, render):
        reader.get(link(world, image_id))
        children = decoders(render)
        assert children
        render.running.stop()
        wait_until(lambda: all(map(is_dead, children)), seconds=5, what="decoders to end")


def test_it_says_how_it_is_and_logs_no_signature(world, pair):
    reader, render = pair
    reader.get(link(world, world.image(PICTURE)))
    assert render.get("/readyz").json()["status"] == "ok"
    assert '"event": "render"' in render.log
    assert "sig=" not in render.log + reader.log
