"""A user's own tokens."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.models import Scope, User
from webapp.accounts.services import token_make, token_revoke
from webapp.core.errors import NotFoundError
from webapp.pages.forms import TokenForm
from webapp.pages.requests import PageRequest
from webapp.pages.sharex import FILENAME, sharex_config

SHAREX_TOKEN = "ShareX"  # noqa: S105 - what people call it


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: PageRequest) -> HttpResponse:
    """List the tokens of who signed in, and make one; its secret is shown in this answer only."""
    form = TokenForm(request.POST or None, user=request.user)
    secret = ""
    if request.method == "POST" and form.is_valid():
        secret = _make(request.user, form)
        form = TokenForm(user=request.user)
    context = {"form": form, "secret": secret, "tokens": request.user.tokens.all()}
    return render(request, "pages/tokens.html", context)


def _make(user: User, form: TokenForm) -> str:
    days = form.cleaned_data["days"]
    _, secret = token_make(
        user=user,
        name=form.cleaned_data["name"],
        scopes=[Scope(scope) for scope in form.cleaned_data["scopes"]],
        expires_at=timezone.now() + timedelta(days=int(days)) if days else None,
    )
    return secret


@login_required
@never_cache
@require_POST
def sharex(request: PageRequest) -> HttpResponse:
    """Make a token that may upload and send a ShareX configuration with it, to be kept.

    By a form, never by a link: it makes something, and another site must not.
    """
    _, secret = token_make(user=request.user, name=SHAREX_TOKEN, scopes=[Scope.UPLOAD])
    response = JsonResponse(sharex_config(secret=secret), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="{FILENAME}"'
    return response


@login_required
@require_POST
def revoke(request: PageRequest, token_id: int) -> HttpResponse:
    """End a token at once."""
    try:
        token = token_revoke(token_id=token_id, user=request.user)
    except NotFoundError as error:
        raise Http404(error.detail) from None
    messages.success(request, f"“{token.name}” does not work any more.")
    return redirect("tokens")
