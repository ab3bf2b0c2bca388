import asyncio

import pytest

from webapp.core.errors import (
    DigestMismatchError,
    NotFoundError,
    ShardsUnavailableError,
    ShardUnavailableError,
)
from webapp.reader.walk import Route, walk


class Position:
    """Stands in for a GuardedReader: a name, and whether it was found wanting."""

    def __init__(self, name):
        self.name = name
        self.failures = []

    def failed(self, error):
        self.failures.append(error)


class Walking:
    def __init__(self, answers, *, in_order=3, silent=0, quorum=2):
        self.readers = [Position(f"p{i}") for i in range(len(answers))]
        self.answers = dict(zip((r.name for r in self.readers), answers, strict=True))
        self.asked, self.seen, self.discarded = [], [], []
        self.route = Route(
            self.readers,
            in_order,
            silent,
            quorum,
            patience=0.05,
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
