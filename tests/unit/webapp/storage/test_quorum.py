"""The upload path's parallel write."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.webapp.storage.stores import (
    DATA,
    KEY,
    LABEL,
    WAIT_SECONDS,
    Slow,
    names,
    position,
    silent,
)
from webapp.core.errors import DigestMismatchError, ShardsUnavailableError, ShardUnavailableError
from webapp.core.label import Label
from webapp.storage.base import Check
from webapp.storage.breaker import Breakers
from webapp.storage.quorum import QuorumMissedError, quorum_write, slow_seconds
from webapp.storage.race import Placed, Race


@pytest.fixture
def executor():
    with ThreadPoolExecutor(8) as executor:
        yield executor


@pytest.fixture
def write(executor):
    def write_with(*positions, wanted=3, quorum=2, source=DATA, label=LABEL, **options):
        return quorum_write(
            stores=positions,
            key=KEY,
            source=source,
            label=label,
            wanted=wanted,
            quorum=quorum,
            executor=executor,
            **{"slow_after": WAIT_SECONDS, **options},
        )

    return write_with


def holders(*positions) -> set[str]:
    return {store.name for _, store in positions if store.stat(KEY) is not None}


def four() -> list:
    return [position("a", "1"), position("b", "2"), position("c", "1"), position("d", "2")]


def test_all_wanted_copies_are_named_while_all_shards_are_well(write):
    assert names(write(*four()).placed) == {"a", "b", "c"}


def test_a_placed_copy_says_how_sure_the_shard_is(write):
    assert Placed("a", Check.VERIFIED) in write(*four()).placed


def test_no_more_positions_than_wanted_are_written(write):
    positions = four()
    write(*positions)
    assert holders(*positions) == {"a", "b", "c"}


def test_a_failing_position_is_replaced_by_the_next(write):
    positions = four()
    positions[0][1].fail = silent
    assert names(write(*positions).placed) == {"b", "c", "d"}


def test_a_position_in_a_new_zone_is_preferred_as_replacement(write):
    positions = [
        position("a", "1"),
        position("b", "2", fail=silent),
        position("c", "1"),
        position("d", "2"),
    ]
    assert names(write(*positions, wanted=2).placed) == {"a", "d"}


def test_quorum_is_enough_when_the_others_fail(write):
    positions = four()
    positions[0][1].fail = positions[1][1].fail = silent
    assert names(write(*positions).placed) == {"c", "d"}


def test_fewer_than_the_quorum_is_an_error_that_names_who_accepted(write):
    positions = four()
    for _, store in positions[1:]:
        store.fail = silent
    with pytest.raises(QuorumMissedError) as caught:
        write(*positions)
    assert names(caught.value.placed) == {"a"}
    assert caught.value.finished.wait(WAIT_SECONDS)


def test_a_quorum_that_cannot_be_had_any_more_is_missed_at_once(write):
    began = time.monotonic()
    with pytest.raises(QuorumMissedError) as caught:
        write(position("a"))
    assert names(caught.value.placed) == {"a"}
    assert time.monotonic() - began < WAIT_SECONDS / 2


def test_two_that_end_at_once_and_are_not_enough_are_heard(write, monkeypatch):
    one_less, both = Race._one_less, Barrier(2)

    def together(race):
        both.wait(WAIT_SECONDS)  # neither is counted as ended before both have told
        one_less(race)

    monkeypatch.setattr(Race, "_one_less", together)
    began = time.monotonic()
    with pytest.raises(QuorumMissedError):
        write(position("a"), position("b"), quorum=3)
    assert time.monotonic() - began < WAIT_SECONDS / 2


def test_a_missed_quorum_is_worth_a_retry(write):
    with pytest.raises(ShardsUnavailableError) as caught:
        write(position("a", fail=silent))
    assert caught.value.retry_after


def test_no_positions_at_all_miss_the_quorum(write):
    with pytest.raises(QuorumMissedError):
        write()


def test_one_shard_is_a_quorum_of_one(write):
    assert names(write(position("a"), wanted=1, quorum=1).placed) == {"a"}


def test_a_slow_position_is_given_up_in_favour_of_the_next(write):
    positions, slow = four(), Slow()
    positions[0][1].fail = slow
    positions[1][1].fail = silent
    written = write(*positions, slow_after=0.05)
    assert names(written.placed) == {"c", "d"}
    slow.answer.set()


def test_nobody_waits_for_a_slow_position_once_the_quorum_accepted(write):
    positions, slow = four(), Slow()
    positions[2][1].fail = slow
    began = time.monotonic()
    written = write(*positions)
    assert time.monotonic() - began < WAIT_SECONDS / 2
    assert names(written.placed) == {"a", "b"}
    assert written.late == {"c"}
    slow.answer.set()


def test_a_missed_quorum_names_who_may_accept_later(write):
    slow = Slow()
    with pytest.raises(QuorumMissedError) as caught:
        write(position("a", fail=slow), position("b"), slow_after=0.05, deadline=0.1)
    assert (names(caught.value.placed), caught.value.late) == ({"b"}, {"a"})
    slow.answer.set()


def test_nobody_is_late_where_all_ended_or_never_began(write):
    positions = four()
    positions[0][1].fail = silent
    assert write(*positions).late == frozenset()


def test_a_slow_position_that_accepts_before_the_quorum_counts(write):
    slow = Slow()

    def hurry(_operation: str, _key: str) -> Exception:
        slow.answer.set()
        return ShardUnavailableError("silent")

    positions = [position("a"), position("b", fail=slow), position("c", fail=hurry)]
    assert names(write(*positions, wanted=2, slow_after=0.05).placed) == {"a", "b"}


def test_the_source_is_still_needed_until_the_slow_position_ended(write):
    positions, slow, ended = four(), Slow(), []
    positions[2][1].fail = slow
    written = write(*positions, on_finished=lambda: ended.append(True))
    assert not written.finished.is_set()
    assert ended == []
    slow.answer.set()
    assert written.finished.wait(WAIT_SECONDS)
    assert ended == [True]


def test_finished_is_said_once_when_all_positions_ended_in_time(write):
    ended = []
    written = write(*four(), on_finished=lambda: ended.append(True))
    assert written.finished.wait(WAIT_SECONDS)
    assert ended == [True]


def test_finished_is_said_after_a_missed_quorum_too(write):
    ended = []
    with pytest.raises(QuorumMissedError):
        write(position("a", fail=silent), on_finished=lambda: ended.append(True))
    assert ended == [True]


def test_a_quorum_that_is_not_had_by_the_deadline_is_missed(write):
    slow = Slow()
    with pytest.raises(QuorumMissedError) as caught:
        write(position("a"), position("b", fail=slow), slow_after=0.01, deadline=0.05)
    assert names(caught.value.placed) == {"a"}
    assert not caught.value.finished.is_set()
    slow.answer.set()


def test_a_copy_that_waits_for_another_is_named_when_the_deadline_passes(write):
    breakers, slow = Breakers(failures=1), Slow()
    positions = [position("a"), position("b", fail=slow)]
    with pytest.raises(QuorumMissedError) as caught:
        write(*positions, wanted=2, deadline=0.1, slow_after=0.05, breakers=breakers)
    slow.answer.set()
    assert names(caught.value.placed) == {"a"}
    assert breakers.allows("a")


def test_what_interrupts_a_put_is_raised_and_nobody_waits_for_the_deadline(write):
    class InterruptError(BaseException):
        """Nothing a shard would raise."""

    def interrupt(_operation, _key):
        raise InterruptError

    with pytest.raises(InterruptError):
        write(position("a", fail=interrupt), position("b"), wanted=2, deadline=WAIT_SECONDS)


def test_a_put_that_never_started_is_called_off():
    slow = Slow()
    with ThreadPoolExecutor(2) as executor:
        positions = [position("a"), position("b"), position("c")]
        blocked = executor.submit(slow, "put", KEY)
        written = quorum_write(
            stores=positions, key=KEY, source=DATA, label=LABEL, wanted=3, quorum=1,
            executor=executor, slow_after=0.01,
        )  # fmt: skip
        assert written.finished.wait(WAIT_SECONDS)
        slow.answer.set()
        assert blocked.result() is None
    assert holders(*positions) == names(written.placed)


def test_waiting_for_a_free_thread_is_not_held_against_a_shard():
    slow, breakers = Slow(), Breakers(failures=1)
    with ThreadPoolExecutor(1) as executor:
        blocked = executor.submit(slow, "put", KEY)
        with pytest.raises(QuorumMissedError):
            quorum_write(
                stores=[position("a")], key=KEY, source=DATA, label=LABEL, wanted=1, quorum=1,
                executor=executor, slow_after=0.01, deadline=0.1, breakers=breakers,
            )  # fmt: skip
        slow.answer.set()
        assert blocked.result() is None
    assert breakers.allows("a")


def test_a_source_that_is_not_what_its_label_says_is_nobodys_failure(write):
    breakers = Breakers(failures=1)
    with pytest.raises(DigestMismatchError):
        write(*four(), label=Label("sha256:" + "0" * 64, "image/png"), breakers=breakers)
    assert breakers.open_names() == []


def test_a_large_source_has_more_time():
    assert slow_seconds(slow_after=1.0, size=0) == 1.0
    assert slow_seconds(slow_after=1.0, size=64 * 1024 * 1024) == 5.0


class TestBreakers:
    def test_a_shard_that_failed_often_is_skipped(self, write):
        breakers, positions = Breakers(failures=1), four()
        positions[0][1].fail = silent
        write(*positions, breakers=breakers)
        positions[0][1].fail = None
        assert names(write(*positions, breakers=breakers).placed) == {"b", "c", "d"}

    def test_a_slow_shard_is_remembered(self, write):
        breakers, positions, slow = Breakers(failures=1), four(), Slow()
        positions[0][1].fail = slow
        write(*positions, wanted=2, breakers=breakers, slow_after=0.05)
        assert breakers.open_names() == ["a"]
        slow.answer.set()

    def test_a_shard_that_hangs_is_found_out_after_the_return(self, write):
        breakers, positions, slow = Breakers(failures=1), four(), Slow()
        positions[0][1].fail = slow
        written = write(*positions, breakers=breakers, slow_after=0.05)
        deadline = time.monotonic() + WAIT_SECONDS
        while breakers.allows("a") and time.monotonic() < deadline:
            pass
        assert breakers.open_names() == ["a"]
        slow.answer.set()
        assert written.finished.wait(WAIT_SECONDS)
        assert breakers.open_names() == ["a"]

    def test_a_shard_that_answers_soon_after_the_return_is_well(self, write):
        breakers, positions, slow = Breakers(failures=1), four(), Slow()
        positions[0][1].fail = slow
        written = write(*positions, breakers=breakers)
        slow.answer.set()
        assert written.finished.wait(WAIT_SECONDS)
        assert breakers.allows("a")

    def test_a_slow_success_does_not_close_it(self, write):
        breakers, slow = Breakers(failures=1), Slow()
        positions = [position("a", fail=slow), position("b"), position("c")]
        written = write(*positions, wanted=2, breakers=breakers, slow_after=0.05)
        slow.answer.set()
        assert written.finished.wait(WAIT_SECONDS)
        assert breakers.open_names() == ["a"]

    def test_shunned_shards_are_tried_when_the_quorum_cannot_be_had_otherwise(self, write):
        breakers, positions = Breakers(failures=1), four()
        for name in "abc":
            breakers.failed(name)
        assert len(write(*positions, breakers=breakers).placed) == 2

    def test_shunned_shards_are_left_alone_once_the_quorum_is_in_sight(self, write):
        breakers, positions = Breakers(failures=1), four()
        breakers.failed("a")
        breakers.failed("b")
        assert names(write(*positions, breakers=breakers).placed) == {"c", "d"}


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    well=st.lists(st.booleans(), max_size=6),
    shunned=st.lists(st.booleans(), min_size=6, max_size=6),
    wanted=st.integers(1, 4),
    quorum=st.integers(1, 3),
)
def test_the_quorum_is_had_exactly_when_enough_shards_are_well(
    write, well, shunned, wanted, quorum
):
    positions = [
        position(str(number), str(number % 2), fail=None if is_well else silent)
        for number, is_well in enumerate(well)
    ]
    breakers = Breakers(failures=1)
    for number, is_shunned in enumerate(shunned):
        if is_shunned:
            breakers.failed(str(number))
    try:
        placed = write(*positions, wanted=wanted, quorum=quorum, breakers=breakers).placed
    except QuorumMissedError as missed:
        placed = missed.placed
        assert sum(well) < quorum
    else:
        assert len(placed) >= quorum
    for _, store in positions:
        store.fail = None
    assert names(placed) == holders(*positions)
