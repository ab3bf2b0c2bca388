"""The access log: one JSON line per request, cheap enough to be always on.

Written by hand and in batches: structlog's processors cost more than the rest of a memory
hit together. Never the query: it holds signatures.
"""

import json
import re
import time
from collections.abc import Callable
from typing import Final

FLUSH_BYTES: Final = 32 * 1024
FLUSH_SECONDS: Final = 0.2
MAX_PATH: Final = 200
_HARMLESS: Final = re.compile(r"[\w/.~-]{1,200}", re.ASCII)


class AccessLog:
    """Collects lines and writes many at once.

    Args:
        write: Takes whole lines.
        clock: Seconds since 1970; tests bring their own.
    """

    def __init__(
        self, write: Callable[[str], object], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._write = write
        self._clock = clock
        self._lines: list[str] = []
        self._size = 0
        self._second = 0
        self._stamp = ""

    def add(
        self,
        *,
        method: str,
        path: str,
        status: int,
        size: int,
        cache: str,
        shard: str,
        seconds: float,
        whole: bool,
    ) -> None:
        """Log one request.

        Args:
            method: Of the request.
            path: As requested, decoded, without the query.
            status: Of the answer.
            size: Bytes of its body.
            cache: Where the body came from.
            shard: Which one; empty for none.
            seconds: From the request to the last byte handed over.
            whole: False when the answer was cut off.
        """
        quoted = f'"{path}"' if _HARMLESS.fullmatch(path) else json.dumps(path[:MAX_PATH])
        end = "" if whole else ',"cut":true'
        line = (
            f'{{"event":"read","level":"info","timestamp":"{self._now()}","method":"{method}",'
            f'"path":{quoted},"status":{status},"bytes":{size},"cache":"{cache}",'
            f'"shard":"{shard}","ms":{seconds * 1000:.2f}{end}}}\n'
        )
        self._lines.append(line)
        self._size += len(line)
        if self._size >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was collected."""
        if self._lines:
            lines, self._lines, self._size = self._lines, [], 0
            self._write("".join(lines))

    def _now(self) -> str:
        now = self._clock()
        second = int(now)
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._stamp}.{int(now * 1000) % 1000:03d}Z"
