"""Messages between a renderer and its child: JSON, then the bytes it announces.

JSON and lengths, never pickles: the child has touched hostile bytes and may be lying.
"""

import json
import socket
import struct
import time
from collections.abc import Iterable
from typing import Any

_LENGTH = struct.Struct(">I")
MESSAGE_BYTES_MAX = 64 * 1024
"""No message needs more; a longer one is nonsense."""


class Channel:
    """One end of a connected pair of sockets.

    Args:
        sock: A Unix stream socket; closed with the channel.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._deadline: float | None = None

    def expire_in(self, seconds: float | None) -> None:
        """Let everything after this call raise TimeoutError once ``seconds`` have passed."""
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def send(
        self, message: object, *, blobs: Iterable[bytes] = (), descriptor: int | None = None
    ) -> None:
        """Send a message.

        Args:
            message: Anything JSON can hold.
            blobs: Bytes that follow; the message must say how many.
            descriptor: An open file to hand over.

        Raises:
            TimeoutError: Time is up.
            OSError: The other side is gone.
        """
        text = json.dumps(message).encode()
        self._await()
        socket.send_fds(
            self._sock, [_LENGTH.pack(len(text))], [] if descriptor is None else [descriptor]
        )
        for data in (text, *blobs):
            self._await()
            self._sock.sendall(data)

    def receive(self) -> tuple[Any, int | None]:
        """Return the next message, and the descriptor that came with it.

        Raises:
            EOFError: The other side is gone.
            TimeoutError: Time is up.
            ValueError: What came is not a message.
        """
        self._await()
        head, descriptors, _, _ = socket.recv_fds(self._sock, _LENGTH.size, 1)
        head += self.receive_bytes(_LENGTH.size - len(head)) if head else b""
        if not head:
            raise EOFError
        (length,) = _LENGTH.unpack(head)
        if length > MESSAGE_BYTES_MAX:
            raise ValueError(length)
        message = json.loads(self.receive_bytes(length))
        return message, descriptors[0] if descriptors else None

    def receive_bytes(self, count: int) -> bytes:
        """Return the next ``count`` bytes.

        Raises:
            EOFError: The other side is gone.
            TimeoutError: Time is up.
        """
        buffer = bytearray(count)
        rest = memoryview(buffer)
        while rest:
            self._await()
            received = self._sock.recv_into(rest)
            if not received:
                raise EOFError
            rest = rest[received:]
        return bytes(buffer)

    def close(self) -> None:
        """Close this end."""
        self._sock.close()

    def _await(self) -> None:
        if self._deadline is None:
            self._sock.settimeout(None)
            return
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
