"""`manage.py user` and `manage.py token`."""

import io

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_user
from webapp.accounts.models import Scope, Token, User
from webapp.accounts.services import token_authenticate, token_make
from webapp.core.errors import NotAuthenticatedError

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"


def run(*words):
    """What a command prints on standard output, and beside it."""
    out, err = io.StringIO(), io.StringIO()
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def answers(monkeypatch, *passwords):
    given = iter(passwords)
    monkeypatch.setattr(
        "webapp.accounts.management.commands.user.getpass", lambda _prompt: next(given)
    )


def test_a_user_is_made_with_the_password_that_was_typed_twice(monkeypatch):
    answers(monkeypatch, PASSWORD, PASSWORD)
    out, _ = run("user", "add", "ada")
    assert User.objects.get(username="ada").check_password(PASSWORD)
    assert "token add ada" in out


def test_two_passwords_that_differ_make_nobody(monkeypatch):
    answers(monkeypatch, PASSWORD, "another one altogether")
    with pytest.raises(CommandError, match="differ"):
        run("user", "add", "ada")
    assert not User.objects.exists()


def test_a_password_comes_from_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    run("user", "add", "ada", "--password-stdin", "--staff")
    user = User.objects.get()
    assert user.check_password(PASSWORD)
    assert (user.is_staff, user.is_superuser) == (True, False)


def test_without_a_terminal_it_says_how_a_password_is_given(monkeypatch):
    def nobody(_prompt):
        raise EOFError

    monkeypatch.setattr("webapp.accounts.management.commands.user.getpass", nobody)
    with pytest.raises(CommandError, match="--password-stdin or --no-password"):
        run("user", "add", "ada")
    assert not User.objects.exists()


@pytest.mark.parametrize("days", ["0", "-1", "99999999999"])
def test_an_invitation_or_token_of_no_real_length_is_refused(days):
    user = make_user()
    for words in (
        ("user", "invite", "ada@example.org"),
        ("token", "add", user.username, "--name=ci", "--scope=read"),
    ):
        with pytest.raises(CommandError, match=f"'{days}' is not a whole number from 1"):
            run(*words, f"--days={days}")
    assert not Token.objects.exists()


def test_a_list_of_tokens_has_a_gap_between_its_columns():
    user = make_user(staff=True)
    token_make(user=user, name="all", scopes=list(Scope))
    out, _ = run("token", "list")
    assert "upload,read,delete,admin  never" in out


def test_a_program_needs_no_password():
    run("user", "add", "robot", "--no-password")
    assert not User.objects.get().has_usable_password()


def test_a_superuser_is_staff():
    run("user", "add", "root", "--no-password", "--superuser")
    assert User.objects.get().is_staff


def test_what_is_wrong_is_said_in_a_sentence():
    make_user()
    with pytest.raises(CommandError, match="pool 'mars'"):
        run("user", "add", "ada", "--no-password", "--pool", "mars")


def test_a_secret_is_alone_on_standard_output():
    user = make_user()
    out, err = run("token", "add", user.username, "--name", "cli", "--scope", "read", "--days", "7")
    principal = token_authenticate(secret=out.strip())
    assert (principal.user, principal.scopes) == (user, {Scope.READ})
    assert "only now" in err


def test_a_list_shows_how_tokens_begin_and_not_how_they_end():
    user = make_user()
    token, secret = token_make(user=user, name="cli", scopes=[Scope.UPLOAD, Scope.READ])
    out, _ = run("token", "list")
    assert all(part in out for part in (user.username, token.hint, "upload,read", "never", "cli"))
    assert secret not in out


def test_a_list_can_be_of_one_user():
    ours, theirs = make_user(), make_user()
    for user in (ours, theirs):
        token_make(user=user, name=f"of {user.username}", scopes=[Scope.READ])
    out, _ = run("token", "list", ours.username)
    assert f"of {ours.username}" in out
    assert f"of {theirs.username}" not in out


def test_a_revoked_token_does_not_work_any_more():
    token, secret = token_make(user=make_user(), name="cli", scopes=[Scope.READ])
    run("token", "revoke", str(token.pk))
    assert not Token.objects.exists()
    with pytest.raises(NotAuthenticatedError):
        token_authenticate(secret=secret)


@pytest.mark.parametrize(
    "words",
    [
        ("token", "add", "nobody", "--name", "cli", "--scope", "read"),
        ("token", "list", "nobody"),
        ("token", "revoke", "77"),
    ],
)
def test_what_is_not_there_is_named(words):
    with pytest.raises(CommandError, match="There is no"):
        run(*words)
