"""What an owner keeps, and what they may keep."""

from dataclasses import dataclass

from webapp.core.errors import QuotaExceededError

_COUNTED = "Images that were deleted count until they are erased."


@dataclass(frozen=True, slots=True)
class Usage:
    """What an owner keeps: every image that is there or can be restored."""

    bytes: int = 0
    images: int = 0

    def without(self, other: "Usage") -> "Usage":
        """Return what is kept when ``other`` is gone."""
        return Usage(self.bytes - other.bytes, self.images - other.images)


@dataclass(frozen=True, slots=True)
class Quota:
    """What an owner may keep; None: as much as they like."""

    bytes: int | None = None
    images: int | None = None

    def __bool__(self) -> bool:
        return self.bytes is not None or self.images is not None

    def check(self, used: Usage, *, new_bytes: int) -> None:
        """Check that one more image fits beside what is kept.

        Raises:
            QuotaExceededError: It would exceed the quota of bytes or of images; says which.
        """
        if self.bytes is not None and used.bytes + new_bytes > self.bytes:
            raise QuotaExceededError(
                f"{used.bytes} of {self.bytes} bytes are used; {new_bytes} more do not fit. "
                f"{_COUNTED}",
                quota_bytes=self.bytes,
                used_bytes=used.bytes,
                bytes=new_bytes,
            )
        if self.images is not None and used.images >= self.images:
            raise QuotaExceededError(
                f"{used.images} of {self.images} images are used. {_COUNTED}",
                quota_images=self.images,
                used_images=used.images,
            )
