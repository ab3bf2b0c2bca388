"""The page of one image."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from webapp.images.albums import albums_of
from webapp.images.models import Image
from webapp.pages.card import Card
from webapp.pages.gallery import MOST_ALBUMS
from webapp.pages.neighbours import neighbours_of
from webapp.pages.requests import PageRequest, with_image
from webapp.pages.share import share_of


@require_GET
@cache_control(private=True, no_cache=True)
@with_image
def image_page(request: PageRequest, image: Image) -> HttpResponse:
    """Show one image and everything that can be done with it."""
    card = Card.of(image, request.user)
    context = {
        "card": card,
        "image": image,
        "share": share_of(card, size=request.GET.get("size", "")),
    }
    if request.htmx:
        return render(request, "pages/parts/share.html", context)
    context |= {
        "albums": albums_of(image.owner, most=MOST_ALBUMS),
        "neighbours": neighbours_of(image),
    }
    return render(request, "pages/image.html", context)
