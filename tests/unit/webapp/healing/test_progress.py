import io

import pytest

from webapp.healing.progress import Progress, bytes_text, seconds_text


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_the_line_tells_rate_and_time_left():
    clock = Clock()
    progress = Progress("repair", total=100, stream=Terminal(), clock=clock)
    clock.now = 10.0

    progress.advance(20, bytes_moved=20 * 1024 * 1024)

    assert progress.line() == "repair: 20 of 100 (20%), 2/s, 2.0 MiB/s, 40s left"


def test_nothing_is_written_where_nobody_watches():
    stream = io.StringIO()
    progress = Progress("repair", total=2, stream=stream)

    progress.advance(2)
    progress.close()

    assert stream.getvalue() == ""


def test_a_terminal_sees_the_line_written_over():
    clock, stream = Clock(), Terminal()
    progress = Progress("repair", total=2, stream=stream, clock=clock)
    for clock.now in (1.0, 2.0):
        progress.advance()
    progress.close()

    assert stream.getvalue().count("\r") == 3
    assert stream.getvalue().endswith("\n")


@pytest.mark.parametrize(
    ("seconds", "text"), [(7, "7s"), (200, "3m 20s"), (7500, "2h 05m"), (273_600, "3d 04h")]
)
def test_a_span_is_told_in_its_two_largest_units(seconds, text):
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(12, "12 B"), (2048, "2.0 KiB"), (3 << 30, "3.0 GiB")])
def test_bytes_are_told_in_binary_units(count, text):
    assert bytes_text(count) == text
