"""Progress: one line with rate and time left, quiet where nobody watches."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

EVERY_SECONDS = 0.2
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


class Progress:
    """A line that is written over as work goes on; nothing at all when not on a terminal.

    Args:
        label: What is being done.
        total: Steps there are; 0 when that is not known.
        stream: Where the line goes; None for standard error.
        clock: Seconds, never running backwards; tests bring their own.
    """

    def __init__(
        self,
        label: str,
        *,
        total: int = 0,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label = label
        self._total = total
        self._stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._began = self._shown = clock()
        self._steps = 0
        self._bytes = 0
        self._watched = self._stream.isatty()

    def advance(self, steps: int = 1, *, bytes_moved: int = 0) -> None:
        """Count finished steps, and bytes they moved."""
        self._steps += steps
        self._bytes += bytes_moved
        now = self._clock()
        if self._watched and now - self._shown >= EVERY_SECONDS:
            self._shown = now
            self._stream.write(f"\r\x1b[K{self.line()}")
            self._stream.flush()

    def close(self) -> None:
        """End the line, so that what is written next stands on its own."""
        if self._watched:
            self._stream.write(f"\r\x1b[K{self.line()}\n")
            self._stream.flush()

    def line(self) -> str:
        """Return the line as it would be shown now."""
        seconds = max(self._clock() - self._began, 1e-9)
        rate = self._steps / seconds
        parts = [f"{self._label}: {self._steps:,}{self._of_total()}", f"{rate:,.0f}/s"]
        if self._bytes:
            parts.append(f"{bytes_text(self._bytes / seconds)}/s")
        if self._total and rate:
            parts.append(f"{seconds_text(max(self._total - self._steps, 0) / rate)} left")
        return ", ".join(parts)

    def _of_total(self) -> str:
        if not self._total:
            return ""
        return f" of {self._total:,} ({min(self._steps / self._total, 1):.0%})"


def bytes_text(count: float) -> str:
    """Return a number of bytes for people."""
    unit = 0
    while count >= 1024 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - the units are binary
        count, unit = count / 1024, unit + 1
    return f"{count:.1f} {_UNITS[unit]}" if unit else f"{count:.0f} B"


def seconds_text(seconds: float) -> str:
    """Return a span for people: ``45s``, ``3m 20s``, ``2h 05m``, ``3d 04h``."""
    whole = int(seconds)
    for size, smaller, names in ((86400, 3600, "dh"), (3600, 60, "hm"), (60, 1, "ms")):
        if whole >= size:
            return f"{whole // size}{names[0]} {whole % size // smaller:02d}{names[1]}"
    return f"{whole}s"
