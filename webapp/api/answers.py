"""Answers: an image as JSON, with what HTTP says beside it."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified

from webapp.api.auth import principal_of
from webapp.api.etags import etag_known, etag_of
from webapp.images.models import Image
from webapp.images.representation import API_IMAGES, image_json

NO_KEEPING = "private, no-cache"


def json_answer(data: Any, *, status: int = 200) -> HttpResponse:
    """Return JSON that only its reader may keep, and must ask about each time."""
    response = HttpResponse(json.dumps(data), status=status, content_type="application/json")
    response["Cache-Control"] = NO_KEEPING
    return response


def image_answer(request: HttpRequest, image: Image, *, status: int = 200) -> HttpResponse:
    """Return an image as whoever asks may see it; nothing when they have just that already."""
    response = json_answer(image_json(image, viewer=principal_of(request).user), status=status)
    response["ETag"] = etag_of(image.revision, response.content)
    if request.method == "GET" and etag_known(
        request.headers.get("If-None-Match"), response["ETag"]
    ):
        return _not_modified(response)
    return response


def moved_answer(request: HttpRequest, image: Image) -> HttpResponse:
    """Return an image that has another address now."""
    response = image_answer(request, image)
    response["Location"] = f"{API_IMAGES}/{image.id}"
    return response


def _not_modified(whole: HttpResponse) -> HttpResponse:
    response = HttpResponseNotModified()
    for name in ("ETag", "Cache-Control"):
        response[name] = whole[name]
    return response
