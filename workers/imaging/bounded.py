"""Reading a file whose content lies about its own length."""

import io
import os


class BoundedFile(io.BufferedReader):
    """A file that is never asked for more than it holds.

    Plugins ask for as many bytes as a chunk says it has, and the interpreter allocates them
    before it reads: four bytes could ask for 4 GiB.

    Args:
        descriptor: Of a regular file; closed with this one.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(io.FileIO(descriptor))
        self._size = os.fstat(descriptor).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to ``size`` bytes, all that is left when it is negative."""
        if size is None or size < 0:
            return super().read()
        return super().read(min(size, max(0, self._size - self.tell())))
