"""Calls about images. Each parses, calls one service, answers."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Body, Header, Path, Query

from webapp.accounts.models import Scope
from webapp.accounts.principal import Principal
from webapp.api import schemas
from webapp.api.answers import image_answer, json_answer, moved_answer
from webapp.api.auth import link_secret, needs, principal_of
from webapp.api.editing import image_edit
from webapp.api.finding import image_alive_for, image_for, is_erased
from webapp.api.waiting import Waiting
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import NotAllowedError
from webapp.core.ids import id_parse
from webapp.core.on_demand import size_make
from webapp.images.models import Image, ImageQuerySet, ImageState
from webapp.images.paging import page_of
from webapp.images.replicas import image_replicas
from webapp.images.representation import image_json, link_maker, replicas_of
from webapp.images.services import (
    image_delete,
    image_delete_by_link,
    image_get,
    image_restore,
    image_retry,
)

router = Router(tags=["images"])

ImageId = Annotated[str, Path(description="24 characters.")]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="ETag of what the caller read.")
]
WaitSeconds = Annotated[
    float,
    Query(ge=0, allow_inf_nan=False, description="Until it is no longer `stored`; 30 at most."),
]
Erase = Annotated[bool, Query(description="It cannot be restored.")]
MOST_SECRET = 64
Secret = Annotated[
    str, Query(max_length=MOST_SECRET, description="Of its delete link, instead of a token.")
]
ME = "me"
waiting = Waiting()


@router.get("/images", auth=needs(Scope.READ), response=schemas.ImageList)
def images_list(request: HttpRequest, query: Annotated[schemas.ListQuery, Query()]) -> HttpResponse:
    """List images, newest first: the caller's own, to staff everybody's."""
    principal = principal_of(request)
    rows = _wanted(principal, query)
    page = page_of(rows, limit=query.limit, cursor=query.cursor, text=query.q or "")
    topology = topology_now()
    items = [image_json(i, viewer=principal.user, topology=topology) for i in page.images]
    return json_answer({"items": items, "next": page.next})


def _wanted(principal: Principal, query: schemas.ListQuery) -> ImageQuerySet:
    rows: ImageQuerySet = Image.objects.all()
    if not principal.sees_all or query.owner == ME:
        rows = rows.visible_to(principal.user)
    if query.owner not in {None, ME}:
        rows = rows.filter(owner__username=query.owner)
    if query.state is None:
        rows = rows.not_deleted()
    elif query.state is ImageState.DELETED:
        rows = rows.filter(state=ImageState.DELETED, restorable_until__isnull=False)
    else:
        rows = rows.filter(state=query.state)
    return rows.filter(album=query.album) if query.album is not None else rows


@router.get("/images/{image_id}", auth=needs(Scope.READ), response=schemas.Image)
async def image_read(
    request: HttpRequest, image_id: ImageId, wait: WaitSeconds = 0
) -> HttpResponse:
    """Return an image, deleted ones too while they can be restored."""
    principal = principal_of(request)
    if wait:
        image = await sync_to_async(_find_and_let_go)(principal, image_id)
        await waiting.while_stored(image.id, seconds=min(wait, schemas.MOST_WAIT_SECONDS))
    return await sync_to_async(_read)(request, image_id)


def _find_and_let_go(principal: Principal, image_id: str) -> Image:
    """Find an image, and hold no connection to the index while its reader waits."""
    try:
        return image_for(principal, image_id)
    finally:
        close_old_connections()


def _read(request: HttpRequest, image_id: str) -> HttpResponse:
    return image_answer(request, image_for(principal_of(request), image_id))


@router.patch("/images/{image_id}", auth=needs(Scope.UPLOAD), response=schemas.Image)
def image_patch(
    request: HttpRequest,
    image_id: ImageId,
    change: Annotated[schemas.ImagePatch, Body()],
    if_match: IfMatch = None,
) -> HttpResponse:
    """Change title, album, file name or kind. A new kind needs scope `delete` too."""
    principal = principal_of(request)
    if change.kind is not None:
        principal.require(Scope.DELETE)
    image = image_alive_for(principal, image_id)
    edited = image_edit(image=image, change=change, if_match=if_match)
    return image_answer(request, edited) if edited.id == image.id else moved_answer(request, edited)


@router.delete("/images/{image_id}", auth=[link_secret, *needs(Scope.DELETE)], response={204: None})
def image_remove(
    request: HttpRequest,
    image_id: ImageId,
    erase: Erase = False,  # noqa: FBT002 - a query parameter
    secret: Secret = "",
) -> HttpResponse:
    """Delete an image. Twice is once; without `erase` it can be restored for 30 days.

    With the `secret` of its delete link no token is needed, and it works once: then 404.
    """
    if secret:
        return _remove_by_link(image_id, secret, erase=erase)
    owner = principal_of(request).owner_limit
    image = image_get(image_id=str(id_parse(image_id)), owner=owner)
    if not is_erased(image):
        image_delete(image=image, erase=erase)
    return HttpResponse(status=204)


def _remove_by_link(image_id: str, secret: str, *, erase: bool) -> HttpResponse:
    if erase:
        raise NotAllowedError("A delete link deletes; only who owns an image erases it.")
    image_delete_by_link(image_id=str(id_parse(image_id)), secret=secret)
    return HttpResponse(status=204)


@router.post("/images/{image_id}/restore", auth=needs(Scope.DELETE), response=schemas.Image)
def image_undelete(request: HttpRequest, image_id: ImageId) -> HttpResponse:
    """Undo a deletion."""
    return image_answer(request, image_restore(image=image_for(principal_of(request), image_id)))


@router.post("/images/{image_id}/retry", auth=needs(Scope.UPLOAD), response={202: schemas.Image})
def image_try_again(request: HttpRequest, image_id: ImageId) -> HttpResponse:
    """Make the renditions of a failed or rejected image again."""
    image = image_alive_for(principal_of(request), image_id)
    return image_answer(request, image_retry(image=image), status=202)


@router.get("/images/{image_id}/link", auth=needs(Scope.READ), response=schemas.Link)
def image_link(
    request: HttpRequest, image_id: ImageId, query: Annotated[schemas.LinkQuery, Query()]
) -> HttpResponse:
    """Sign a link to a size no preset has; it is made when it is first read.

    Read services answer 404 where they have nobody who makes sizes.
    """
    image = image_alive_for(principal_of(request), image_id)
    size = size_make(width=query.width, height=query.height, mode=query.mode)
    maker = link_maker(seconds=query.seconds or 0)
    ends = datetime.fromtimestamp(maker.exp, UTC).isoformat()
    return json_answer({"url": maker.on_demand(image.id, size, query.format), "expires_at": ends})


@router.get("/images/{image_id}/replicas", auth=needs(Scope.READ), response=schemas.ReplicaList)
def image_positions(request: HttpRequest, image_id: ImageId) -> HttpResponse:
    """Ask every position of an image for its copy of the original."""
    image = image_for(principal_of(request), image_id)
    positions = [asdict(position) for position in image_replicas(image)]
    wanted = replicas_of(image, topology_now())["wanted"]
    return json_answer({"wanted": wanted, "positions": positions})
