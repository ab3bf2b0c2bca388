import asyncio
import threading

import pytest

from webapp.core.errors import ShardUnavailableError
from webapp.storage.aio.threads import ShardThreads


@pytest.fixture
def threads():
    made = ShardThreads("a1", count=2, backlog=1)
    yield made
    made.close()


async def run(threads, function, *, seconds=5.0, discard=None):
    return await threads.run(function, seconds=seconds, discard=discard)


async def test_a_call_runs_on_another_thread(threads):
    assert await run(threads, threading.get_ident) != threading.get_ident()


async def test_an_error_is_raised_where_it_is_awaited(threads):
    with pytest.raises(ZeroDivisionError):
        await run(threads, lambda: 1 // 0)


async def test_threads_end_with_the_process_even_when_they_hang(threads):
    assert await run(threads, lambda: threading.current_thread().daemon)


async def test_calls_run_at_the_same_time(threads):
    both = threading.Barrier(2, timeout=5)
    await asyncio.gather(run(threads, both.wait), run(threads, both.wait))


async def test_a_call_that_hangs_is_given_up(threads):
    release = threading.Event()
    with pytest.raises(ShardUnavailableError):
        await run(threads, release.wait, seconds=0.01)
    release.set()


async def test_while_threads_hang_calls_are_refused_at_once(threads):
    release = threading.Event()
    waiting = [asyncio.create_task(run(threads, release.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(ShardUnavailableError, match="waiting"):
        await run(threads, int)
    release.set()
    await asyncio.gather(*waiting)


async def test_after_a_hang_calls_are_taken_again(threads):
    release = threading.Event()
    waiting = [asyncio.create_task(run(threads, release.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(*waiting)
    assert await run(threads, int) == 0


async def test_a_result_nobody_waits_for_is_given_back(threads):
    release, given_back = threading.Event(), threading.Event()

    def late():
        release.wait()
        return "late"

    with pytest.raises(ShardUnavailableError):
        await run(threads, late, seconds=0.01, discard=lambda _: given_back.set())
    release.set()
    await run(threads, int)  # the loop has run since
    assert await asyncio.to_thread(given_back.wait, 5)


async def test_a_call_nobody_waits_for_any_longer_is_not_made(threads):
    release, made = threading.Event(), []
    hanging = [asyncio.create_task(run(threads, release.wait)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(ShardUnavailableError):
        await run(threads, lambda: made.append(1), seconds=0.01)
    release.set()
    await asyncio.gather(*hanging)
    await run(threads, int)
    assert made == []


async def test_closing_ends_the_threads():
    threads = ShardThreads("closing", count=2, backlog=0)
    thread = await run(threads, threading.current_thread)
    threads.close()
    await asyncio.to_thread(thread.join, 5)
    assert not thread.is_alive()
