"""Numbers that people type."""

from argparse import ArgumentTypeError

import pytest

from webapp.core.numbers import hours, seconds, whole_number


@pytest.mark.parametrize("text", ["1", "7", "30", "007"])
def test_numbers_of_the_range_are_read(text):
    assert whole_number(1, 30)(text) == int(text)


@pytest.mark.parametrize("text", ["0", "31", "-1", "1.5", "1_0", "x", "", "-", "٣", "9" * 5000])
def test_others_are_named_with_the_range(text):
    with pytest.raises(ArgumentTypeError) as refused:
        whole_number(1, 30)(text)
    assert str(refused.value) == f"{text!r} is not a whole number from 1 to 30"


def test_negative_ends_are_read():
    assert whole_number(-5, 5)("-5") == -5


@pytest.mark.parametrize("text", ["0", "0.5", "60", "1e1"])
def test_seconds_are_read(text):
    assert seconds(60)(text) == float(text)


@pytest.mark.parametrize("text", ["-1", "61", "nan", "inf", "-inf", "x", ""])
def test_other_seconds_are_named_with_the_range(text):
    with pytest.raises(ArgumentTypeError) as refused:
        seconds(60)(text)
    assert str(refused.value) == f"{text!r} is not a number of seconds from 0 to 60"


def test_other_hours_are_named_with_the_range():
    with pytest.raises(ArgumentTypeError) as refused:
        hours(24)("nan")
    assert str(refused.value) == "'nan' is not a number of hours from 0 to 24"
