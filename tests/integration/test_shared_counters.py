"""Write processes that count together in a real Valkey, and what happens when it goes."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from limits import parse

from tests.system import system_make
from webapp.limits import counters as counters_module
from webapp.limits.counters import Counters

pytestmark = pytest.mark.real

RATE = parse("6/hour")
PATIENCE_SECONDS = 60.0
"""On a busy machine Valkey may answer late; who is told it is away would count alone."""


@pytest.fixture
def valkey(tmp_path):
    system = system_make("embedded", tmp_path)
    system.start("valkey")
    try:
        yield system
    finally:
        system.end()


def counters_of(url, stack):
    """Return counters as of a process of its own; their connections end with ``stack``."""
    counters = Counters(shared_url=url)
    stack.push_async_callback(counters._shared.storage.bridge.storage.aclose)
    return counters


async def test_processes_count_together_and_alone_while_it_is_away(valkey, monkeypatch):
    monkeypatch.setattr(counters_module, "ANSWER_SECONDS", PATIENCE_SECONDS)
    async with AsyncExitStack() as stack:
        url = valkey.environment["SHOEBOX_BROKER_URL"]
        one, other = counters_of(url, stack), counters_of(url, stack)

        together = [await counters.hit(RATE, "ann") for counters in (one, other) * 4]
        assert [wait > 0 for wait in together] == [False] * 6 + [True] * 2
        assert await other.hit(RATE, "bob") == 0

        await asyncio.to_thread(valkey.kill, "valkey")
        alone = [await one.hit(RATE, "ann") for _ in range(7)]
        assert [wait > 0 for wait in alone] == [False] * 6 + [True]
