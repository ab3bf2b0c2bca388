"""How people get an account: invited, back in, or by themselves where that is allowed."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from tests.factories import make_user
from tests.integration.page_rows import signed_in, text_of
from webapp.accounts.invitations import (
    invitation_accept,
    invitation_create,
    invitation_link,
    invitation_revoke,
)
from webapp.accounts.models import Invitation, Scope, Token, User
from webapp.accounts.services import token_authenticate, token_make
from webapp.audit.models import AuditEntry
from webapp.core.errors import ConflictError, MalformedRequestError, NotFoundError

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"
FORM = {"name": "ada", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture
def secret():
    return invitation_create(email="ada@example.org")[1]


def accept(secret, **values):
    return Client().post(f"/invitation/{secret}", {**FORM, **values})


def told(*words):
    out = StringIO()
    call_command("user", *words, stdout=out)
    return out.getvalue()


def test_only_a_hash_of_an_invitation_is_kept(secret):
    assert secret not in str(Invitation.objects.values().get())


def test_who_is_invited_sets_name_and_password_and_is_signed_in(secret):
    client = Client()
    response = client.post(f"/invitation/{secret}", FORM)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert client.get("/api/v1/me").json()["user"]["name"] == "ada"
    assert User.objects.get().email == "ada@example.org"
    assert Client().post("/login", {"username": "ada", "password": PASSWORD}).status_code == 302


def test_an_invitation_works_once(secret):
    accept(secret)
    again = accept(secret, name="eve")
    assert (again.status_code, User.objects.count()) == (410, 1)
    assert "was used already" in text_of(again)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "has ended"),
        ({"revoked_at": timezone.now()}, "was taken back"),
    ],
)
def test_an_invitation_that_is_over_says_so(secret, change, words):
    Invitation.objects.update(**change)
    page = Client().get(f"/invitation/{secret}")
    assert (page.status_code, accept(secret).status_code) == (410, 410)
    assert words in text_of(page)
    assert not User.objects.exists()


@pytest.mark.parametrize("wrong", ["unknown", "x" * 300, "%00"])
def test_an_unknown_invitation_is_not_found_in_words(wrong):
    page = Client().get(f"/invitation/{wrong}")
    assert page.status_code == 404
    assert "not known" in text_of(page)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "12345678901", "again": "12345678901"}, "entirely numeric"),
        ({"again": "another horse"}, "differ"),
        ({"name": "a b"}, "valid username"),
        ({"name": "taken"}, "already"),
    ],
)
def test_what_is_not_allowed_is_told_and_uses_nothing_up(secret, values, words):
    User.objects.create(username="taken")
    page = accept(secret, **values)
    assert page.status_code == 200
    assert words in text_of(page)
    assert accept(secret).status_code == 302


def test_a_disabled_user_comes_back_as_who_they_were():
    user = make_user()
    User.objects.update(is_active=False)
    _, secret = invitation_create(user=user)
    _, other = invitation_create(user=user)
    assert accept(secret, name="somebody else").status_code == 302
    user.refresh_from_db()
    assert (user.is_active, User.objects.count()) == (True, 1)
    assert user.check_password(PASSWORD)
    assert accept(other).status_code == 410


def test_a_new_password_ends_sessions_and_leaves_tokens():
    user = make_user()
    old = signed_in(user)
    _, token = token_make(user=user, name="cli", scopes=[Scope.READ])
    invitation_accept(secret=invitation_create(user=user)[1], password="another horse battery")
    assert old.get("/api/v1/me").status_code == 401
    assert token_authenticate(secret=token).user == user


def test_a_changed_password_ends_the_other_sessions_only():
    user = make_user()
    here, elsewhere = signed_in(user), signed_in(user)
    words = {"old_password": PASSWORD, "new_password1": "x-9 new", "new_password2": "x-9 new"}
    assert here.post("/password", words).status_code == 200  # too short
    words |= {"new_password1": "another horse battery", "new_password2": "another horse battery"}
    assert here.post("/password", words).status_code == 302
    assert here.get("/api/v1/me").status_code == 200
    assert elsewhere.get("/api/v1/me").status_code == 401
    assert AuditEntry.objects.filter(action="user.password", actor=user.username).count() == 1


def test_an_address_somebody_has_is_not_invited_as_somebody_new():
    make_user(email="ada@example.org")
    with pytest.raises(ConflictError, match="invite them by name"):
        invitation_create(email="ADA@example.org")


@pytest.mark.parametrize("email", ["", "ada", "a@b@c", "x\0@example.org"])
def test_nobody_is_invited_without_an_address(email):
    with pytest.raises(MalformedRequestError):
        invitation_create(email=email)


def test_an_accepted_invitation_cannot_be_taken_back(secret):
    accept(secret)
    with pytest.raises(ConflictError):
        invitation_revoke(invitation_id=Invitation.objects.get().pk)
    with pytest.raises(NotFoundError):
        invitation_revoke(invitation_id=0)


def test_an_operator_invites_several_by_one_command(settings):
    lines = told("invite", "ada@example.org", "bob@example.org").splitlines()
    assert [line.split()[0] for line in lines] == ["ada@example.org", "bob@example.org"]
    secret = lines[1].split()[1].removeprefix(f"{settings.SHOEBOX.write_url}/invitation/")
    assert accept(secret, name="bob").status_code == 302


def test_an_operator_lets_somebody_back_in_by_name():
    user = make_user()
    link = told("invite", "--user", user.username).split()[1]
    assert f"Welcome back, {user.username}" in text_of(Client().get(link))


@pytest.mark.parametrize("words", [[], ["nobody"], ["--user", "nobody"]])
def test_a_command_that_invites_nobody_fails(words):
    with pytest.raises(CommandError):
        told("invite", *words)


def test_staff_invites_on_a_page_and_sees_the_link_once():
    client = signed_in(make_user(staff=True))
    page = text_of(client.post("/invitations", {"email": "ada@example.org"}))
    secret = re.search(r"/invitation/([\w-]{43})", page)[1]
    listed = text_of(client.get("/invitations"))
    assert "ada@example.org" in listed
    assert secret not in listed
    client.post(f"/invitations/{Invitation.objects.get().pk}/revoke")
    assert Client().get(invitation_link(secret)).status_code == 410


def test_staff_invites_in_the_admin():
    client = signed_in(make_user(staff=True, superuser=True))
    address = "/admin/accounts/invitation/add/"
    page = text_of(client.post(address, {"email": "ada@example.org"}, follow=True))
    assert Client().get(re.search(r"/invitation/[\w-]{43}", page)[0]).status_code == 200
    assert "Give an address" in text_of(client.post(address, {}))


@pytest.mark.parametrize("model", ["invitation", "token"])
def test_staff_who_are_no_superusers_let_nobody_in_as_one(model):
    chief, plain, person = (make_user(staff=s, superuser=u) for s, u in [(1, 1), (0, 0), (1, 0)])
    person.user_permissions.add(Permission.objects.get(codename=f"add_{model}"))
    client = signed_in(person)
    for user in (chief, plain):
        form = {"user": str(user.pk), "name": "cron", "scopes": ["read"]}
        client.post(f"/admin/accounts/{model}/add/", form)
    made = {"invitation": Invitation, "token": Token}[model]
    assert {row.user for row in made.objects.all()} == {plain}


def test_nobody_makes_an_account_by_themselves_unless_told_so():
    assert [Client().get("/sign-up").status_code, Client().post("/sign-up", FORM).status_code] == [
        404,
        404,
    ]
    assert "/sign-up" not in text_of(Client().get("/login"))
    assert not User.objects.exists()


def test_anybody_makes_an_account_where_sign_up_is_open(settings):
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"sign_up": "open"})
    assert "/sign-up" in text_of(Client().get("/login"))
    assert Client().post("/sign-up", FORM).status_code == 302
    user = User.objects.get()
    assert (user.username, user.is_staff, user.is_superuser) == ("ada", False, False)


def test_joining_is_written_down(secret):
    Client().post(f"/invitation/{secret}", FORM, REMOTE_ADDR="192.0.2.7")
    entries = AuditEntry.objects.values_list("action", "subject", "actor_kind", "address")
    assert list(entries) == [
        ("invitation.accept", "ada", "visitor", "192.0.2.7"),
        ("user.add", "ada", "visitor", "192.0.2.7"),
        ("invitation.add", "ada@example.org", "command", None),
    ]
    assert secret not in str(list(AuditEntry.objects.values()))
