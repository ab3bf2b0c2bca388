"""The admin page of dead letters: the same as the command."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from webapp.core.errors import ShoeboxError
from webapp.outbox.dead_letters import (
    NO_RABBITMQ,
    DeadLetter,
    Selection,
    Walk,
    has_dead_letters,
    letters_walk,
)
from webapp.outbox.retries import letter_retry

SEEN = "outbox.view_outboxmessage"
DONE = "outbox.change_outboxmessage"
MOST = 1000
"""So many are looked at, all of them unacknowledged, while a request is answered."""


def dead_letters_view(request: HttpRequest) -> HttpResponse:
    """Show dead letters; take those that were ticked, to try again or to remove.

    Raises:
        PermissionDenied: The person may not look at messages, or not change them.
    """
    if not request.user.has_perm(DONE if request.method == "POST" else SEEN):
        raise PermissionDenied
    if request.method == "POST":
        _act(request)
        return redirect(request.path)
    return _page(request)


def _page(request: HttpRequest) -> HttpResponse:
    letters: list[DeadLetter] = []
    selection = Selection(queue=request.GET.get("queue", ""), looks=MOST)
    walk, note = Walk(), ""

    def keep(letter: DeadLetter) -> bool:
        letters.append(letter)
        return False

    try:
        walk = _walk(selection, keep)
    except ShoeboxError as error:
        note = error.detail
    context = {
        **admin.site.each_context(request),
        "title": "Dead letters",
        "letters": letters,
        "queues": sorted(walk.met),
        "total": walk.total,
        "seen": walk.seen,
        "most": MOST,
        "note": note if has_dead_letters(settings.SHOEBOX.broker_url) else NO_RABBITMQ,
        "may_act": request.user.has_perm(DONE),
    }
    return TemplateResponse(request, "outbox/dead_letters.html", context)


def _act(request: HttpRequest) -> None:
    ids = frozenset(filter(None, request.POST.getlist("id")))
    if not ids:  # no ids would mean all of them
        messages.error(request, "Tick the messages that are meant.")
        return
    retry = request.POST.get("action") == "retry"
    done = _retrier(request) if retry else lambda _letter: True
    try:
        walk = _walk(Selection(ids=ids, limit=MOST, looks=MOST), done)
    except ShoeboxError as error:
        messages.error(request, error.detail)
        return
    messages.success(request, f"{walk.removed} {'tried again' if retry else 'removed'}.")


def _retrier(request: HttpRequest) -> Callable[[DeadLetter], bool]:
    def retry(letter: DeadLetter) -> bool:
        try:
            letter_retry(letter)
        except ShoeboxError as error:
            messages.error(request, f"{letter.task} {letter.subject}: {error.detail}")
            return False
        return True

    return retry


def _walk(selection: Selection, done: Callable[[DeadLetter], bool]) -> Walk:
    return letters_walk(broker_url=settings.SHOEBOX.broker_url, selection=selection, done=done)
