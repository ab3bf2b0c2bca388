"""The access log: one JSON line per request, cheap enough to be always on.

Written by hand and in batches: structlog's processors cost more than the rest of a memory
hit together. Never the query: it holds signatures. Nor what looks like one in a path, where a
link ends up whose question mark was quoted on the way.
"""

import json
import re
import time
from collections.abc import Callable
from typing import Final

from webapp.reader.answers import Answer

FLUSH_LINES: Final = 200
FLUSH_SECONDS: Final = 0.2
MAX_PATH: Final = 200
_HARMLESS: Final = re.compile(r"[\w/.~-]{1,200}", re.ASCII)
_BEFORE_QUERY: Final = re.compile(r"[^?&=]*")


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
        self._tenth = 0
        self._stamp = ""

    def add(
        self, method: str, path: str, answer: Answer, seconds: float, *, whole: bool = True
    ) -> None:
        """Log one request.

        Args:
            method: Of the request.
            path: As requested, decoded, without the query.
            answer: What went back.
            seconds: From the request to the last byte handed over.
            whole: False when the answer was cut off.
        """
        about = _about(method, path, answer) + ("" if whole else '"cut":true,')
        self._add(about, seconds)

    def add_shared(self, path: str, answer: Answer, seconds: float) -> None:
        """Log a GET of a path that is a name of ours, so harmless; cheaper than ``add``."""
        if not answer.logged:
            answer.logged = _line("GET", f'"{path}"', answer)
        self._add(answer.logged, seconds)

    def flush(self) -> None:
        """Write what was collected."""
        if self._lines:
            lines, self._lines = self._lines, []
            self._write("".join(lines))

    def _add(self, about: str, seconds: float) -> None:
        tenth = int(self._clock() * 10)
        if tenth != self._tenth:
            self._tenth = tenth
            self._stamp = _stamp(tenth)
        self._lines.append(f'{about}"ms":{seconds * 1000:.2f},"timestamp":"{self._stamp}"}}\n')
        if len(self._lines) >= FLUSH_LINES:
            self.flush()


def _about(method: str, path: str, answer: Answer) -> str:
    """Return the beginning of a line: all but the times."""
    quoted = f'"{path}"' if _HARMLESS.fullmatch(path) else json.dumps(_shown(path))
    return _line(method, quoted, answer)


def _line(method: str, quoted: str, answer: Answer) -> str:
    return (
        f'{{"event":"read","level":"info","method":"{method}","path":{quoted},'
        f'"status":{answer.status},"bytes":{answer.size},"cache":"{answer.cache}",'
        f'"shard":"{answer.shard}",'
    )


def _shown(path: str) -> str:
    """Return the beginning of a path that is no name of ours."""
    before = _BEFORE_QUERY.match(path[:MAX_PATH])
    return before[0] if before else ""


def _stamp(tenth: int) -> str:
    """Return tenths of a second since 1970 in ISO 8601."""
    second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(tenth // 10))
    return f"{second}.{tenth % 10}Z"
