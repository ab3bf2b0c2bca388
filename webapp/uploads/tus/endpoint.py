"""The tus endpoint: plain ASGI beside the receiver, under the same admission."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import structlog
from django.conf import settings
from django.db import Error as DatabaseTrouble
from prometheus_client import Counter

from webapp.accounts.models import Scope as TokenScope
from webapp.accounts.sessions import principal_for
from webapp.core.errors import BusyError, MethodNotAllowedError, ShoeboxError
from webapp.uploads.admission import Admission, UploadPlace
from webapp.uploads.body import Receive, Scope, Send, body_chunks, headers_of
from webapp.uploads.spool import no_room_is_busy
from webapp.uploads.threads import on_look_thread
from webapp.uploads.tus.answers import PATH, Answer, abilities, answer_send, refusal
from webapp.uploads.tus.continuing import upload_continue, upload_delete, upload_tell
from webapp.uploads.tus.creating import upload_begin
from webapp.uploads.tus.headers import method_of, version_check
from webapp.uploads.tus.place import Place
from webapp.uploads.tus.request import Request

log = structlog.get_logger(__name__)

REQUESTS = Counter(
    "shoebox_tus_requests_total", "Requests of resumable uploads.", ["method", "status"]
)
_ROOT: Final = PATH.rstrip("/")
_CALLS: Final[Mapping[str, Callable[[Request, Place], Awaitable[Answer]]]] = {
    "HEAD": upload_tell,
    "PATCH": upload_continue,
    "DELETE": upload_delete,
}
_WITH_BODY: Final = frozenset({"POST", "PATCH"})
_KNOWN: Final = frozenset({*_CALLS, "POST", "OPTIONS"})


def is_tus(path: str) -> bool:
    """Return whether a path is below the endpoint."""
    return path == _ROOT or path.startswith(PATH)


class TusEndpoint:
    """Answers every request below ``PATH``.

    Args:
        admission: Of all uploads of this process.
    """

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = headers_of(scope)
        method = method_of(scope["method"], headers)
        label = method if method in _KNOWN else "other"
        try:
            with no_room_is_busy():
                answer = await self._answer(scope, receive, method, headers)
        except ShoeboxError as error:
            answer = refusal(error)
        except DatabaseTrouble as error:
            log.warning("index does not answer", error=str(error))
            answer = refusal(BusyError("The index does not answer at the moment."))
        except Exception:  # the outermost door: a defect is logged whole and told shortly
            log.exception("tus request failed")
            answer = refusal(ShoeboxError())
        REQUESTS.labels(label, answer.status).inc()
        await answer_send(send, answer, method=scope["method"])

    async def _answer(
        self, scope: Scope, receive: Receive, method: str, headers: dict[str, str]
    ) -> Answer:
        if method == "OPTIONS":
            return abilities(limit=settings.SHOEBOX.max_upload_bytes)
        upload_id = scope["path"].removeprefix(_ROOT).removeprefix("/")
        _check_method(method, upload_id)
        version_check(headers)
        with self._place(method) as place:
            if place:
                await self._admission.check()
            principal = await on_look_thread(principal_for, scope, TokenScope.UPLOAD)
            if place:
                place.take(principal.user.pk)
            chunks = body_chunks(receive, idle_seconds=settings.SHOEBOX.upload_idle_seconds)
            request = Request(principal, headers, chunks)
            if method == "POST":
                return await upload_begin(request)
            return await _CALLS[method](request, request.place(upload_id))

    def _place(self, method: str) -> AbstractContextManager[UploadPlace | None]:
        """What brings no body, or frees room, is answered however full it is."""
        return self._admission.place() if method in _WITH_BODY else nullcontext()


def _check_method(method: str, upload_id: str) -> None:
    allowed = (*_CALLS, "OPTIONS") if upload_id else ("POST", "OPTIONS")
    if method not in allowed:
        words = ", ".join(allowed)
        raise MethodNotAllowedError(f"{method[:32]} is not one of {words}.", allow=words)
