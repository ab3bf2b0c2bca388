"""What a container says of its picture, and how much it may say."""

from dataclasses import dataclass

from webapp.core.errors import NotDecodableError, TooManyFramesError, TooManyPixelsError

_LYING = range(5, 9)
"""EXIF orientations whose width is the upright height."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A picture's own account of itself.

    Args:
        width: Pixels, upright.
        height: Pixels, upright.
        frames: Frames of an animation or pages of a document, at least 1.
    """

    width: int
    height: int
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one type of picture may announce; checked as soon as it is announced.

    Args:
        pixels: Most pixels of one frame.
        frames: Most frames.
        side: Most pixels of a width or a height.
    """

    pixels: int
    frames: int
    side: int

    def check_size(self, width: int, height: int) -> None:
        """Refuse a frame of this size, or let it pass.

        Raises:
            NotDecodableError: There is no pixel at all.
            TooManyPixelsError: More pixels, or a longer side, than allowed.
        """
        if width < 1 or height < 1:
            raise NotDecodableError(reason=f"{width} by {height} pixels")
        if max(width, height) > self.side:
            raise TooManyPixelsError(
                f"Too many pixels: {max(width, height)} along one side, {self.side} at most.",
                pixels=max(width, height),
                limit=self.side,
            )
        if width * height > self.pixels:
            raise TooManyPixelsError(pixels=width * height, limit=self.pixels)

    def check_frames(self, frames: int) -> None:
        """Refuse so many frames, or let them pass.

        Raises:
            TooManyFramesError: More than allowed.
        """
        if frames > self.frames:
            raise TooManyFramesError(frames=frames, limit=self.frames)


def upright(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return width and height after the turn that the EXIF orientation asks for."""
    return (height, width) if orientation in _LYING else (width, height)
