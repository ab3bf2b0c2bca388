"""Which ports a link may name."""

from collections.abc import Iterable
from typing import Final

_MOST: Final = 2**16


class Ports:
    """Ports and ranges of them.

    Args:
        texts: `80`, or `8000-8099`.

    Raises:
        ValueError: One of them is neither.

    Example:
        >>> 8080 in Ports(["80", "8000-8099"])
        True
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)
        self._ranges = [_range(text) for text in self._texts]

    def __contains__(self, port: int) -> bool:
        """Return whether a link may name ``port``."""
        return any(port in some for some in self._ranges)

    def __str__(self) -> str:
        return ", ".join(self._texts) or "none"


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    ports = range(int(first), int(last or first) + 1)
    if not ports or ports[0] < 1 or ports[-1] >= _MOST:
        raise ValueError(f"{text!r} is not a port or a range of ports")
    return ports
