"""What an owner does to an image on its page. Each answers with the page again."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from webapp.core.errors import BusyError, ConflictError, ShoeboxError, StaleError
from webapp.core.ids import Kind
from webapp.core.text import clean_text
from webapp.images.models import Image, ImageState
from webapp.images.services import (
    image_delete,
    image_rekey,
    image_restore,
    image_retry,
    image_update,
)
from webapp.pages.requests import PageRequest, with_image

EDIT_ATTEMPTS = 3

Action = Callable[[PageRequest, Image], Image | None]


def _action(act: Action) -> Callable[..., HttpResponse]:
    """Make a view of an action: it returns the image to show then, None for the gallery.

    An error is told in words on the page of the image.
    """

    @require_POST
    @with_image
    @wraps(act)
    def view(request: PageRequest, image: Image) -> HttpResponse:
        try:
            shown = act(request, image)
        except ShoeboxError as error:
            messages.error(request, error.detail)
            shown = image
        return redirect("image", image_id=shown.id) if shown else redirect("gallery")

    return view


@_action
def edit(request: PageRequest, image: Image) -> Image:
    """Change title and album."""
    values = {
        name: clean_text(request.POST[name]) for name in ("title", "album") if name in request.POST
    }
    for _ in range(EDIT_ATTEMPTS):
        if image.state == ImageState.DELETED:
            raise ConflictError("The picture was deleted; restore it first.")
        try:
            return image_update(image=image, values=values)
        except StaleError:  # a worker was at it, which nobody here can know of
            image.refresh_from_db()
    raise BusyError("The picture is being changed by others; try again.")


@_action
def delete(request: PageRequest, image: Image) -> Image | None:
    """Delete, for good when ``erase`` is ticked."""
    erase = bool(request.POST.get("erase"))
    image_delete(image=image, erase=erase)
    messages.success(request, "Erased for good." if erase else "Deleted. It can be restored.")
    return None if erase else image


@_action
def restore(request: PageRequest, image: Image) -> Image:
    """Undo a deletion."""
    restored = image_restore(image=image)
    messages.success(request, "Restored.")
    return restored


@_action
def retry(request: PageRequest, image: Image) -> Image:
    """Make the renditions again."""
    retried = image_retry(image=image)
    messages.success(request, "Trying again.")
    return retried


@_action
def rekey(request: PageRequest, image: Image) -> Image:
    """Change who may read it, which gives it another address."""
    kind = Kind.SIGNED if image.kind is Kind.PUBLIC else Kind.PUBLIC
    moved = image_rekey(image=image, kind=kind)
    messages.success(request, "It has a new address; the old links have ended.")
    return moved
