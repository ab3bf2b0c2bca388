from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.processes import wait_until
from webapp.cluster.index_turn import Line

CROWD = 16


def test_who_waits_longest_is_next():
    line, came = Line(), []

    def come(number):
        with line.turn():
            came.append(number)

    with ThreadPoolExecutor(CROWD) as threads, line.turn():
        for number in range(CROWD):
            threads.submit(come, number)
            wait_until(
                lambda number=number: line.waiting == number + 1, seconds=10, what="one more"
            )
    assert came == list(range(CROWD))


def test_one_at_a_time_has_a_turn():
    line, inside, most = Line(), [], []

    def come(number):
        for _ in range(50):
            with line.turn():
                inside.append(number)
                most.append(len(inside))
                inside.pop()

    with ThreadPoolExecutor(CROWD) as threads:
        list(threads.map(come, range(CROWD)))
    assert (max(most), len(most)) == (1, CROWD * 50)


def test_a_turn_that_fails_is_given_on():
    line = Line()
    with pytest.raises(ValueError, match="no good"), line.turn():
        raise ValueError("no good")
    with line.turn():
        assert line.waiting == 0
