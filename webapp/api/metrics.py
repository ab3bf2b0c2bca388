"""What the write service counts of its requests, for Prometheus."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

REQUESTS = Counter(
    "shoebox_requests_total",
    "Requests the write service answered, uploads apart.",
    ["method", "route", "status"],
)
SECONDS = Histogram(
    "shoebox_request_seconds",
    "From the request to its answer, uploads apart.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
# A label per word a client makes up would fill the memory.
METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
OTHER: Final = "other"


@sync_and_async_middleware
def requests_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[..., Any]:
    """Count every request by method, route and status, and measure how long it took."""
    if iscoroutinefunction(get_response):
        get_awaitable = cast("Callable[[HttpRequest], Awaitable[HttpResponse]]", get_response)

        async def answer_later(request: HttpRequest) -> HttpResponse:
            began = time.monotonic()
            response = await get_awaitable(request)
            _count(request, response, time.monotonic() - began)
            return response

        return answer_later

    def answer(request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = cast("HttpResponse", get_response(request))
        _count(request, response, time.monotonic() - began)
        return response

    return answer


def _count(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    match = request.resolver_match
    route = match.route if match else OTHER
    method = request.method if request.method in METHODS else OTHER
    REQUESTS.labels(method, route, str(response.status_code)).inc()
    SECONDS.labels(route).observe(seconds)


def metrics_read(_request: HttpRequest) -> HttpResponse:
    """Return everything this process counts, as Prometheus reads it."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
