"""Readers that take nothing of a large original: what each costs in memory."""

import socket
import time

from bench.read.worlds import LARGE, folder_world, images

GOAL_MB = 200
SETTLE_SECONDS = 8


def slow(servers, folder, options):
    world = folder_world(folder / "world")
    path = next(iter(images(world, 1, size=LARGE)))
    reader = servers.reader("reader", world)
    before = reader.largest()
    held = [_ask(reader.port, path) for _ in range(options.readers)]
    most = 0
    for _ in range(SETTLE_SECONDS * 4):
        most = max(most, reader.largest())
        time.sleep(0.25)
    each = (most - before) / options.readers / 1e3
    cells = f"{before / 1e6:.0f} | {most / 1e6:.0f} | {each:.0f} | {GOAL_MB} MB"
    print("| slow readers of 20 MB | process before, MB | most, MB | KB each | goal |")
    print("|---|---|---|---|---|")
    print(f"| {options.readers} | {cells} |")
    for connection in held:
        connection.close()


def _ask(port, path):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    connection.recv(100)
    return connection
