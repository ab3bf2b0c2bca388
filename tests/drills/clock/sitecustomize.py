"""Makes every Python process that finds this folder on its path see a wrong clock.

Not time.monotonic: a clock that is wrong runs as fast as any other.
"""

import datetime as dt
import os
import time

SECONDS = float(os.environ.get("DRILL_CLOCK_SECONDS", "0"))

_time, _time_ns, _datetime = time.time, time.time_ns, dt.datetime
_wrong = dt.timedelta(seconds=SECONDS)


class _LikeAny(type):
    """Takes what others made for one of its own, so that nobody sees the difference."""

    def __instancecheck__(cls, instance):
        return isinstance(instance, _datetime)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, _datetime)


class WrongDatetime(_datetime, metaclass=_LikeAny):
    """The present is another; everything else is as it was."""

    @classmethod
    def now(cls, tz=None):
        return _datetime.now(tz) + _wrong

    @classmethod
    def utcnow(cls):
        return _datetime.now(dt.UTC).replace(tzinfo=None) + _wrong


if SECONDS:
    time.time = lambda: _time() + SECONDS
    time.time_ns = lambda: _time_ns() + int(SECONDS * 1e9)
    dt.datetime = WrongDatetime
