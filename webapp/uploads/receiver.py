"""The receiver: `POST /api/v1/images` as plain ASGI, beside the Django application.

An upload holds a connection for as long as its client is slow. So nothing here holds a
thread while it waits: the body goes to the spool as it arrives, and only a whole one is
given to a thread.
"""

import json
from typing import Any
from urllib.parse import parse_qsl

import structlog
from django.conf import settings
from prometheus_client import Counter, Histogram

from webapp.accounts.models import Scope as TokenScope
from webapp.accounts.sessions import Principal, principal_for
from webapp.core.errors import MalformedRequestError, ShoeboxError
from webapp.core.problem import problem_of
from webapp.images.representation import image_json
from webapp.uploads.accept import upload_accept
from webapp.uploads.admission import Admission, check_length
from webapp.uploads.body import (
    ClientGoneError,
    Receive,
    Scope,
    Send,
    body_chunks,
    headers_of,
)
from webapp.uploads.details import Details, details_read
from webapp.uploads.form import FormReader
from webapp.uploads.spool import Spool
from webapp.uploads.threads import on_store_thread

log = structlog.get_logger(__name__)

PATH = "/api/v1/images"
MAX_KEY_LENGTH = 255
UPLOADS = Counter("shoebox_uploads_total", "Uploads by outcome.", ["outcome"])
SECONDS = Histogram(
    "shoebox_upload_seconds",
    "From the first byte of a request to its answer.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)


class Receiver:
    """Takes uploads and leaves everything else to another ASGI application.

    Args:
        other: Gets every request that is not an upload.
    """

    def __init__(self, other: Any) -> None:
        self._other = other
        self._admission = Admission()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == PATH:
            await self._answer(scope, receive, send)
        else:
            await self._other(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        with SECONDS.time():
            try:
                status, headers, body = await self._receive(scope, receive)
            except ClientGoneError:
                UPLOADS.labels("client-gone").inc()
                return
            except ShoeboxError as error:
                status, headers, body = problem_of(error, instance=PATH)
                UPLOADS.labels(error.code).inc()
            except Exception:  # the outermost door: a defect is logged whole and told shortly
                log.exception("upload failed")
                status, headers, body = problem_of(ShoeboxError(), instance=PATH)
                UPLOADS.labels("internal").inc()
        await _send(send, status, headers, body)

    async def _receive(
        self, scope: Scope, receive: Receive
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        headers = headers_of(scope)
        with self._admission.place():
            check_length(headers)
            key = _idempotency_key(headers)
            await self._admission.check()
            principal = await on_store_thread(principal_for, scope, TokenScope.UPLOAD)
            spool = Spool(folder=settings.SHOEBOX.spool, limit=settings.SHOEBOX.max_upload_bytes)
            try:
                details = await _read(scope, headers, receive, spool)
                spooled = await spool.finish()
            except BaseException:  # also a cancelled request leaves nothing behind
                await spool.discard()
                raise
            return await on_store_thread(_accept, principal, spooled, details, key)


def _idempotency_key(headers: dict[str, str]) -> str:
    key = headers.get("idempotency-key", "")
    if len(key) > MAX_KEY_LENGTH:
        raise MalformedRequestError(
            f"Idempotency-Key has {len(key)} characters; {MAX_KEY_LENGTH} are allowed."
        )
    return key


async def _read(scope: Scope, headers: dict[str, str], receive: Receive, spool: Spool) -> Details:
    chunks = body_chunks(receive, idle_seconds=settings.SHOEBOX.upload_idle_seconds)
    content_type = headers.get("content-type", "")
    if content_type.lower().startswith("multipart/form-data"):
        form = FormReader(content_type=content_type, spool=spool)
        await form.read(chunks)
        return details_read(form.fields, filename=form.filename)
    query = parse_qsl(scope["query_string"].decode("latin-1"), errors="replace")
    details = details_read(dict(query))
    async for chunk in chunks:
        await spool.write(chunk)
    return details


def _accept(
    principal: Principal, spooled: Any, details: Details, idempotency_key: str
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    registered = upload_accept(
        owner=principal.user, spooled=spooled, details=details, idempotency_key=idempotency_key
    )
    image = registered.image
    UPLOADS.labels("duplicate" if registered.duplicate else "stored").inc()
    body = image_json(image, viewer=principal.user, duplicate=registered.duplicate)
    headers = [
        (b"content-type", b"application/json"),
        (b"location", f"{PATH}/{image.id}".encode()),
        (b"etag", f'"{image.revision}"'.encode()),
    ]
    return 200 if registered.duplicate else 201, headers, json.dumps(body).encode()


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    more = [(b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *more]})
    await send({"type": "http.response.body", "body": body})
