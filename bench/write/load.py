"""As many uploads as a receiver takes: a fixed number of connections, each with one at a time."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.write.photos import Photo

_BOUNDARY = "----bench-7MA4YWxkTrZu0gW"


@dataclass(frozen=True, slots=True)
class Target:
    """Where uploads go.

    Args:
        port: On loopback.
        path: Of the request.
        headers: Sent with each upload.
        form: Name of the form's field; empty: the body is the photo.
    """

    port: int
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    form: str = ""

    def request(self, photo: bytes) -> list[bytes]:
        """Return the bytes of one request, in pieces."""
        before, after, content_type = b"", b"", "image/jpeg"
        if self.form:
            content_type = f"multipart/form-data; boundary={_BOUNDARY}"
            name = f'name="{self.form}"; filename="photo.jpg"'
            before = (
                f"--{_BOUNDARY}\r\nContent-Disposition: form-data; {name}\r\n"
                "Content-Type: image/jpeg\r\n\r\n"
            ).encode()
            after = f"\r\n--{_BOUNDARY}--\r\n".encode()
        length = len(before) + len(photo) + len(after)
        own = {"Host": f"127.0.0.1:{self.port}", "Content-Type": content_type}
        lines = {**own, "Content-Length": str(length), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return [f"POST {self.path} HTTP/1.1\r\n{head}\r\n".encode(), before, photo, after]


@dataclass(slots=True)
class Seen:
    """What a load saw."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    refusal: str = ""

    @property
    def rate(self) -> float:
        """Uploads taken per second."""
        return self.taken / self.seconds

    @property
    def taken(self) -> int:
        return sum(count for status, count in self.statuses.items() if status in {200, 201, 302})

    def note(self, status: int, body: bytes, seconds: float) -> None:
        self.statuses[status] += 1
        self.times.append(seconds)
        if status >= 400:
            self.refusal = body[:300].decode("utf-8", "replace")


def load(target: Target, photo: Photo, *, connections: int, seconds: float) -> Seen:
    """Upload from ``connections`` connections for so long; what is under way then counts."""
    return asyncio.run(_load(target, photo, connections, seconds))


async def _load(target: Target, photo: Photo, connections: int, seconds: float) -> Seen:
    seen, began = Seen(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_upload(target, photo, seen, began + seconds))
    seen.seconds = time.perf_counter() - began
    return seen


async def _upload(target: Target, photo: Photo, seen: Seen, until: float) -> None:
    reader, writer = None, None
    while (began := time.perf_counter()) < until:
        if writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        writer.writelines(target.request(photo.new()))
        await writer.drain()
        status, body, stays = await answer_of(reader)
        seen.note(status, body, time.perf_counter() - began)
        if not stays:
            writer.close()
            writer = None
    if writer is not None:
        writer.close()


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Return status and body of an answer, and whether the connection stays."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    elif headers.get("transfer-encoding") == "chunked":
        body = await _chunks(reader)
    else:
        body = await reader.read()
    return int(first.split(" ")[1]), body, headers.get("connection") != "close"


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body
