"""The line that moves."""

import io
from pathlib import Path

from webapp.client.progress import Progress, Screen

A = Path("a")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def progress_of(**sizes):
    ticks = iter((0.0, 2.0))
    return Progress({Path(name): size for name, size in sizes.items()}, now=lambda: next(ticks))


def test_the_line_says_part_files_bytes_and_rate():
    progress = progress_of(a=6_000_000, b=2_000_000)
    progress.end(A)
    assert progress.line() == "[##################------]  75%  1/2 files  6.0 of 8.0 MB  3.0 MB/s"


def test_what_is_sent_again_counts_once():
    progress = progress_of(a=4_000_000)
    progress.move(A, 3_000_000)
    progress.move(A, 1_000_000)
    assert " 25% " in progress.line()


def test_no_bytes_at_all_are_everything():
    assert "100%" in progress_of(a=0).line()


def test_a_terminal_sees_the_line_and_it_goes_away_for_words():
    terminal = Terminal()
    screen = Screen(terminal)
    screen.draw(progress_of(a=1))
    screen.say("something")
    assert terminal.getvalue().endswith("\r\x1b[Kshoebox: something\n")


def test_a_file_sees_plain_lines_only():
    file = io.StringIO()
    screen = Screen(file)
    screen.draw(progress_of(a=1))
    screen.step("stored a")
    assert file.getvalue() == "shoebox: stored a\n"


def test_quiet_leaves_what_must_be_heard():
    terminal = Terminal()
    screen = Screen(terminal, quiet=True)
    screen.draw(progress_of(a=1))
    screen.note("stored a")
    screen.say("refused b")
    assert terminal.getvalue() == "shoebox: refused b\n"
