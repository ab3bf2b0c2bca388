"""Make all renditions of one picture in a child, so that a poison picture costs only itself.

The child is a fresh program and not a fork: a pool process of a worker may hold threads and
connections, and may not have children by ``multiprocessing``. It starts in about 0.1 s, is
kept warm for many pictures, and is replaced after any trouble. The file is handed over as a
descriptor: the child opens nothing, writes nothing and leaves nothing behind.
"""

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from webapp.core.presets import PRESETS, Preset
from workers.imaging.child_process import ChildProcess
from workers.imaging.model import Limits, Rendered, Rendition

Source = Path | bytes | IO[bytes]
Made = Callable[[str, Rendition], None]

_DEFAULT_LIMITS = Limits()
_per_thread = threading.local()


def _ignored(_name: str, _rendition: Rendition) -> None:
    """Whoever asks waits for all of them."""


class Renderer:
    """A child and its replacements, for one thread.

    Args:
        limits: What one picture may cost.
        threads: Encoders at a time in the child.
    """

    def __init__(self, *, limits: Limits = _DEFAULT_LIMITS, threads: int = 1) -> None:
        self.limits = limits
        self.threads = threads
        self._child: ChildProcess | None = None

    @property
    def pid(self) -> int | None:
        """Return the process id of the present child, None when there is none."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start a child unless one is there; does not wait until it is ready. Twice is once.

        A child that died while idle is replaced, and one that belongs to the process we were
        forked from is left to it.
        """
        self._started()

    def render(
        self, source: Source, *, presets: Iterable[Preset] = PRESETS, made: Made = _ignored
    ) -> Rendered:
        """Decode ``source`` once and make the renditions of all ``presets``.

        Args:
            source: The original: its path, its bytes, or an open file, whose position moves.
            presets: The renditions wanted, at least one.
            made: Called with each rendition as soon as it is made, while others still are.

        Returns:
            Facts of the original, and the renditions by name.

        Raises:
            NotDecodableError: The decoder refused the bytes; it will again.
            LimitHitError: It took too much memory or time.
            ChildKilledError: The child died or failed; trying again may help.
            CodecMissingError: No decoder here for this type.
        """
        with _descriptor(source) as descriptor:
            child = self._started()
            try:
                rendered, last = child.render(descriptor, presets=tuple(presets), made=made)
            except BaseException:  # also a time limit of the pool, raised anywhere
                self.close()
                raise
        if last:
            self.close()
            self.start()  # gets ready while the caller stores what was made
        return rendered

    def close(self) -> None:
        """End the child; it is gone when this returns. A closed renderer may be used again."""
        child, self._child = self._child, None
        if child:
            child.end()

    def _started(self) -> ChildProcess:
        if self._child and not self._child.is_ours_and_alive():
            self.close()
        if self._child is None:
            self._child = ChildProcess(limits=self.limits, threads=self.threads)
        return self._child

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def render_limited(
    source: Source,
    *,
    presets: Iterable[Preset] = PRESETS,
    limits: Limits = _DEFAULT_LIMITS,
    threads: int = 1,
    made: Made = _ignored,
) -> Rendered:
    """Make the renditions of ``source`` in the child of this thread.

    See ``Renderer.render``; the child is started at the first call and lives with the thread.
    """
    renderer: Renderer | None = getattr(_per_thread, "renderer", None)
    if renderer is None or (renderer.limits, renderer.threads) != (limits, threads):
        if renderer:
            renderer.close()
        renderer = _per_thread.renderer = Renderer(limits=limits, threads=threads)
    return renderer.render(source, presets=presets, made=made)


@contextlib.contextmanager
def _descriptor(source: Source) -> Iterator[int]:
    """Bytes go through a file without a name, which goes away with its last descriptor."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file.fileno()
    elif isinstance(source, bytes):
        with tempfile.TemporaryFile() as file:
            file.write(source)
            file.flush()
            yield file.fileno()
    else:
        source.flush()
        yield source.fileno()
