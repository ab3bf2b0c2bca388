import pytest

from webapp.accounts.models import Scope, User
from webapp.accounts.principal import Principal
from webapp.core.errors import NotAllowedError

USER = User(username="ada")
STAFF = User(username="grace", is_staff=True)
SUPERUSER = User(username="root", is_superuser=True)


def principal(*scopes, user=USER):
    return Principal(user, frozenset(scopes), token_id=1)


@pytest.mark.parametrize("scope", list(Scope))
def test_a_scope_allows_itself(scope):
    assert principal(scope).allows(scope)


@pytest.mark.parametrize("scope", list(Scope))
def test_admin_allows_everything(scope):
    assert principal(Scope.ADMIN).allows(scope)


def test_a_scope_that_is_missing_is_named_with_those_there_are():
    with pytest.raises(NotAllowedError, match=r"'delete'.*read, upload"):
        principal(Scope.READ, Scope.UPLOAD).require(Scope.DELETE)


@pytest.mark.parametrize(
    ("who", "sees_all"),
    [
        (principal(Scope.ADMIN), False),
        (principal(Scope.READ, user=STAFF), False),
        (principal(Scope.ADMIN, user=STAFF), True),
        (principal(Scope.ADMIN, user=SUPERUSER), True),
        (Principal.of_session(USER), False),
        (Principal.of_session(STAFF), True),
        (Principal.of_session(SUPERUSER), True),
    ],
)
def test_only_staff_with_admin_see_images_of_others(who, sees_all):
    assert who.sees_all is sees_all
    assert who.owner_limit == (None if sees_all else who.user)


def test_a_session_of_an_owner_has_every_scope_but_admin():
    assert Principal.of_session(USER).scopes == set(Scope) - {Scope.ADMIN}
