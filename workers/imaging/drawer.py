"""One rendition at a time, in a child that stays warm; errors by who must act."""

import threading
from pathlib import Path

from webapp.core.errors import (
    BusyError,
    NotDecodableError,
    ShoeboxError,
    TooCostlyError,
    TooManyPixelsError,
    TruncatedError,
)
from webapp.core.presets import Preset
from workers.imaging.errors import ChildKilledError, ImagingError, LimitHitError
from workers.imaging.model import Limits, Rendition
from workers.imaging.renderer import Renderer

ATTEMPTS = 2
"""A child that was killed may have been killed for something else on the machine."""

_CALLERS = {"too-many-pixels": TooManyPixelsError, "truncated": TruncatedError}


class Drawer:
    """Makes sizes on demand. One call at a time; ``close`` may come from any thread.

    Args:
        limits: What one picture may cost.
    """

    def __init__(self, limits: Limits) -> None:
        self._renderer = Renderer(limits=limits)
        self._closed = threading.Event()

    def draw(self, original: Path, preset: Preset) -> Rendition:
        """Return the one rendition of a preset that has one.

        Raises:
            CallerError: The same bytes will be refused again.
            BusyError: The child was killed or took too long; another time may do better.
        """
        for left in reversed(range(ATTEMPTS)):
            if self._closed.is_set():
                break
            try:
                rendered = self._renderer.render(original, presets=(preset,))
            except ChildKilledError as error:
                if not left:
                    raise BusyError(f"Not made: {error}") from error
            except ImagingError as error:
                raise _said(error) from error
            else:
                (rendition,) = rendered.renditions.values()
                return rendition
        raise BusyError("Sizes are not made any longer here.")

    def close(self) -> None:
        """End the child, also in the middle of a picture."""
        self._closed.set()
        self._renderer.close()


def _said(error: ImagingError) -> ShoeboxError:
    if isinstance(error, LimitHitError):
        # Only the clock on the wall depends on who else is busy.
        kind = BusyError if error.limit == "wall" else TooCostlyError
        return kind(f"Not made: {error}")
    return _CALLERS.get(error.code, NotDecodableError)(f"Not made: {error}")
