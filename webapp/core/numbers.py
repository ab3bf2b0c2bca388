"""Numbers that people type: those of a range, and words for all others."""

import math
from argparse import ArgumentTypeError
from collections.abc import Callable


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return what ``argparse`` reads whole numbers of a range with, both ends included.

    Example:
        >>> whole_number(1, 10)("7")
        7
    """

    def read(text: str) -> int:
        # int() takes "1_000" and digits of other scripts, and refuses thousands of them.
        plain = text.isascii() and text.removeprefix("-").isdecimal()
        if plain and len(text) <= len(str(most)) + 1 and least <= int(text) <= most:
            return int(text)
        message = f"{text!r} is not a whole number from {least} to {most}"
        raise ArgumentTypeError(message)

    return read


def seconds(most: float) -> Callable[[str], float]:
    """Return what ``argparse`` reads seconds with, from 0 to ``most``.

    Example:
        >>> seconds(60)("0.5")
        0.5
    """
    return _number(most, of="seconds")


def hours(most: float) -> Callable[[str], float]:
    """Return what ``argparse`` reads hours with, from 0 to ``most``.

    Example:
        >>> hours(24)("1.5")
        1.5
    """
    return _number(most, of="hours")


def _number(most: float, *, of: str) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if 0 <= number <= most:
            return number
        message = f"{text!r} is not a number of {of} from 0 to {most:g}"
        raise ArgumentTypeError(message)

    return read
