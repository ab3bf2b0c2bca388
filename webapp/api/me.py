"""Who is asking."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from webapp.accounts.models import Scope
from webapp.accounts.principal import is_staff
from webapp.accounts.services import usage
from webapp.api import schemas
from webapp.api.answers import json_answer
from webapp.api.auth import needs, principal_of

router = Router(tags=["account"])


@router.get("/me", auth=needs(None), response=schemas.Me)
def me_read(request: HttpRequest) -> HttpResponse:
    """Return who is asking, what they may do, what they keep and may keep."""
    principal = principal_of(request)
    user, used = principal.user, usage(principal.user)
    return json_answer(
        {
            "user": {"id": str(user.pk), "name": user.username, "staff": is_staff(user)},
            "scopes": [scope.value for scope in Scope if principal.allows(scope)],
            "usage": {"bytes": used.bytes, "images": used.images},
            "quota": {"bytes": user.quota_bytes, "images": user.quota_images},
        }
    )
