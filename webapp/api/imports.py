"""Imports: asking for a picture by its link, and how far it is."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Body, Header, Path

from webapp.accounts.models import Scope
from webapp.accounts.principal import Principal
from webapp.api import schemas
from webapp.api.answers import json_answer
from webapp.api.auth import needs, principal_of
from webapp.core.ids import kind_parse
from webapp.core.text import clean_text
from webapp.images.delete_link import delete_link_of
from webapp.imports.models import Import
from webapp.imports.representation import API_IMPORTS, import_json
from webapp.imports.services import import_add, import_get
from webapp.intake.details import Details

router = Router(tags=["imports"])

ImportId = Annotated[str, Path(description="As it was answered.")]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        description="The same key and request give the same import; another request gives 409.",
    ),
]


@router.post("/imports", auth=needs(Scope.UPLOAD), response={202: schemas.Import})
def import_ask(
    request: HttpRequest,
    asked: Annotated[schemas.ImportAsk, Body()],
    idempotency_key: IdempotencyKey = "",
) -> HttpResponse:
    """Have a picture fetched from a link, and stored like an upload. It is done later."""
    principal = principal_of(request)
    user = principal.user
    details = Details(
        title=clean_text(asked.title), album=clean_text(asked.album), kind=kind_parse(asked.kind)
    )
    added = import_add(owner=user, url=asked.url, details=details, idempotency_key=idempotency_key)
    response = json_answer(_told(added, principal), status=202)
    response["Location"] = f"{API_IMPORTS}/{added.pk}"
    return response


@router.get("/imports/{import_id}", auth=needs(Scope.UPLOAD), response=schemas.Import)
def import_read(request: HttpRequest, import_id: ImportId) -> HttpResponse:
    """Tell how far an import is, with the image once it is done."""
    principal = principal_of(request)
    asked = import_get(import_id=import_id, owner=principal.owner_limit)
    return json_answer(_told(asked, principal))


def _told(asked: Import, principal: Principal) -> dict[str, Any]:
    """Return an import as its owner's token may see it: with the delete link of its image."""
    told = import_json(asked, viewer=principal.user)
    is_own = asked.owner_id == principal.user.pk
    if told["image"] and is_own and principal.is_told_to_delete(brought=not asked.duplicate):
        link = delete_link_of(asked.image_id)
        told["image"]["links"] |= {"delete": link} if link else {}
    return told
