"""How people get an account: invited, or by themselves where that is allowed."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.invitations import (
    InvitationOverError,
    invitation_accept,
    invitation_create,
    invitation_get,
    invitation_link,
    invitation_revoke,
    sign_up_is_open,
    user_sign_up,
)
from webapp.accounts.models import Invitation, User
from webapp.accounts.principal import is_staff
from webapp.core.errors import NotFoundError, ShoeboxError
from webapp.pages.forms import InviteForm, JoinForm
from webapp.pages.requests import PageRequest

GONE = 410
MOST_INVITATIONS = 200
BACKEND = "django.contrib.auth.backends.ModelBackend"

StaffView = Callable[..., HttpResponse]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Let in who was invited, with the name and password they choose."""
    try:
        found = invitation_get(secret=secret)
    except InvitationOverError as error:
        return _unusable(request, error, status=GONE)
    except NotFoundError as error:
        return _unusable(request, error, status=error.status)
    known = found.user.username if found.user else ""
    form = JoinForm(request.POST or None, known=known)
    return _join(
        request,
        form,
        lambda name, password: invitation_accept(secret=secret, name=name, password=password),
        known=known,
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Make an account for who comes by themselves; 404 where only invitations do."""
    if not sign_up_is_open():
        raise Http404("Accounts are made by invitation here.")
    form = JoinForm(request.POST or None)
    return _join(request, form, lambda name, password: user_sign_up(name=name, password=password))


def _join(
    request: HttpRequest, form: JoinForm, act: Callable[[str, str], User], *, known: str = ""
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            user = act(form.cleaned_data.get("name", ""), form.cleaned_data["password"])
        except ShoeboxError as error:
            form.add_error(None, error.detail)
        else:
            login(request, user, BACKEND)
            return redirect("gallery")
    return _quiet(render(request, "pages/join.html", {"form": form, "known": known}))


def _unusable(request: HttpRequest, error: ShoeboxError, *, status: int) -> HttpResponse:
    return _quiet(render(request, "pages/join.html", {"problem": error.detail}, status=status))


def _quiet(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    return response


def _staff(view: StaffView) -> StaffView:
    """Show a page to staff; for everybody else there is none."""

    @login_required
    @wraps(view)
    def inner(request: PageRequest, **words: int) -> HttpResponse:
        if not is_staff(request.user):
            raise Http404("For staff.")
        return view(request, **words)

    return inner


@_staff
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitations(request: PageRequest) -> HttpResponse:
    """List invitations, and make one; its link is shown in this answer only."""
    form = InviteForm(request.POST or None)
    link = ""
    if request.method == "POST" and form.is_valid():
        try:
            _, secret = invitation_create(email=form.cleaned_data["email"])
            link, form = invitation_link(secret), InviteForm()
        except ShoeboxError as error:
            form.add_error(None, error.detail)
    rows = Invitation.objects.select_related("user")[:MOST_INVITATIONS]
    context = {"form": form, "link": link, "invitations": rows}
    return render(request, "pages/invitations.html", context)


@_staff
@require_POST
def revoke(request: PageRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back."""
    try:
        taken = invitation_revoke(invitation_id=invitation_id)
    except NotFoundError as error:
        raise Http404(error.detail) from None
    except ShoeboxError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, f"The invitation of {taken} does not work any more.")
    return redirect("invitations")
