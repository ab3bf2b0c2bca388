"""Make all renditions of one picture, in this process.

This decodes what strangers sent: outside of tests and measurements it runs in the child that
``workers.imaging.renderer`` guards.
"""

from collections.abc import Iterable
from typing import IO

from webapp.core.presets import PRESETS, Preset
from workers.imaging.animate import animate
from workers.imaging.decode import Decoded, decode
from workers.imaging.develop import Developed, develop
from workers.imaging.encode import Made, encode
from workers.imaging.look import look_of
from workers.imaging.model import Picture, Rendered, Rendition


def _ignored(_name: str, _rendition: Rendition) -> None:
    """Whoever asks waits for all of them."""


def render(
    file: IO[bytes],
    *,
    presets: Iterable[Preset] = PRESETS,
    threads: int = 1,
    made: Made = _ignored,
) -> Rendered:
    """Decode ``file`` once and make the renditions of all ``presets``.

    The same bytes give the same renditions. An animation within the budget moves as WebP; of
    others, and in other formats, the first frame is shown.

    Args:
        file: The original, seekable; its name and position do not matter.
        presets: The renditions wanted, at least one.
        threads: Encoders at a time.
        made: Called for each rendition as soon as it is made.

    Returns:
        Facts of the original, and the renditions by name.

    Raises:
        NotDecodableError: The decoder refused the bytes.
        CodecMissingError: No decoder here for this type.
        MemoryError: The process may not have as much memory as this picture needs.
        ValueError: No presets.
    """
    wanted = tuple(presets)
    if not wanted:
        raise ValueError("no presets")
    decoded = decode(file, presets=wanted)
    developed = develop(decoded, presets=wanted)
    moving = animate(decoded, developed, presets=wanted)
    renditions = encode(developed, presets=wanted, moving=moving, threads=threads, made=made)
    return Rendered(_picture(decoded, developed), renditions)


def _picture(decoded: Decoded, developed: Developed) -> Picture:
    look = look_of(developed.smallest)
    width, height = decoded.size
    return Picture(
        format=decoded.format,
        width=width,
        height=height,
        frames=decoded.frames,
        transparent=developed.transparent,
        placeholder=look.placeholder,
        colour=look.colour,
    )
