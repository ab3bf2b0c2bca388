"""What a page's view is given."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django_htmx.middleware import HtmxDetails

from webapp.accounts.models import User
from webapp.accounts.principal import Principal
from webapp.core.errors import NotFoundError
from webapp.images.models import Image, ImageState
from webapp.images.services import image_get


class PageRequest(HttpRequest):
    """A request of somebody who signed in."""

    user: User
    htmx: HtmxDetails


ImageView = Callable[[PageRequest, Image], HttpResponse]


def with_image(view: ImageView) -> Callable[..., HttpResponse]:
    """Give a view the image its address names: to the owner and to staff.

    Everybody else gets 404, as for an image that does not exist or was erased; who has not
    signed in is asked to.
    """

    @login_required
    @wraps(view)
    def inner(request: PageRequest, image_id: str) -> HttpResponse:
        owner = Principal.of_session(request.user).owner_limit
        try:
            image = image_get(image_id=image_id, owner=owner)
        except NotFoundError as error:
            raise Http404(error.detail) from None
        if image.state == ImageState.DELETED and image.restorable_until is None:
            raise Http404("It was erased.")
        return view(request, image)

    return inner
