import asyncio

import pytest

from webapp.core.errors import (
    DigestMismatchError,
    NotFoundError,
    ShardsUnavailableError,
    ShardUnavailableError,
)
from webapp.reader.route import Route
from webapp.reader.walk import walk
from webapp.storage.aio.pace import HedgeBudget, Pace


class Position:
    """Stands in for a GuardedReader: a name, and whether it was found wanting."""

    def __init__(self, name):
        self.name = name
        self.failures = []
        self.pace = Pace()

    def failed(self, error):
        self.failures.append(error)


class Walking:
    def __init__(self, answers, *, in_order=3, silent=0, quorum=2, patience=0.05):
        self.readers = [Position(f"p{i}") for i in range(len(answers))]
        self.answers = dict(zip((r.name for r in self.readers), answers, strict=True))
        self.asked, self.seen, self.discarded = [], [], []
        self.route = Route(
            self.readers,
            in_order,
            silent,
            quorum,
            patience=patience,
            seen=lambda name, outcome, _seconds: self.seen.append((name, outcome)),
        )

    async def attempt(self, reader):
        self.asked.append(reader.name)
        answer = self.answers[reader.name]
        if isinstance(answer, Exception):
            raise answer
        return await answer() if callable(answer) else answer

    async def discard(self, value):
        self.discarded.append(value)

    async def walk(self):
        return (await walk(self.route, self.attempt, discard=self.discard)).value


PATIENT = 30.0
"""Where a busy machine must not turn what is late into what hangs."""
SILENT = ShardUnavailableError("silent")
BAD = DigestMismatchError("bad")


async def hang():
    await asyncio.Event().wait()


async def test_the_first_that_has_it_gives_it():
    walking = Walking([None, "b", "c", "d"])
    assert await walking.walk() == "b"
    assert walking.asked == ["p0", "p1"]


async def test_the_rest_is_asked_at_the_same_time():
    walking = Walking([None, None, None, hang, "e", hang])
    assert await walking.walk() == "e"
    assert set(walking.asked) == {f"p{i}" for i in range(6)}


async def test_what_two_of_the_rest_gave_is_given_back_but_one():
    walking = Walking([None, "b", "c"], in_order=1)
    kept = await walking.walk()
    assert {kept, *walking.discarded} == {"b", "c"}


async def test_absent_everywhere_is_not_found():
    with pytest.raises(NotFoundError):
        await Walking([None, None, None, None]).walk()


async def test_one_silent_position_of_quorum_two_leaves_it_not_found():
    with pytest.raises(NotFoundError):
        await Walking([None, SILENT, None, None]).walk()


@pytest.mark.parametrize("answers", [[SILENT, SILENT, None], [SILENT, None, None, SILENT]])
async def test_two_silent_positions_leave_it_uncertain(answers):
    with pytest.raises(ShardsUnavailableError):
        await Walking(answers).walk()


async def test_positions_that_cannot_be_asked_count_as_silent():
    with pytest.raises(ShardsUnavailableError):
        await Walking([None, None], silent=2).walk()


async def test_with_a_quorum_of_one_a_single_silence_leaves_it_uncertain():
    with pytest.raises(ShardsUnavailableError):
        await Walking([SILENT], quorum=1).walk()


async def test_a_bad_copy_shows_that_it_exists():
    with pytest.raises(ShardsUnavailableError):
        await Walking([BAD, None, None]).walk()


async def test_a_position_that_hangs_is_found_wanting():
    walking = Walking([hang, "b"])
    assert await walking.walk() == "b"
    assert len(walking.readers[0].failures) == 1


async def test_every_outcome_is_seen():
    walking = Walking([None, SILENT, BAD, "d"], in_order=4)
    await walking.walk()
    assert walking.seen == [("p0", "absent"), ("p1", "silent"), ("p2", "bad"), ("p3", "found")]


async def test_an_unexpected_error_is_not_taken_for_an_answer():
    with pytest.raises(ZeroDivisionError):
        await Walking([ZeroDivisionError("ours")]).walk()


async def late():
    await asyncio.sleep(0.04)
    return "late"


@pytest.fixture
def walking():
    """The first position is later than usual, and all have it."""
    walking = Walking([late, "b", "c"], patience=PATIENT)
    for reader in walking.readers:
        reader.pace.hedge_after = 0.001
    return walking


async def test_when_the_first_is_late_the_second_is_asked_too(walking):
    assert await walking.walk() == "b"
    assert walking.asked == ["p0", "p1"]


async def test_whoever_was_outrun_gets_a_strike(walking):
    await walking.walk()
    assert [reader.pace.suspect for reader in walking.readers] == [True, False, False]


async def test_without_budget_the_first_is_waited_for(walking):
    walking.route.budget._left = 0.0
    assert await walking.walk() == "late"


async def test_a_suspect_needs_no_budget(walking):
    walking.route.budget._left = 0.0
    walking.readers[0].pace.strike()
    assert await walking.walk() == "b"


async def test_a_first_that_is_late_and_still_quicker_answers():
    walking = Walking([late, hang], patience=PATIENT)
    walking.readers[0].pace.hedge_after = 0.001
    assert await walking.walk() == "late"
    assert not walking.readers[0].pace.suspect


async def test_a_late_first_is_given_back_when_it_came_after_all():
    walking = Walking([late, None, None], patience=PATIENT)
    walking.readers[0].pace.hedge_after = walking.readers[1].pace.hedge_after = 0.001
    assert await walking.walk() == "late"


async def test_two_that_answer_in_the_same_turn_answer_at_once():
    together = asyncio.Event()

    async def first():
        await together.wait()
        return "first"

    async def second():
        asyncio.get_running_loop().call_soon(together.set)
        await together.wait()
        return "second"

    walking = Walking([first, second], patience=PATIENT)
    walking.readers[0].pace.hedge_after = 0.001
    async with asyncio.timeout(5):
        kept = await walking.walk()
    assert {kept, *walking.discarded} == {"first", "second"}


async def test_who_has_it_is_not_kept_waiting_by_a_first_that_hangs():
    walking = Walking([hang, "b"], patience=PATIENT)
    walking.readers[0].pace.hedge_after = 0.001
    assert await walking.walk() == "b"
    assert walking.readers[0].failures == []


async def test_wrong_bytes_are_a_strike():
    walking = Walking([BAD, "b"])
    await walking.walk()
    assert walking.readers[0].pace.suspect


def test_second_reads_are_a_twentieth_of_the_first():
    budget, pace = HedgeBudget(), Pace()
    while budget.allows(pace):
        pass
    saved = budget.spent
    for _ in range(1000):
        budget.earn()
        budget.allows(pace)
    assert 45 <= budget.spent - saved <= 50
