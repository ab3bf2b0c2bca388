"""Where the processor's time of an upload goes, stage by stage, beside a bare receiver's.

The receiver runs in this process and is given bodies as a server gives them, without a network:
what granian and the kernel take for that is the same for both and not in it. Times are those of
the thread that does a stage, so waiting counts nothing.
"""

import asyncio
import importlib
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from bench.write.accept import CONNECTIONS, TWO_COPIES
from bench.write.photos import photo
from bench.write.places import SETTINGS
from tests.system import system_make

SIZE = 300_000
CHUNK = 150_000
WARM = 64
STAGES = {
    "all of it on a store thread": "webapp.uploads.receiver:_accept",
    "look and clean": "webapp.intake.accept:upload_prepare",
    "ask the index": "webapp.images.services.register:known_of",
    "make the row": "webapp.images.services.register:_row",
    "start and await the copies": "webapp.images.services.register:_put",
    "commit": "webapp.images.services.register:upload_commit",
    "tell the image": "webapp.uploads.receiver:image_json",
    "one copy, on its thread (two of them)": "webapp.storage.directory:DirectoryStore.put",
}


def stages_table(folder: Path, *, uploads: int) -> str:
    """Return milliseconds of processor per upload, by stage; SQLite, two copies in folders."""
    folder.mkdir()
    headers = _prepared(folder)
    seen: dict[str, float] = defaultdict(float)
    with _timed(seen):
        from config.asgi import application  # noqa: PLC0415 - reads what was prepared

        took = _run(application, headers, uploads, seen)
    os.environ |= {"BARE_FOLDERS": _folders(folder), "BARE_INDEX": str(folder / "bare.sqlite3")}
    from bench.write.bare import application as bare  # noqa: PLC0415 - as above

    least = _run(bare, {}, uploads, {})
    lines = ["| ms of processor per upload | |", "|---|---|"]
    lines += [f"| {name} | {seconds / uploads * 1000:.2f} |" for name, seconds in seen.items()]
    lines += [f"| **everything** | **{took:.2f}** |", f"| bare receiver | {least:.2f} |"]
    return "\n".join(lines) + f"\n\nBare to ours: {least / took:.2f}\n"


def _folders(folder: Path) -> str:
    places = [folder / "bare" / name for name in ("one", "two")]
    for place in places:
        place.mkdir(parents=True)
    return ":".join(map(str, places))


def _prepared(folder: Path) -> dict[str, str]:
    """Make an index and shards, and become its write service; return what a client sends."""
    (folder / "shoebox").mkdir()
    system = system_make("embedded", folder / "shoebox", **SETTINGS, **TWO_COPIES)
    try:
        for root in system.profile.shard_folders:
            root.mkdir(parents=True)
        system.start(*system.servers)
        system.manage("migrate", "--noinput")
        system.manage("bootstrap")
        os.environ |= system.described("write").env
        return {"authorization": f"Bearer {system.profile.credentials()['token']}"}
    finally:
        system.end()


@contextmanager
def _timed(seen: dict[str, float]) -> Iterator[None]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    importlib.import_module("config.asgi")
    undo = []
    for name, place in STAGES.items():
        module, _, path = place.partition(":")
        owner: Any = importlib.import_module(module)
        *parents, last = path.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        plain = getattr(owner, last)
        undo.append((owner, last, plain))
        setattr(owner, last, _counted(plain, name, seen))
    try:
        yield
    finally:
        for owner, last, plain in undo:
            setattr(owner, last, plain)


def _counted(call: Any, name: str, seen: dict[str, float]) -> Any:
    @wraps(call)
    def counted(*args: Any, **kwargs: Any) -> Any:
        began = time.thread_time()
        try:
            return call(*args, **kwargs)
        finally:
            seen[name] += time.thread_time() - began

    return counted


def _run(
    application: Any, headers: Mapping[str, str], uploads: int, seen: dict[str, float]
) -> float:
    """Return milliseconds of processor per upload, of all threads; our photos left out."""
    asyncio.run(_uploads(application, headers, WARM))
    seen.clear()
    made, began = _photo_seconds(), time.process_time()
    asyncio.run(_uploads(application, headers, uploads))
    return ((time.process_time() - began) / uploads - made) * 1000


def _photo_seconds() -> float:
    began = time.process_time()
    for _ in range(WARM):
        photo(SIZE).new()
    return (time.process_time() - began) / WARM


async def _uploads(application: Any, headers: Mapping[str, str], uploads: int) -> None:
    left = iter(range(uploads))

    async def client() -> None:
        for _ in left:
            status = await _upload(application, headers)
            assert status == 201, status

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(client())


async def _upload(application: Any, headers: Mapping[str, str]) -> int:
    body, sent, answers = photo(SIZE).new(), 0, []

    async def receive() -> dict[str, Any]:
        nonlocal sent
        await asyncio.sleep(0)
        chunk = body[sent : sent + CHUNK]
        sent += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": sent < len(body)}

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    told = {"content-type": "image/jpeg", "content-length": str(len(body)), **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/images",
        "query_string": b"",
        "client": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in told.items()],
    }
    await application(scope, receive, send)
    return int(answers[0]["status"])
