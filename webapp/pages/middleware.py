"""Headers every page carries."""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse


@cache
def _policy(*, admin: bool) -> str:
    images = settings.SHOEBOX.read_url
    scripts = "'self' 'unsafe-eval' 'unsafe-inline'" if admin else "'self'"
    styles = "'self' 'unsafe-inline'" if admin else "'self'"
    return (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; font-src 'self'; "
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
        policy = _policy(admin=request.path.startswith("/admin/"))
        response.setdefault("Content-Security-Policy", policy)
        return response

    return middleware
