"""A task of the `maintenance` queue that beat sends: what nobody needs any more is forgotten."""

from celery import shared_task
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from webapp.audit.services import audit_prune
from webapp.images.services.idempotency import keys_prune


@shared_task(name="maintenance.forget")
def forget() -> int:
    """Delete old entries of the audit log, sessions that are over and keys; return how many."""
    sessions, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    return audit_prune(days=settings.SHOEBOX.audit_days) + sessions + keys_prune()
