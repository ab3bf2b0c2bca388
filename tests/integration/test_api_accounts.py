"""Users, tokens and quotas."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import isolate, make_cluster, make_image, make_user
from tests.integration.api_caller import Caller
from webapp.accounts.bootstrap import admin_ensure
from webapp.accounts.models import Scope, Token, User
from webapp.accounts.services import (
    quota_check,
    token_authenticate,
    token_make,
    token_revoke,
    usage,
    user_make,
)
from webapp.api import schemas
from webapp.core.errors import (
    ConflictError,
    MalformedRequestError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    QuotaExceededError,
)
from webapp.images.services import image_delete

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def images(settings, tmp_path):
    isolate(settings, tmp_path)
    make_cluster(tmp_path, count=2)
    return lambda owner: make_image(owner, tmp_path).image


# Users


def test_a_user_signs_in_with_the_password_they_were_given(client):
    user_make(name="ada", password=PASSWORD)
    client.post("/login", {"username": "ada", "password": PASSWORD})
    assert client.get("/api/v1/me").json()["user"]["name"] == "ada"


def test_a_user_without_a_password_cannot_sign_in():
    assert not user_make(name="robot").has_usable_password()


def test_a_name_is_taken_once():
    user_make(name="ada", password=PASSWORD)
    with pytest.raises(ConflictError, match="ada"):
        user_make(name="ada", password=PASSWORD)


@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "short"), ("ada", "12345678901"), ("", PASSWORD), ("a b", PASSWORD)],
)
def test_a_weak_password_or_a_strange_name_is_refused(name, password):
    with pytest.raises(MalformedRequestError):
        user_make(name=name, password=password)
    assert not User.objects.exists()


def test_a_pool_must_be_there():
    with pytest.raises(NotFoundError, match="'nowhere'"):
        user_make(name="ada", pool="nowhere")


# Tokens


def test_a_token_says_who_came_and_what_they_may(user):
    token, secret = token_make(user=user, name="cli", scopes=[Scope.READ])
    principal = token_authenticate(secret=secret)
    assert (principal.user, principal.scopes, principal.token_id) == (user, {Scope.READ}, token.pk)


def test_the_secret_is_kept_nowhere(user):
    _, secret = token_make(user=user, name="cli", scopes=[Scope.READ])
    kept = Token.objects.values().get()
    assert secret not in str(kept)
    assert secret.startswith(kept["hint"])


@pytest.mark.parametrize("secret", ["", "sbx_", "sbx_unknown", "x" * 10_000, "\0", "\ud800"])
def test_a_secret_nobody_was_given_is_refused(user, secret):
    with pytest.raises(NotAuthenticatedError):
        token_authenticate(secret=secret)


def test_a_token_that_is_over_is_refused(user):
    soon = timezone.now() + timedelta(seconds=30)
    token, secret = token_make(user=user, name="cli", scopes=[Scope.READ], expires_at=soon)
    assert token_authenticate(secret=secret)
    Token.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    with pytest.raises(NotAuthenticatedError):
        token_authenticate(secret=secret)


def test_a_revoked_token_is_refused(user):
    token, secret = token_make(user=user, name="cli", scopes=[Scope.READ])
    token_revoke(token_id=token.pk, user=user)
    with pytest.raises(NotAuthenticatedError):
        token_authenticate(secret=secret)


def test_nobody_revokes_a_token_of_another(user):
    token, _ = token_make(user=user, name="cli", scopes=[Scope.READ])
    with pytest.raises(NotFoundError):
        token_revoke(token_id=token.pk, user=make_user())


def test_a_token_of_a_user_who_may_not_sign_in_is_refused(user):
    _, secret = token_make(user=user, name="cli", scopes=[Scope.READ])
    User.objects.update(is_active=False)
    with pytest.raises(NotAuthenticatedError):
        token_authenticate(secret=secret)


def test_the_use_of_a_token_is_noted_at_most_once_a_minute(user):
    _, secret = token_make(user=user, name="cli", scopes=[Scope.READ])
    queries = []
    for age in (None, 30, 90):
        if age:
            Token.objects.update(last_used_at=timezone.now() - timedelta(seconds=age))
        with CaptureQueriesContext(connection) as captured:
            token_authenticate(secret=secret)
        queries.append(len(captured))
    assert queries == [2, 1, 2]


@pytest.mark.parametrize(
    "values",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"scopes": []},
        {"expires_at": timezone.now() - timedelta(days=1)},
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(user, values):
    with pytest.raises(MalformedRequestError):
        token_make(**{"user": user, "name": "cli", "scopes": [Scope.READ], **values})


def test_no_token_makes_somebody_staff(user):
    with pytest.raises(NotAllowedError, match="staff"):
        token_make(user=user, name="cli", scopes=[Scope.ADMIN])


def test_an_admin_token_may_do_everything():
    _, secret = token_make(user=make_user(staff=True), name="cli", scopes=[Scope.ADMIN])
    assert all(token_authenticate(secret=secret).allows(scope) for scope in Scope)


def test_the_first_user_is_made_once_with_a_token_for_everything():
    made = [admin_ensure(username="admin", password=PASSWORD, token="sbx_first") for _ in range(2)]
    principal = token_authenticate(secret="sbx_first")
    assert (made, Token.objects.count()) == ([True, False], 1)
    assert principal.sees_all


# Quotas


def test_a_user_keeps_what_is_there_and_what_can_be_restored(user, images):
    kept, deleted, erased = (images(user) for _ in range(3))
    image_delete(image=deleted)
    image_delete(image=erased, erase=True)
    assert usage(user).bytes == kept.bytes + deleted.bytes
    assert usage(user).images == 2


def test_a_user_without_a_quota_costs_no_query(user):
    with CaptureQueriesContext(connection) as captured:
        quota_check(user, 10**12)
    assert len(captured) == 0


def test_a_quota_of_bytes_holds_to_the_byte(user, images):
    user.quota_bytes = images(user).bytes + 100
    quota_check(user, 100)
    with pytest.raises(QuotaExceededError) as raised:
        quota_check(user, 101)
    assert raised.value.extra["quota_bytes"] == user.quota_bytes


def test_a_quota_of_images_holds(user, images):
    user.quota_images = 1
    quota_check(user, 1)
    images(user)
    with pytest.raises(QuotaExceededError):
        quota_check(user, 1)


def test_me_says_what_one_keeps_and_may_keep(user, images):
    user.quota_bytes = 100_000
    user.save()
    image = images(user)
    said = Caller(user).get("/api/v1/me").json()
    schemas.Me.model_validate(said)
    assert said["usage"] == {"bytes": image.bytes, "images": 1}
    assert said["quota"] == {"bytes": 100_000, "images": None}
