"""While nothing may be written, every request that would write is told so, signed in or not."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db import Error as DatabaseTrouble
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

from webapp.api.problems import problem_response
from webapp.cluster.read_only import read_only_error, read_only_reason

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@sync_and_async_middleware
def read_only_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[..., Any]:
    """Answer 503 `read-only` to all but safe methods while the index takes no writes.

    One small query per request that would write; none for the others.
    """
    if iscoroutinefunction(get_response):
        get_awaitable = cast("Callable[[HttpRequest], Awaitable[HttpResponse]]", get_response)

        async def answer_later(request: HttpRequest) -> HttpResponse:
            if request.method not in SAFE:
                refused = await sync_to_async(_refusal)(request)
                if refused is not None:
                    return refused
            return await get_awaitable(request)

        return answer_later

    def answer(request: HttpRequest) -> HttpResponse:
        refused = None if request.method in SAFE else _refusal(request)
        return cast("HttpResponse", get_response(request)) if refused is None else refused

    return answer


def _refusal(request: HttpRequest) -> HttpResponse | None:
    try:
        reason = read_only_reason()
    except DatabaseTrouble:
        return None  # whoever needs the index says so in their own words
    return problem_response(read_only_error(reason), request) if reason else None
