"""``python -m bench.read.slow``: what 500 readers that take nothing of 20 MB cost in memory."""

import argparse
import os
import socket
import tempfile
import time
from pathlib import Path

from bench.read.servers import Servers
from tests.integration.reader_server import directory_world

BYTES = 20_000_000
SETTLE_SECONDS = 6


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=500)
    parser.add_argument("--port", type=int, default=22480, help="first of 10 free ports")
    parser.add_argument("--granian", default="", help="options, separated by blanks")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Servers(Path(name), told.port) as servers:
        folder = Path(name) / "world"
        folder.mkdir()
        world = directory_world(folder)
        image = world.image(os.urandom(BYTES))
        reader = servers.reader("reader", world, options=told.granian.split())
        before = reader.rss()
        held = [_ask(reader.port, image) for _ in range(told.readers)]
        most = 0
        for _ in range(SETTLE_SECONDS * 4):
            most = max(most, reader.rss())
            time.sleep(0.25)
        each = (most - before) / told.readers
        print(f"before {before / 1e6:.0f} MB, most {most / 1e6:.0f} MB, {each / 1e3:.0f} KB each")
        for connection in held:
            connection.close()


def _ask(port, image):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    connection.sendall(f"GET /{image} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    connection.recv(100)
    return connection


if __name__ == "__main__":
    main()
