"""The child: decodes and encodes for its parent, one picture at a time.

``python -m workers.imaging.child PARENT_PID LIMITS THREADS``, its channel on descriptor 0.
It is worth nothing: whatever goes wrong, it ends, and the parent starts another.
"""

import json
import os
import socket
import sys

from workers.imaging.bounded import BoundedFile
from workers.imaging.channel import Channel
from workers.imaging.confine import confine, die_with_parent, peak_memory_bytes, timed
from workers.imaging.formats import prepare
from workers.imaging.messages import pack_failure, pack_rendered, pack_rendition, unpack_job
from workers.imaging.model import MEBIBYTE, Limits, Rendition
from workers.imaging.render import render

PICTURES_PER_CHILD = 200
PEAK_MEMORY_RETIRED = 384 * MEBIBYTE
"""After a large picture memory is in pieces; a new process costs less than finding out."""


def main() -> None:
    """Serve pictures until the parent is gone or this process has done enough."""
    parent_pid, limits_json, threads = sys.argv[1:]
    die_with_parent(int(parent_pid))
    limits = Limits(**json.loads(limits_json))
    channel = Channel(socket.socket(fileno=0))
    prepare()
    confine(limits)
    channel.send({"ready": True})
    for left in reversed(range(PICTURES_PER_CHILD)):
        if not _serve(channel, limits=limits, threads=int(threads), last=left == 0):
            break
    os._exit(0)


def _serve(channel: Channel, *, limits: Limits, threads: int, last: bool) -> bool:
    """Answer one job; False when this process should end."""
    try:
        job, descriptor = channel.receive()
    except EOFError:
        return False
    if descriptor is None:
        raise ValueError(job)

    def made(name: str, rendition: Rendition) -> None:
        channel.send(pack_rendition(name, rendition), blobs=[rendition.data])

    try:
        with timed(limits), BoundedFile(descriptor) as file:
            rendered = render(file, presets=unpack_job(job), threads=threads, made=made)
    except Exception as error:  # noqa: BLE001  # reported; what it means is the parent's
        channel.send(pack_failure(error))
        return False
    last = last or peak_memory_bytes() > PEAK_MEMORY_RETIRED
    channel.send(pack_rendered(rendered.picture, last=last))
    return not last


if __name__ == "__main__":
    main()
