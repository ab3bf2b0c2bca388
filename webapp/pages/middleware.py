"""Headers every page carries."""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_ADMIN_NEEDS = {
    "script-src 'self'": "'unsafe-eval' 'unsafe-inline'",
    "style-src 'self'": "'unsafe-inline'",
}


@cache
def _policy() -> str:
    images = settings.SHOEBOX.read_url
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
        f"img-src 'self' data: blob: {images}; connect-src 'self'; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors 'none'"
    )


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Allow pages our own scripts and styles, and pictures of the read service. Nothing else.

    The admin's theme needs inline styles and evaluates expressions in its scripts.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        policy = _policy()
        if request.path.startswith("/admin/"):
            policy = policy.replace(
                "script-src 'self'", "script-src 'self' 'unsafe-eval' 'unsafe-inline'"
            )
            policy = policy.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
        response.setdefault("Content-Security-Policy", policy)
        return response

    return middleware
