"""What the index says of work that waits, and the admin's page of dead letters."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.queue_state import oldest_work
from tests.factories import isolate, make_cluster, make_image, make_user
from tests.integration.page_rows import signed_in
from webapp.images.dead_letters import image_try_again
from webapp.images.models import Image, ImageState
from webapp.outbox.dead_letters import DeadLetter
from webapp.outbox.models import OutboxMessage
from webapp.outbox.retries import letter_retry

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/admin/outbox/outboxmessage/dead-letters/"
LONG_AGO = timezone.now() - timedelta(hours=1)


@pytest.fixture(autouse=True)
def roots(settings, tmp_path):
    isolate(settings, tmp_path)
    return make_cluster(tmp_path)


@pytest.fixture
def image(tmp_path):
    image = make_image(make_user(), tmp_path).image
    OutboxMessage.objects.all().delete()
    return image


def test_the_oldest_work_is_the_image_that_waits_longest(image):
    Image.objects.update(created_at=LONG_AGO)

    assert oldest_work() == {"renditions": LONG_AGO}


def test_a_message_that_is_not_published_counts_for_its_queue(image):
    Image.objects.update(state=ImageState.READY, due_at=None)
    OutboxMessage.objects.create(task="maintenance.import", queue="maintenance", subject="x")
    OutboxMessage.objects.update(created_at=LONG_AGO)

    assert oldest_work() == {"maintenance": LONG_AGO}


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (ImageState.STORED, "stored, due now"),
        (ImageState.FAILED, "was failed, queued again"),
        (ImageState.REJECTED, "rejected: the decoder refused it"),
    ],
)
def test_the_index_decides_what_becomes_of_a_dead_letter(image, state, found):
    Image.objects.update(state=state, attempts=3)

    assert image_try_again(DeadLetter(id="m", subject=image.id)) == found

    image.refresh_from_db()
    assert image.attempts == (3 if state == ImageState.REJECTED else 0)


def test_a_dead_letter_about_an_image_that_is_gone_is_done():
    letter = DeadLetter(id="m", task="replication.replicate", subject="p000gone")

    assert letter_retry(letter) == "gone"


def test_staff_is_told_what_stands_instead_where_there_are_no_dead_letters():
    admin = signed_in(make_user(staff=True, superuser=True))

    assert "What stands instead is the index" in admin.get(PAGE).content.decode()


def test_who_may_not_see_messages_sees_no_dead_letters():
    assert signed_in(make_user(staff=True)).get(PAGE).status_code == 403
