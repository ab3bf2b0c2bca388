"""``python -m bench.read.uploads PORT TOKEN``: what reads are isolated from, until it is ended.

Holds slow uploads, and sends whole ones at a steady rate. Says ``ready`` once all are held, and
how many were taken when its input is closed.
"""

import argparse
import asyncio
import io
import os
import random
import sys
from collections import Counter

from PIL import Image

HELD_BYTES, FIRST_BYTES, DROP_BYTES, DROP_SECONDS = 100_000, 20_000, 100, 8.0
PHOTO_BYTES, WIDTH, HEIGHT = 300_000, 1224, 816


class Uploads:
    """A crowd of both kinds."""

    def __init__(self, told):
        self._told = told
        self._photo = photo()
        self._held = 0
        self._all_held = asyncio.Event()
        self.taken = Counter()

    async def run(self, ended):
        async with asyncio.TaskGroup() as tasks:
            slow = [tasks.create_task(self._hold()) for _ in range(self._told.held)]
            await self._all_held.wait()
            print("ready", flush=True)
            while not ended.is_set():
                tasks.create_task(self._whole())
                await asyncio.sleep(1 / self._told.rate)
            for task in slow:
                task.cancel()

    async def _hold(self):
        _, writer = await asyncio.open_connection("127.0.0.1", self._told.port)
        writer.write(self._head(HELD_BYTES) + b"\xff\xd8\xff\xe0" + bytes(FIRST_BYTES))
        await writer.drain()
        self._held += 1
        if self._held == self._told.held:
            self._all_held.set()
        try:
            for _ in range((HELD_BYTES - FIRST_BYTES) // DROP_BYTES - 1):
                await asyncio.sleep(DROP_SECONDS * random.uniform(0.5, 1.5))
                writer.write(bytes(DROP_BYTES))
        finally:
            writer.close()

    async def _whole(self):
        body = different(self._photo)
        try:
            async with asyncio.timeout(30):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._told.port)
                writer.write(self._head(len(body)) + body)
                self.taken[(await reader.readline()).split()[1].decode()] += 1
                writer.close()
        except (OSError, TimeoutError, IndexError) as error:
            self.taken[type(error).__name__] += 1

    def _head(self, length):
        return (
            f"POST /api/v1/images HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "
            f"{self._told.token}\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n"
            "Connection: close\r\n\r\n"
        ).encode()


def different(jpeg):
    """Return a picture that is no duplicate of any: with a comment of its own."""
    return jpeg[:2] + b"\xff\xfe\x00\x12" + os.urandom(16) + jpeg[2:]


def photo():
    """Return a JPEG of one megapixel and about 300 KB."""
    small = Image.frombytes("RGB", (408, 272), random.Random(1).randbytes(408 * 272 * 3))
    picture = small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    data = b""
    for quality in range(60, 100, 2):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        if file.tell() > PHOTO_BYTES:
            break
        data = file.getvalue()
    return data or file.getvalue()


async def _until_closed(told):
    uploads, ended = Uploads(told), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, ended.set)
    await uploads.run(ended)
    print(dict(uploads.taken), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("token")
    parser.add_argument("--held", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=20.0)
    asyncio.run(_until_closed(parser.parse_args()))


if __name__ == "__main__":
    main()
