"""What can go wrong with one picture, by what the caller should record.

ImagingError
├── NotDecodableError   the decoder refused the bytes; refused twice, the image is ``rejected``
├── LimitHitError       memory, CPU time or wall time ran out; the image is ``failed``
├── ChildKilledError    the child died or failed without saying why; the image is ``failed``
└── CodecMissingError   this machine cannot decode the type; the image is ``failed``

All take positional arguments only, so that they survive pickling between processes of a
worker pool. ``code`` is stable: it is what an image's ``reason`` says.
"""

from typing import Literal

Refusal = Literal["not-decodable", "truncated", "too-many-pixels", "unsupported-type"]
Limit = Literal["memory", "cpu", "wall"]

DETAIL_CHARACTERS = 200
"""Decoders quote the file in their messages; a reason stays a line."""


class ImagingError(Exception):
    """Base of everything this room raises about one picture.

    Args:
        detail: What the decoder or the system said; cut to a line.
    """

    def __init__(self, detail: str = "", /) -> None:
        self.detail = " ".join(detail.split())[:DETAIL_CHARACTERS]
        super().__init__(detail)

    @property
    def code(self) -> str:
        """Return the stable code of this failure."""
        raise NotImplementedError

    def __str__(self) -> str:
        """Return the code and what is known beside it."""
        return f"{self.code}: {self.detail}" if self.detail else self.code


class NotDecodableError(ImagingError):
    """The decoder refused the bytes. The same bytes will be refused again.

    Args:
        reason: Why; the same codes an upload is refused with.
        detail: What the decoder said.
    """

    def __init__(self, reason: Refusal, detail: str = "", /) -> None:
        super().__init__(detail)
        self.reason: Refusal = reason
        self.args = (reason, detail)

    @property
    def code(self) -> str:
        """Return the reason."""
        return self.reason


class LimitHitError(ImagingError):
    """The picture needs more than it may have. Trying again helps only with higher limits.

    Args:
        limit: What ran out.
        detail: How much was allowed.
    """

    def __init__(self, limit: Limit, detail: str = "", /) -> None:
        super().__init__(detail)
        self.limit: Limit = limit
        self.args = (limit, detail)

    @property
    def code(self) -> str:
        """Return ``limit-`` and what ran out."""
        return f"limit-{self.limit}"


class ChildKilledError(ImagingError):
    """The child died, or failed in a way that is not the picture's. Trying again may help."""

    @property
    def code(self) -> str:
        """Return ``child-killed``."""
        return "child-killed"


class CodecMissingError(ImagingError):
    """Nothing here decodes this type. Trying again helps on a machine that has the codec."""

    @property
    def code(self) -> str:
        """Return ``codec-missing``."""
        return "codec-missing"
