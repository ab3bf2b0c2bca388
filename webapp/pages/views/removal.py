"""Deleting one image by its link, for people without an account."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webapp.core.errors import ShoeboxError
from webapp.images.services import image_by_link, image_delete_by_link
from webapp.pages.card import Card


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, image_id: str, secret: str) -> HttpResponse:
    """Ask, then delete: following a link must change nothing, programs look ahead."""
    try:
        if request.method == "POST":
            image_delete_by_link(image_id=image_id, secret=secret)
            return _page(request, done=True)
        image = image_by_link(image_id=image_id, secret=secret)
    except ShoeboxError as error:
        return _page(request, problem=error.detail, status=error.status)
    return _page(request, card=Card.of(image, None))


def _page(request: HttpRequest, *, status: int = 200, **context: object) -> HttpResponse:
    response = render(request, "pages/remove.html", context, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response
