"""The least an ASGI application can do for the same bytes: what the read service is measured by."""

import os

ROOT = os.environ.get("BARE_ROOT", "")
BODY = bytes(int(os.environ.get("BARE_BYTES", "15000")))


async def _answer(send, body):
    headers = [(b"content-type", b"image/jpeg"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def memory(scope, _receive, send):
    if scope["type"] == "http":
        await _answer(send, BODY)


async def directory(scope, _receive, send):
    """Read the file under the shard's folder that the path names."""
    if scope["type"] == "http":
        with open(ROOT + _key(scope["path"]), "rb") as file:  # noqa: ASYNC230, PTH123 - the least
            body = file.read()
        await _answer(send, body)


def _key(path):
    """Return where the original of ``/{id}`` lies."""
    return f"/{path[5:8]}/{path[1:25]}/original"
