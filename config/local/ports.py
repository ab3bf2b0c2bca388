"""Free ports on loopback."""

import errno
import random
import socket

# Below the range from which Linux takes the local ports of outgoing connections, so that a
# free port stays free until the server binds it.
FIRST_PORT = 20_000
LAST_PORT = 32_000
ATTEMPTS = 200
# Not the shared generator: what seeds it would make processes side by side pick the same.
_random = random.SystemRandom()


def is_free(port: int) -> bool:
    """Return whether a server could listen on ``port`` of the loopback address now.

    Raises:
        PermissionError: The port is reserved for root; trying again does not help.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def free_port_block(count: int = 1) -> int:
    """Return the first of ``count`` consecutive free ports, picked at random.

    Random, so that test processes running side by side rarely ask for the same block.

    Raises:
        OSError: No block was free; another call may find one.
    """
    for _ in range(ATTEMPTS):
        first = _random.randrange(FIRST_PORT, LAST_PORT - count)
        if all(is_free(port) for port in range(first, first + count)):
            return first
    raise OSError(errno.EADDRINUSE, f"no {count} consecutive free ports found")
