"""What is shown when a page could not be made."""

import sys
from typing import Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

RETRY_SECONDS: Final = 5


def server_error(_request: HttpRequest) -> HttpResponse:
    """Say that the index is away, which passes, or that something is wrong with Shoebox.

    Called where the exception is handled, and rendered without the request: its user is a row
    of the index.
    """
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
        return HttpResponse(render_to_string("503.html"), status=503, headers=headers)
    return HttpResponse(render_to_string("500.html"), status=500)
