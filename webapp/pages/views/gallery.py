"""The gallery, and tiles that replace those of it which changed."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from webapp.core.errors import MalformedRequestError
from webapp.images.albums import albums_of
from webapp.images.models import Image
from webapp.images.paging import page_of
from webapp.pages.card import Card
from webapp.pages.gallery import MOST_ALBUMS, PAGE_IMAGES, Filters
from webapp.pages.requests import PageRequest


@require_GET
@login_required
@cache_control(private=True, no_cache=True)
@vary_on_headers("HX-Request")
def gallery(request: PageRequest) -> HttpResponse:
    """Show the images of who signed in; to htmx only the part that follows a cursor."""
    filters = Filters.of(request.GET)
    rows = filters.rows(request.user)
    try:
        page = page_of(rows, limit=PAGE_IMAGES, cursor=request.GET.get("cursor"), text=filters.q)
    except MalformedRequestError as error:
        raise BadRequest(error.detail) from None
    context = {
        "cards": [Card.of(image, request.user) for image in page.images],
        "more": filters.query(cursor=page.next) if page.next else "",
        "filters": filters,
    }
    part = bool(request.htmx) and not request.htmx.history_restore_request
    if part and "cursor" in request.GET:
        return render(request, "pages/parts/items.html", context)
    context["albums"] = albums_of(request.user, most=MOST_ALBUMS)
    return render(request, "pages/parts/results.html" if part else "pages/gallery.html", context)


@require_GET
@login_required
@cache_control(private=True, no_cache=True)
def tiles(request: PageRequest) -> HttpResponse:
    """Show the tiles named by ``id``, as many as a page has; those of others are left out."""
    names = [name for name in request.GET.getlist("id") if "\0" not in name][:PAGE_IMAGES]
    rows = Image.objects.visible_to(request.user).not_deleted().filter(id__in=names)
    cards = [Card.of(image, request.user) for image in rows]
    return render(request, "pages/parts/items.html", {"cards": cards})
