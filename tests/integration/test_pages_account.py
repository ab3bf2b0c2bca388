"""Signing in and out, and tokens of one's own."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_user
from tests.integration.page_rows import signed_in, text_of
from webapp.accounts.models import Token
from webapp.accounts.services import token_authenticate

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def sign_in(client, user, password, **extra):
    return client.post("/login", {"username": user.username, "password": password, **extra})


def make_token(client, **values):
    return client.post("/tokens", {"name": "cron", "scopes": ["upload", "read"], **values})


def shown_secret(response):
    return re.search(r'id="copy-token" value="([^"]+)"', text_of(response))[1]


def test_signing_in_leads_where_one_wanted_to_go():
    response = sign_in(Client(), make_user(), PASSWORD, next="/tokens")
    assert response.headers["Location"] == "/tokens"


def test_signing_in_never_leads_to_another_site():
    response = sign_in(Client(), make_user(), PASSWORD, next="https://evil.test/")
    assert response.headers["Location"] == "/"


def test_a_wrong_password_is_told_in_words():
    response = sign_in(Client(), make_user(), "wrong")
    assert response.status_code == 200
    assert 'role="alert"' in text_of(response)


def test_too_many_wrong_passwords_lock_even_the_right_one_out(settings):
    settings.AXES_FAILURE_LIMIT = 3
    user, client = make_user(), Client()
    for _ in range(3):
        sign_in(client, user, "wrong")
    response = sign_in(client, user, PASSWORD)
    assert response.status_code == 429
    assert "Too many attempts" in text_of(response)


def test_who_signed_in_is_not_asked_again():
    assert signed_in(make_user()).get("/login").status_code == 302


def test_signing_out_needs_more_than_a_link():
    client = signed_in(make_user())
    assert client.get("/logout").status_code == 405
    client.post("/logout")
    assert client.get("/").status_code == 302


def test_a_token_works_and_its_secret_is_shown_once():
    user = make_user()
    client = signed_in(user)
    secret = shown_secret(make_token(client))
    assert token_authenticate(secret=secret).user == user
    assert secret not in text_of(client.get("/tokens"))


def test_a_page_with_a_secret_is_not_kept_by_browsers():
    assert "no-store" in make_token(signed_in(make_user())).headers["Cache-Control"]


def test_a_token_may_have_an_end():
    user = make_user()
    make_token(signed_in(user), days="30")
    assert (user.tokens.get().expires_at - timezone.now()).days in {29, 30}


@pytest.mark.parametrize("values", [{"name": ""}, {"scopes": []}, {"scopes": ["everything"]}])
def test_a_token_that_makes_no_sense_is_not_made(values):
    assert make_token(signed_in(make_user()), **values).status_code == 200
    assert not Token.objects.exists()


def test_only_staff_is_offered_a_token_for_everything():
    make_token(signed_in(make_user()), scopes=["admin"])
    assert not Token.objects.exists()
    make_token(signed_in(make_user(staff=True)), scopes=["admin"])
    assert Token.objects.get().scopes == ["admin"]


def test_a_revoked_token_is_gone():
    user = make_user()
    client = signed_in(user)
    make_token(client)
    client.post(f"/tokens/{user.tokens.get().id}/revoke")
    assert not user.tokens.exists()


def test_a_password_is_changed_by_who_knows_the_old_one():
    user = make_user()
    new = "staple battery horse"
    signed_in(user).post(
        "/password", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    )
    user.refresh_from_db()
    assert user.check_password(new)
