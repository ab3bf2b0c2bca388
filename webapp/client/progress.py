"""How far it is: a line that moves on a terminal, plain lines elsewhere."""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import TextIO

from webapp.client.importing import Link

BAR_WIDTH = 24
MEGABYTE = 1_000_000
_CLEAR = "\r\x1b[K"


class Progress:
    """Counts bytes and files. Threads may share it.

    Args:
        sizes: Bytes of each file; 0 of a link.
        now: A clock that only goes forward, in seconds.
    """

    def __init__(
        self, sizes: Mapping[Path | Link, int], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._sizes = sizes
        self._total = sum(sizes.values())
        self._offsets: dict[Path | Link, int] = {}
        self._files = 0
        self._now = now
        self._began = now()
        self._lock = Lock()

    def move(self, path: Path | Link, offset: int) -> None:
        """Note how far a file is; back to a smaller offset when it is sent again."""
        with self._lock:
            self._offsets[path] = offset

    def end(self, path: Path | Link) -> None:
        """Note that nothing more of a file will be sent, whatever became of it."""
        with self._lock:
            self._offsets[path] = self._sizes.get(path, 0)
            self._files += 1

    def line(self) -> str:
        """Return how far everything is, in words of a constant width."""
        with self._lock:
            done, files = min(sum(self._offsets.values()), self._total), self._files
        part = done / self._total if self._total else 1.0
        filled = int(part * BAR_WIDTH)
        bar = "#" * filled + "-" * (BAR_WIDTH - filled)
        rate = done / MEGABYTE / max(self._now() - self._began, 0.001)
        return (
            f"[{bar}] {part:4.0%}  {files}/{len(self._sizes)} files  "
            f"{done / MEGABYTE:.1f} of {self._total / MEGABYTE:.1f} MB  {rate:.1f} MB/s"
        )


class Screen:
    """What a person sees beside the links: standard error.

    Args:
        stream: Where to.
        quiet: Only what went wrong.
    """

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._moves = stream.isatty() and not quiet
        self._quiet = quiet
        self._drawn = False
        self._lock = Lock()

    def draw(self, progress: Progress) -> None:
        """Show how far it is, on a terminal; nothing elsewhere."""
        if not self._moves:
            return
        width = shutil.get_terminal_size().columns - 1
        with self._lock:
            self._stream.write(_CLEAR + progress.line()[:width])
            self._stream.flush()
            self._drawn = True

    def clear(self) -> None:
        """Take the moving line away, so that something else can be written."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        if self._drawn:
            self._stream.write(_CLEAR)
            self._stream.flush()
            self._drawn = False

    def note(self, line: str) -> None:
        """Say something worth knowing."""
        if not self._quiet:
            self.say(line)

    def step(self, line: str) -> None:
        """Say what the moving line shows anyway, where there is none."""
        if not self._moves:
            self.note(line)

    def say(self, line: str) -> None:
        """Say what must be heard."""
        shown = "".join(c if c.isprintable() else "?" for c in line)
        with self._lock:
            self._clear()
            self._stream.write(f"shoebox: {shown}\n")
            self._stream.flush()
