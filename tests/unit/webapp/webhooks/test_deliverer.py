"""How many are under way at a time. The index and the network are stood in for."""

import asyncio
from collections import deque
from types import SimpleNamespace

import pytest

from webapp.webhooks import deliverer
from webapp.webhooks.deliverer import MOST_AT_A_TIME, MOST_PER_WEBHOOK, Deliverer
from webapp.webhooks.models import DeliveryState
from webapp.webhooks.posting import Answer


class World:
    """Due deliveries by webhook, and receivers that answer when they are let."""

    def __init__(self):
        self.due = deque()
        self.noted = []
        self.begun = 0
        self.is_asked = False
        self.answering = asyncio.Event()

    def claim(self, *, busy, now):  # noqa: ARG002 - as it is called
        for delivery in self.due:
            if delivery.webhook_id not in busy:
                self.due.remove(delivery)
                return delivery
        self.is_asked = True
        return None

    def note(self, *, delivery, answer):
        self.noted.append((delivery.pk, answer))
        return DeliveryState.DELIVERED

    async def post(self, *_args, **_kwargs):
        self.begun += 1
        await self.answering.wait()
        return Answer(status=204)

    def add(self, *, webhook, count=1):
        first = len(self.due)
        new = [SimpleNamespace(pk=first + n, webhook_id=webhook) for n in range(count)]
        self.due.extend(new)


@pytest.fixture
async def world(monkeypatch):
    world = World()
    monkeypatch.setattr(deliverer, "delivery_claim", world.claim)
    monkeypatch.setattr(deliverer, "delivery_note", world.note)
    monkeypatch.setattr(deliverer, "deliveries_forget", lambda **_: 0)
    monkeypatch.setattr(deliverer, "close_old_connections", lambda: None)
    monkeypatch.setattr(
        deliverer, "parcel_make", lambda **_: SimpleNamespace(url="", body=b"", headers={})
    )
    monkeypatch.setattr(deliverer, "post", world.post)
    return world


@pytest.fixture
async def deliver(world):
    return Deliverer()


@pytest.fixture
async def run(world, deliver):
    stopped = asyncio.Event()
    running = asyncio.create_task(deliver.run(stopped=stopped))
    yield running
    world.answering.set()
    stopped.set()
    await running


async def reached(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0)


async def test_a_slow_receiver_holds_only_its_own_places(world, run):
    world.add(webhook=1, count=20)
    world.add(webhook=2)
    await reached(lambda: world.begun == MOST_PER_WEBHOOK + 1)
    assert {delivery.webhook_id for delivery in world.due} == {1}


async def test_no_more_than_so_many_are_under_way(world, run):
    for webhook in range(40):
        world.add(webhook=webhook)
    await reached(lambda: world.begun == MOST_AT_A_TIME)
    assert len(world.due) == 40 - MOST_AT_A_TIME


async def test_places_that_become_free_are_taken_at_once(world, run, monkeypatch):
    monkeypatch.setattr(deliverer, "IDLE_SECONDS", 60.0)
    world.add(webhook=1, count=20)
    await reached(lambda: world.begun == MOST_PER_WEBHOOK)
    world.answering.set()
    await reached(lambda: len(world.noted) == 20)


async def test_what_was_made_is_begun_at_once(world, deliver, run, monkeypatch):
    monkeypatch.setattr(deliverer, "IDLE_SECONDS", 60.0)
    for webhook in range(3):
        await reached(lambda: world.is_asked)
        world.add(webhook=webhook)
        deliver.made()
        await reached(lambda count=webhook + 1: world.begun == count)
        world.is_asked = False
        deliver.made()


async def test_a_defect_of_one_delivery_counts_as_its_failure(world, run, monkeypatch):
    monkeypatch.setattr(deliverer, "parcel_make", lambda **_: {}["missing"])
    world.add(webhook=1)
    await reached(lambda: world.noted)
    assert world.noted[0][1].error == "failed here: KeyError"
