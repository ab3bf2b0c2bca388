"""The least an ASGI application can do for the same bytes: what the read service is measured by."""

import os

ROOT = os.environ.get("BARE_ROOT", "")
STORE = os.environ.get("BARE_STORE", "")
# Not zeros: the kernel would give one page for all of them, and it stays in the core's cache.
BODY = os.urandom(int(os.environ.get("BARE_BYTES", "15000")))
_clients = []


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
        with open(f"{ROOT}/{_key(scope['path'])}", "rb") as file:  # noqa: ASYNC230, PTH123 - the least
            body = file.read()
        await _answer(send, body)


async def s3(scope, _receive, send):
    """Read the object that the path names with obstore, set up as the read service has it."""
    if scope["type"] == "http":
        result = await _client().get_async(_key(scope["path"]))
        await _answer(send, bytes(await result.bytes_async()))


def _client():
    if not _clients:  # not before the fork
        from obstore.store import S3Store  # noqa: PLC0415 - only here

        endpoint, _, bucket = STORE.rpartition("/")
        _clients.append(
            S3Store(
                bucket,
                endpoint=endpoint,
                region="us-east-1",
                virtual_hosted_style_request=False,
                access_key_id="bench",
                secret_access_key="bench of a store that asks for none",  # noqa: S106 - of no use
                client_options={"allow_http": True},
                retry_config={"max_retries": 0},
            )
        )
    return _clients[0]


def _key(path):
    """Return where the original of ``/{id}`` lies."""
    return f"{path[5:8]}/{path[1:25]}/original"
