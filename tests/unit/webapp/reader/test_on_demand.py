"""Sizes on demand as the read service answers them; who makes them is scripted here."""

import asyncio
import json
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.unit.webapp.reader.world import serving
from webapp.core.errors import BusyError, DeletedError, NotDecodableError, TooCostlyError
from webapp.core.ids import Kind
from webapp.core.problem import problem

FILE = "w640h480fit.webp"
URL = "http://render.test"


@pytest.fixture(params=[Kind.PUBLIC, Kind.SIGNED])
def image_id(world, request):
    return world.image(kind=request.param)


def link(world, image_id, file=FILE, **options):
    return world.links(**options).link(f"/{image_id}/{file}", signed=True)


@asynccontextmanager
async def rendering(world, answer, **settings):
    """Run a read service beside something that answers for the render process."""
    async with serving(world, render_url=URL, **settings) as reader:
        transport = httpx.MockTransport(answer)
        reader.parts.on_demand._client = httpx.AsyncClient(base_url=URL, transport=transport)
        yield reader


def refusal(error):
    said = problem(error)
    return httpx.Response(said.status, headers=dict(said.headers), content=said.body)


class Renderer:
    """Stores what it is asked for, and remembers what that was."""

    def __init__(self, world, image_id):
        self.world = world
        self.image_id = image_id
        self.asked = []

    async def __call__(self, request):
        self.asked.append(request.url.path)
        await asyncio.sleep(0.05)
        self.world.rendition(self.image_id, request.url.path.rpartition("/")[2], b"made")
        return httpx.Response(204)


@pytest.mark.parametrize("seconds", [None, -1])
async def test_it_is_not_allowed_without_a_good_signature(world, image_id, reader, seconds):
    world.rendition(image_id, FILE)
    path = f"/{image_id}/{FILE}" if seconds is None else link(world, image_id, seconds=seconds)
    answer = await reader.get(path)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")


async def test_a_signature_is_good_for_one_size_alone(world, image_id, reader):
    world.rendition(image_id, "w641h480fit.webp")
    answer = await reader.get(link(world, image_id).replace("w640", "w641"))
    assert answer.status_code == 403


async def test_one_that_was_made_is_served_without_anybody_who_makes_them(world, image_id, reader):
    world.rendition(image_id, FILE, b"made before")
    answer = await reader.get(link(world, image_id))
    assert (answer.status_code, answer.content) == (200, b"made before")
    assert answer.headers["cache-control"].startswith("private, max-age=")
    assert answer.headers["etag"] == f'W/"{image_id}/{FILE}"'
    again = await reader.get(
        link(world, image_id), headers={"if-none-match": f'W/"{image_id}/{FILE}"'}
    )
    assert again.status_code == 304


async def test_without_anybody_who_makes_them_it_is_not_found(world, image_id, reader):
    answer = await reader.get(link(world, image_id))
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert "on demand" in answer.json()["detail"]


async def test_it_is_made_once_and_then_served_like_any_rendition(world, image_id):
    renderer = Renderer(world, image_id)
    async with rendering(world, renderer) as reader:
        answers = await asyncio.gather(*(reader.get(link(world, image_id)) for _ in range(20)))
        answers.append(await reader.get(link(world, image_id, seconds=99)))
    assert {(a.status_code, a.content) for a in answers} == {(200, b"made")}
    assert renderer.asked == [f"/{image_id}/{FILE}"]
    assert answers[-1].headers["x-cache"] == "memory"


async def test_what_is_asked_for_is_signed_anew(world, image_id):
    asked = []

    def answer(request):
        asked.append(request.url)
        return httpx.Response(204)

    async with rendering(world, answer) as reader:
        signed = link(world, image_id)
        assert (await reader.get(signed)).status_code == 404  # it said so and stored nothing
    assert asked[0].params["sig"] not in signed


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BusyError("full", retry_after=7), 503, "busy"),
        (NotDecodableError("cannot be read"), 422, "not-decodable"),
        (TooCostlyError("limit-cpu"), 422, "too-costly"),
        (DeletedError(), 410, "deleted"),
    ],
)
async def test_a_refusal_is_passed_on(world, image_id, error, status, code):
    async with rendering(world, lambda _: refusal(error)) as reader:
        answer = await reader.get(link(world, image_id))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.headers.get("retry-after") == "7") is (code == "busy")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", json.dumps({"code": "evil", "detail": "x"}).encode()]
)
async def test_an_answer_that_is_not_understood_is_busy(world, image_id, body):
    async with rendering(world, lambda _: httpx.Response(500, content=body)) as reader:
        answer = await reader.get(link(world, image_id))
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"]


@pytest.mark.parametrize("failure", [httpx.ConnectError("away"), httpx.ReadTimeout("late")])
async def test_whoever_is_away_or_late_is_busy(world, image_id, failure):
    def answer(_request):
        raise failure

    async with rendering(world, answer) as reader:
        answer = await reader.get(link(world, image_id))
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"]


async def test_nobody_makes_anything_of_a_deleted_image(world, image_id):
    renderer = Renderer(world, image_id)
    world.delete(str(image_id))
    async with rendering(world, renderer) as reader:
        assert (await reader.get(link(world, image_id))).status_code == 410
    assert renderer.asked == []


async def test_no_signature_is_logged(world, image_id):
    async with rendering(world, Renderer(world, image_id)) as reader:
        await reader.get(link(world, image_id))
        reader.parts.access_log.flush()
        assert "sig=" not in "".join(reader.lines)


async def test_it_says_that_whoever_makes_them_is_away_until_it_is_back(world, image_id):
    renderer, is_away = Renderer(world, image_id), True

    async def answer(request):
        if is_away:
            raise httpx.ConnectError("away")
        return await renderer(request)

    async with rendering(world, answer) as reader:
        await reader.get(link(world, image_id))
        said = await reader.get("/readyz")
        assert (said.status_code, said.json()["degraded"]) == (200, ["render"])
        is_away = False
        await reader.get(link(world, image_id))
        assert (await reader.get("/readyz")).json()["degraded"] == []
