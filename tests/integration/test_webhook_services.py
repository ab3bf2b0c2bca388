"""Webhooks in the index: what is told to whom, once, and who may see it."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.factories import make_user
from tests.integration.page_rows import make_row, signed_in
from webapp.outbox.message import EventMessage
from webapp.outbox.tasks import Event
from webapp.webhooks.deliveries import (
    LEASE,
    LOG_KEPT,
    deliveries_forget,
    delivery_again,
    delivery_claim,
    delivery_note,
    parcel_make,
)
from webapp.webhooks.models import DeliveryState, Webhook, WebhookDelivery
from webapp.webhooks.posting import Answer
from webapp.webhooks.services import deliveries_make, webhook_add, webhook_set_active

pytestmark = pytest.mark.django_db(transaction=True)

URL = "https://hooks.example.org/in"
FAILED = Answer(status=500, error="answered 500")
ARRIVED = Answer(status=204)
DELIVERIES = "/admin/webhooks/webhookdelivery/"


@pytest.fixture
def image():
    return make_row(make_user())


@pytest.fixture
def webhook(image):
    return webhook_add(owner=image.owner, url=URL, events=[])


def message(image, *, event=Event.READY, number=1):
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return EventMessage(message_id=f"m{number}", event=event, image_id=image.id, at=at)


def claim(*, busy=(), later=timedelta()):
    return delivery_claim(busy=busy, now=timezone.now() + later)


@pytest.fixture
def delivery(image, webhook):
    deliveries_make(message=message(image))
    return WebhookDelivery.objects.get()


def test_a_message_that_comes_twice_makes_one_delivery(image, webhook):
    for _ in range(2):
        deliveries_make(message=message(image))

    assert WebhookDelivery.objects.count() == 1


def test_each_webhook_of_the_owner_gets_its_own_delivery(image, webhook):
    webhook_add(owner=image.owner, url=URL, events=[])

    assert deliveries_make(message=message(image)) == 2


def test_others_are_not_told(image):
    webhook_add(owner=make_user(), url=URL, events=[])

    assert deliveries_make(message=message(image)) == 0


def test_an_owner_who_may_not_sign_in_is_told_nothing(image, webhook):
    type(image.owner).objects.update(is_active=False)

    assert deliveries_make(message=message(image)) == 0


def test_only_events_that_were_asked_for_are_told(image):
    webhook_add(owner=image.owner, url=URL, events=[Event.DELETED])

    assert deliveries_make(message=message(image, event=Event.READY)) == 0
    assert deliveries_make(message=message(image, event=Event.DELETED)) == 1


def test_a_paused_webhook_is_told_nothing_and_what_is_due_waits(webhook, delivery, image):
    webhook_set_active(webhook=webhook, active=False)

    assert deliveries_make(message=message(image, number=2)) == 0
    assert claim() is None


def test_a_claimed_delivery_is_given_to_nobody_else_until_its_lease_is_over(delivery):
    assert claim().pk == delivery.pk
    assert claim() is None
    assert claim(later=LEASE).attempts == 2


def test_a_webhook_that_has_enough_under_way_is_passed_over(delivery):
    assert claim(busy=[delivery.webhook_id]) is None


def test_what_arrived_is_never_due_again(delivery):
    delivery_note(delivery=claim(), answer=ARRIVED)

    assert claim(later=timedelta(days=1)) is None
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_status) == (DeliveryState.DELIVERED, 204)


def test_what_failed_is_due_again_after_its_wait(delivery):
    delivery_note(delivery=claim(), answer=FAILED)

    assert claim() is None
    assert claim(later=timedelta(seconds=7)).last_error == "answered 500"


def test_what_failed_too_often_is_dead(delivery, settings):
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"webhook_attempts": 1})
    delivery_note(delivery=claim(), answer=FAILED)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.DEAD, 1)


def test_an_attempt_whose_lease_ended_changes_nothing_any_more(delivery):
    slow = claim()
    claim(later=LEASE)
    delivery_note(delivery=slow, answer=ARRIVED)

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.WAITING


def test_a_dead_delivery_can_be_delivered_again(delivery):
    WebhookDelivery.objects.update(state=DeliveryState.DEAD, attempts=16)
    delivery_again(delivery=delivery)

    assert claim().attempts == 1


def test_what_ended_long_ago_is_forgotten_and_nothing_else(delivery, image):
    deliveries_make(message=message(image, number=2))
    delivery_note(delivery=claim(), answer=ARRIVED)

    assert deliveries_forget(now=timezone.now()) == 0
    assert deliveries_forget(now=timezone.now() + LOG_KEPT) == 1
    assert WebhookDelivery.objects.count() == 1


def test_the_image_is_told_as_to_a_stranger(delivery, image):
    type(image).objects.update(private=True)
    told = json.loads(parcel_make(delivery=claim()).body)

    assert told["image"]["id"] == image.id
    assert "private" not in told["image"]["links"]
    assert told["image"]["links"]["original"] is None


def test_an_image_whose_row_is_gone_is_told_by_its_id(delivery, image):
    image.delete()

    assert json.loads(parcel_make(delivery=claim()).body) == {
        "event": "image.ready",
        "at": "2026-11-22T00:00:00+00:00",
        "image": {"id": delivery.image_id},
    }


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_an_operator_adds_lists_and_removes_and_sees_the_secret_once():
    user = make_user()
    secret, _ = run("webhook", "add", "--user", user.username, "--url", URL)
    assert Webhook.objects.get().secret == secret.strip()

    listed, _ = run("webhook", "list", "--user", user.username)
    assert URL in listed
    assert secret.strip() not in listed

    run("webhook", "remove", str(Webhook.objects.get().pk))
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(("broker", "told"), [("redis://x", False), ("amqp://x", True)])
def test_an_operator_hears_that_nothing_is_told_without_rabbitmq(settings, broker, told):
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"broker_url": broker})
    _, said = run("webhook", "add", "--user", make_user().username, "--url", URL)
    assert ("need RabbitMQ" not in said) is told


def test_a_url_that_is_none_is_refused():
    with pytest.raises(CommandError, match="not an http or https URL"):
        run("webhook", "add", "--user", make_user().username, "--url", "ftp://example.org")


def test_the_command_says_that_it_needs_rabbitmq():
    with pytest.raises(CommandError, match="Webhooks need RabbitMQ"):
        run("webhooks")


@pytest.mark.parametrize("page", ["", "{pk}/change/"])
@pytest.mark.parametrize("model", ["webhook", "webhookdelivery"])
def test_the_admin_shows_rows_and_never_the_secret(delivery, webhook, model, page):
    pk = webhook.pk if model == "webhook" else delivery.pk
    admin = signed_in(make_user(staff=True, superuser=True))
    answer = admin.get(f"/admin/webhooks/{model}/{page.format(pk=pk)}")

    assert answer.status_code == 200
    assert webhook.secret not in answer.content.decode()


def test_the_admin_delivers_again(delivery):
    WebhookDelivery.objects.update(state=DeliveryState.DEAD)
    admin = signed_in(make_user(staff=True, superuser=True))
    admin.post(DELIVERIES, {"action": "again", "_selected_action": [delivery.pk]})

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.WAITING


def test_the_admin_pauses_and_goes_on(webhook):
    admin = signed_in(make_user(staff=True, superuser=True))
    seen = []
    for action in ("pause", "go_on"):
        address = "/admin/webhooks/webhook/"
        admin.post(address, {"action": action, "_selected_action": [webhook.pk]})
        webhook.refresh_from_db()
        seen.append(webhook.active)
    assert seen == [False, True]
