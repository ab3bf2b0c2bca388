"""Readers that take nothing of what they asked for: what each costs in memory."""

import socket
import time

from bench.read.worlds import LARGE, MEDIUM, folder_world, images

GOAL_MB = 200
SETTLE_SECONDS = 8
PHOTO = 5_000_000
PHOTOS = 200


def slow(servers, folder, options):
    world = folder_world(folder / "world")
    large, photo = (next(iter(images(world, 1, size=size))) for size in (LARGE, PHOTO))
    medium = next(iter(images(world, 1, size=MEDIUM)))
    photos = list(images(world, PHOTOS, size=PHOTO))
    print("| slow readers | of | process before, MB | most, MB | KB each | goal |")
    print("|---|---|---|---|---|---|")
    _row(servers, world, "20 MB", [(large, "")] * options.readers, goal=f"{GOAL_MB} MB")
    _row(servers, world, "5 MB, each another", [(path, "") for path in photos])
    tails = [(photo, f"Range: bytes={at + 1}-\r\n") for at in range(PHOTOS)]
    _row(servers, world, "all but the start of 5 MB", [(photo, ""), *tails])
    _row(servers, world, "300 KB", [(medium, "")] * options.readers)


def _row(servers, world, what, asked, *, goal=""):
    reader = servers.reader(f"reader{len(asked)}{what[:2].strip()}", world)
    before = reader.largest()
    held = [_ask(reader.port, path, header) for path, header in asked]
    most = 0
    for _ in range(SETTLE_SECONDS * 4):
        most = max(most, reader.largest())
        time.sleep(0.25)
    each = (most - before) / len(asked) / 1e3
    print(
        f"| {len(asked)} | {what} | {before / 1e6:.0f} | {most / 1e6:.0f} | {each:.0f} | {goal} |",
        flush=True,
    )
    for connection in held:
        connection.close()


def _ask(port, path, header):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n".encode())
    connection.recv(100)
    return connection
