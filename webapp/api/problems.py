"""Errors as problem documents: whatever goes wrong below ``/api/``, the answer is one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, cast

import structlog
from asgiref.sync import iscoroutinefunction
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.decorators import sync_and_async_middleware
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from webapp.core.errors import (
    BusyError,
    MalformedRequestError,
    MethodNotAllowedError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    OperatorError,
    RateLimitedError,
    ShoeboxError,
    TooLargeError,
)
from webapp.core.problem import CONTENT_TYPE, problem

log = structlog.get_logger(__name__)

PREFIX: Final = "/api/"
FIRST_ERROR: Final = 400
SERVER_ERROR: Final = 500
UNPARSED: Final = "Cannot parse request body"
"""How the framework begins when a body is no JSON."""
MOST_ERRORS: Final = 20
MOST_CHARACTERS: Final = 60
"""Of a wrong value; the caller knows the rest."""

_BY_STATUS: Final[dict[int, type[ShoeboxError]]] = {
    401: NotAuthenticatedError,
    403: NotAllowedError,
    404: NotFoundError,
    405: MethodNotAllowedError,
    413: TooLargeError,
    429: RateLimitedError,
    503: BusyError,
}
_INPUT: Final = (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError)


def problem_response(error: ShoeboxError, request: HttpRequest) -> HttpResponse:
    """Return the answer to a request that ended in ``error``."""
    said = problem(error, instance=request.path)
    return HttpResponse(said.body, status=said.status, headers=dict(said.headers))


def error_of(exception: Exception) -> ShoeboxError:
    """Return what an exception of the framework means to a caller."""
    match exception:
        case ShoeboxError():
            return exception
        case ValidationError():
            return _invalid(exception)
        case AuthenticationError():
            return NotAuthenticatedError("Send `Authorization: Bearer TOKEN`, or sign in.")
        case HttpError():
            return _of_status(exception.status_code, exception.message)
        case RequestDataTooBig():
            return TooLargeError("The body is larger than any this call takes.")
        case _:
            return _of_framework(exception)


def _of_framework(exception: Exception) -> ShoeboxError:
    if isinstance(exception, _INPUT):
        return MalformedRequestError("The request cannot be parsed.")
    if isinstance(exception, Http404):
        return NotFoundError("There is nothing at this address.")
    if isinstance(exception, PermissionDenied):
        return NotAllowedError()
    if isinstance(exception, OperationalError | InterfaceError):
        return BusyError("The index does not answer at the moment.")
    return ShoeboxError()


def _invalid(error: ValidationError) -> MalformedRequestError:
    wrong = error.errors[:MOST_ERRORS]
    errors = [{"where": _where(item["loc"]), "message": item["msg"]} for item in wrong]
    said = (f"{_where(item['loc'])}{_value(item)}: {item['msg']}" for item in wrong)
    return MalformedRequestError(f"{'; '.join(said)}.", errors=errors)


def _where(loc: Sequence[object]) -> str:
    """Return what the caller knows a value by: inside a body, not our name for the whole."""
    known = [*loc[:1], *loc[2:]] if loc[0] == "body" else loc
    return ".".join(str(part) for part in known)


def _value(item: Mapping[str, Any]) -> str:
    value = item.get("input")
    if not isinstance(value, str | int | float):
        return ""
    said = repr(value)
    return f" {said}" if len(said) <= MOST_CHARACTERS else f" {said[:MOST_CHARACTERS]}…"


def _of_status(status: int, detail: str = "", **extra: object) -> ShoeboxError:
    if status >= SERVER_ERROR and status not in _BY_STATUS:
        return ShoeboxError()
    if detail.startswith(UNPARSED):
        detail = "The body of this call has to be JSON, and is not."
    return _BY_STATUS.get(status, MalformedRequestError)(detail, **extra)


def answer_exception(request: HttpRequest, exception: Exception | type[Exception]) -> HttpResponse:
    """Answer a request that ended in an exception; what nobody foresaw is logged whole."""
    error = error_of(cast("Exception", exception))
    if type(error) is ShoeboxError:
        log.error("unexpected", path=request.path, method=request.method, exc_info=exception)
    elif isinstance(error, OperatorError | BusyError):
        log.warning("not answered", path=request.path, code=error.code, detail=error.detail)
    return problem_response(error, request)


def handlers_install(api: NinjaAPI) -> None:
    """Let ``api`` answer every exception with a problem document."""
    for kind in (Exception, Http404, HttpError, ValidationError):
        api.add_exception_handler(kind, answer_exception)


@sync_and_async_middleware
def problems_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[..., Any]:
    """Turn errors the framework answers by itself below ``/api/`` into problem documents.

    An unknown address, a wrong method, a forged host: none of them reaches an operation.
    """
    if iscoroutinefunction(get_response):
        get_awaitable = cast("Callable[[HttpRequest], Awaitable[HttpResponse]]", get_response)

        async def answer_later(request: HttpRequest) -> HttpResponse:
            return _as_problem(request, await get_awaitable(request))

        return answer_later

    def answer(request: HttpRequest) -> HttpResponse:
        return _as_problem(request, get_response(request))

    return answer


def _as_problem(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    said_already = response.headers.get("Content-Type") == CONTENT_TYPE
    if not request.path.startswith(PREFIX) or response.status_code < FIRST_ERROR or said_already:
        return response
    allow = response.headers.get("Allow")
    extra = {"allow": ", ".join(sorted(allow.split(", ")))} if allow else {}
    return problem_response(_of_status(response.status_code, **extra), request)
