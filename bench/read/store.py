"""A store that speaks as much S3 as a reader needs, and can be told to be ill.

It hands out the files of a directory shard with their labels as user metadata. What STORE_ILL
holds says how: ``late`` answers after two seconds, ``wrong`` changes a byte of every original.
"""

import asyncio
import os
from email.utils import formatdate
from pathlib import Path

from webapp.core.label import label_dump
from webapp.storage.directory import DirectoryStore

LATE_SECONDS = 2.0
LOOK_SECONDS = 0.1
ILL = Path(os.environ["STORE_ILL"])
store = DirectoryStore("store", Path(os.environ["STORE_ROOT"]))
NOTHING = b"<Error><Code>NoSuchKey</Code></Error>"


class Illness:
    """What the file says, looked up now and then."""

    def __init__(self):
        self._looked = 0.0
        self._word = ""

    def word(self):
        now = asyncio.get_running_loop().time()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            self._word = ILL.read_text() if ILL.exists() else ""
        return self._word


illness = Illness()


async def application(scope, _receive, send):
    if scope["type"] != "http":
        return
    key = scope["path"].split("/", 2)[-1]
    word = illness.word()
    if word == "late":
        await asyncio.sleep(LATE_SECONDS)
    with store.open(key) as blob:
        if blob is None:
            await _answer(send, 404, [(b"content-type", b"application/xml")], NOTHING)
            return
        body = blob.read()
    if word == "wrong" and key.endswith("/original"):
        body = bytes([body[0] ^ 1]) + body[1:]
    await _answer(send, 200, _headers(blob.stat), body)


def _headers(stat):
    said = label_dump(stat.label).items() if stat.label else ()
    return [
        (b"etag", b'"e"'),
        (b"last-modified", formatdate(stat.modified, usegmt=True).encode()),
        *((f"x-amz-meta-{name}".encode(), value.encode()) for name, value in said),
    ]


async def _answer(send, status, headers, body):
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
