"""What nobody needs any more is forgotten by itself."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from tests.factories import make_user
from tests.integration.page_rows import make_rows, signed_in
from webapp.audit.models import AuditEntry
from webapp.images.models import IdempotencyKey
from workers.forget import forget

pytestmark = pytest.mark.django_db


def test_old_entries_of_the_audit_log_and_old_sessions_go_and_others_stay(settings):
    for _ in range(2):
        signed_in(make_user())
    long_ago = timezone.now() - timedelta(days=settings.SHOEBOX.audit_days + 1)
    AuditEntry.objects.filter(pk=AuditEntry.objects.first().pk).update(at=long_ago)
    Session.objects.filter(pk=Session.objects.first().pk).update(expire_date=long_ago)
    assert (forget(), forget()) == (2, 0)
    assert (AuditEntry.objects.count(), Session.objects.count()) == (1, 1)


def test_a_key_goes_with_the_row_of_its_image():
    owner = make_user()
    kept = make_rows(owner, 1)[0]
    for name, image_id in (("kept", kept.id), ("gone", "p" + "0" * 23)):
        IdempotencyKey.objects.create(
            owner=owner, key=name, source_digest=kept.source_digest, image_id=image_id
        )
    assert (forget(), forget()) == (1, 0)
    assert IdempotencyKey.objects.get().key == "kept"
