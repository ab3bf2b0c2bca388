import io

from webapp.imports.progress import Bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def bar_at(seconds, *, stream, total=4):
    times = iter([0.0, *[seconds] * 10])
    return Bar("Files", total=total, stream=stream, clock=lambda: next(times))


def test_a_terminal_shows_a_bar_the_rate_and_the_time_left():
    terminal = Terminal()
    bar_at(2.0, stream=terminal).advance(bytes_moved=2 * 1024 * 1024)
    shown = terminal.getvalue()
    assert "[#####---------------] Files: 1 of 4 (25%)" in shown
    assert shown.endswith("1.0 MiB/s, 6s left")


def test_room_is_made_for_a_line_of_the_report():
    terminal = Terminal()
    bar_at(2.0, stream=terminal).clear()
    assert terminal.getvalue() == "\r\x1b[K"


def test_nothing_moves_where_nobody_watches():
    stream = io.StringIO()
    bar = bar_at(2.0, stream=stream)
    bar.advance()
    bar.clear()
    bar.close()
    assert stream.getvalue() == ""


def test_a_bar_of_nothing_is_full():
    assert bar_at(1.0, stream=io.StringIO(), total=0).line().startswith("[####################]")
