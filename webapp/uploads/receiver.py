"""The receiver: `POST /api/v1/images` as plain ASGI, beside the Django application.

An upload holds a connection for as long as its client is slow. So nothing here holds a
thread while it waits: the body goes to the spool as it arrives, and only a whole one is
given to a thread.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import structlog
from django.conf import settings
from django.db import DatabaseError

from webapp.accounts.sessions import Principal
from webapp.core.errors import BusyError, MalformedRequestError, ShoeboxError
from webapp.core.problem import problem
from webapp.images.representation import image_json
from webapp.intake.details import Details, details_read
from webapp.uploads.accept import upload_accept
from webapp.uploads.admission import Admission, check_length
from webapp.uploads.arrival import Arrival
from webapp.uploads.body import (
    ClientGoneError,
    Receive,
    Scope,
    Send,
    body_chunks,
    headers_of,
)
from webapp.uploads.deletion import delete_link_for
from webapp.uploads.early import uploader_of, uploader_recent
from webapp.uploads.form import FormReader
from webapp.uploads.memory import buffer_room
from webapp.uploads.metrics import SECONDS, UPLOADS
from webapp.uploads.spool import Held, Spooled
from webapp.uploads.threads import on_look_thread, on_store_thread
from webapp.uploads.tus.endpoint import TusEndpoint, is_tus

log = structlog.get_logger(__name__)

PATH = "/api/v1/images"
MAX_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: status, headers without the length, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """Takes uploads and leaves everything else to another ASGI application.

    Args:
        other: Gets every request that is not an upload.
    """

    def __init__(self, other: Any) -> None:
        self._other = other
        self._admission = Admission()
        self._tus = TusEndpoint(self._admission)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or take part in start and end of the process."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == PATH:
            await self._answer(scope, receive, send)
        elif scope["type"] == "http" and is_tus(scope["path"]):
            await self._tus(scope, receive, send)
        else:
            await self._other(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        try:
            answer = await self._receive(scope, receive)
        except ClientGoneError as error:
            answer = _refusal(error, outcome="client-gone")
        except ShoeboxError as error:
            answer = _refusal(error)
        except DatabaseError as error:
            log.warning("index away", error=str(error))
            answer = _refusal(BusyError("The index does not answer; try again in a moment."))
        except Exception:  # the outermost door: a defect is logged whole and told shortly
            log.exception("upload failed")
            answer = _refusal(ShoeboxError())
        finally:
            SECONDS.observe(time.perf_counter() - began)
        await _send(send, answer)

    async def _receive(self, scope: Scope, receive: Receive) -> Answer:
        began = time.monotonic()
        headers = headers_of(scope)
        with self._admission.place() as place:
            check_length(headers)
            key = _idempotency_key(headers)
            await self._admission.check()
            principal = uploader_recent(scope)
            if principal is None:
                principal = await on_look_thread(uploader_of, scope, headers)
            place.take(principal.user.pk)
            shoebox = settings.SHOEBOX
            content_type = headers.get("content-type", "")
            del headers  # a slow upload would keep them for minutes
            arrival = Arrival(folder=shoebox.spool, limit=shoebox.max_upload_bytes)
            with arrival:
                try:
                    with buffer_room.taken():
                        details = await _read(scope, content_type, receive, arrival)
                    spooled = await arrival.finish()
                except BaseException:  # also a cancelled request leaves nothing behind
                    await arrival.discard()
                    raise
                return await on_store_thread(began, _accept, principal, spooled, details, key)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Say that nothing has to be prepared; Django itself knows no lifespan."""
    while True:
        phase = (await receive())["type"]
        await send({"type": f"{phase}.complete"})
        if phase == "lifespan.shutdown":
            return


def _idempotency_key(headers: dict[str, str]) -> str:
    key = headers.get("idempotency-key", "")
    if len(key) > MAX_KEY_LENGTH:
        raise MalformedRequestError(
            f"Idempotency-Key has {len(key)} characters; {MAX_KEY_LENGTH} are allowed."
        )
    return key


async def _read(scope: Scope, content_type: str, receive: Receive, arrival: Arrival) -> Details:
    chunks = body_chunks(receive, idle_seconds=settings.SHOEBOX.upload_idle_seconds)
    query = parse_qsl(scope["query_string"].decode("latin-1"), errors="replace")
    details = details_read(dict(query))  # refused beside a form too, where it would not count
    if content_type.lower().startswith("multipart/form-data"):
        form = FormReader(content_type=content_type, spool=arrival)
        await form.read(chunks)
        return details_read(form.fields, filename=form.filename)
    async for chunk in chunks:
        await arrival.write(chunk)
        del chunk
    return details


def _accept(
    principal: Principal, spooled: Spooled | Held, details: Details, idempotency_key: str
) -> Answer:
    registered = upload_accept(
        owner=principal.user, spooled=spooled, details=details, idempotency_key=idempotency_key
    )
    image = registered.image
    UPLOADS.labels("duplicate" if registered.duplicate else "stored").inc()
    body = image_json(
        image,
        viewer=principal.user,
        duplicate=registered.duplicate,
        topology=registered.topology,
    )
    if link := delete_link_for(principal, registered):
        body["links"]["delete"] = link
    headers = {
        "content-type": "application/json",
        "cache-control": "no-store",
        "location": f"{PATH}/{image.id}",
        "etag": f'"{image.revision}"',
    }
    return Answer(200 if registered.duplicate else 201, headers, json.dumps(body).encode())


def _refusal(error: ShoeboxError, *, outcome: str = "") -> Answer:
    UPLOADS.labels(outcome or error.code).inc()
    said = problem(error)
    return Answer(said.status, said.headers, said.body)


async def _send(send: Send, answer: Answer) -> None:
    headers = {**answer.headers, "content-length": str(len(answer.body))}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.body})
