"""Write processes that count together in a real Valkey, and what happens when it goes."""

import asyncio

import pytest
from limits import parse

from tests.system import system_make
from webapp.limits import counters as counters_module
from webapp.limits.counters import Counters

pytestmark = pytest.mark.real

RATE = parse("6/hour")


@pytest.fixture
def valkey(tmp_path):
    system = system_make("embedded", tmp_path)
    system.start("valkey")
    try:
        yield system
    finally:
        system.end()


async def test_processes_count_together_and_alone_while_it_is_away(valkey, monkeypatch):
    monkeypatch.setattr(counters_module, "ANSWER_SECONDS", 5.0)
    url = valkey.environment["SHOEBOX_BROKER_URL"]
    one, other = Counters(shared_url=url), Counters(shared_url=url)

    together = [await counters.hit(RATE, "ann") for counters in (one, other) * 4]
    assert [wait > 0 for wait in together] == [False] * 6 + [True] * 2
    assert await other.hit(RATE, "bob") == 0

    await asyncio.to_thread(valkey.kill, "valkey")
    alone = [await one.hit(RATE, "ann") for _ in range(7)]
    assert [wait > 0 for wait in alone] == [False] * 6 + [True]
    for counters in (one, other):
        await counters._shared.storage.bridge.storage.aclose()
