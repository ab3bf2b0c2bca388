"""What nobody needs any more is forgotten by itself."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from tests.factories import make_user
from tests.integration.api_caller import QUICK_HASHERS
from tests.integration.page_rows import signed_in
from webapp.audit.models import AuditEntry
from workers.forget import forget

pytestmark = pytest.mark.django_db


def test_old_entries_of_the_audit_log_and_old_sessions_go_and_others_stay(settings):
    settings.PASSWORD_HASHERS = QUICK_HASHERS
    for _ in range(2):
        signed_in(make_user())
    long_ago = timezone.now() - timedelta(days=settings.SHOEBOX.audit_days + 1)
    AuditEntry.objects.filter(pk=AuditEntry.objects.first().pk).update(at=long_ago)
    Session.objects.filter(pk=Session.objects.first().pk).update(expire_date=long_ago)
    assert (forget(), forget()) == (2, 0)
    assert (AuditEntry.objects.count(), Session.objects.count()) == (1, 1)
