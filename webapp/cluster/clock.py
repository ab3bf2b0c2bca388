"""The index's clock: what machines agree on when they say until when, or from when on.

A machine whose clock is an hour ahead would put what is due an hour off for everybody, and take
leases of others for ended.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

MEASURE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Measured:
    apart: timedelta
    at: float


_measured = _Measured(timedelta(0), float("-inf"))


def index_now() -> datetime:
    """Return what the index's clock says, from this machine's and how far the two are apart.

    Compared once a minute. Where the index is a file, this machine's clock is its clock.
    """
    global _measured  # noqa: PLW0603 - one measurement for all threads of a process
    if time.monotonic() - _measured.at >= MEASURE_SECONDS:
        seconds = index_clock()
        now = timezone.now()
        there = now if seconds is None else datetime.fromtimestamp(seconds, UTC)
        _measured = _Measured(there - now, time.monotonic())
    return timezone.now() + _measured.apart


def index_clock() -> float | None:
    """Return the database server's clock, seconds since 1970; None where it has none of its own."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        return float(cursor.fetchone()[0])
