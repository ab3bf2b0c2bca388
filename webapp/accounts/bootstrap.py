"""The first user of a new installation."""

from webapp.accounts.models import Scope, Token, User, token_hash
from webapp.accounts.services import token_make, user_make

NAME = "bootstrap"


def admin_ensure(*, username: str, password: str, token: str = "") -> bool:
    """Make sure that the first user and its token are there; twice is once.

    A user that is there keeps the password they have. One that a rebuild of the index brought
    back, disabled and without a password, is let in again as who they are set to be.

    Args:
        username: What they sign in with.
        password: Of a user that is new.
        token: Secret of a token with every scope; empty for none.

    Returns:
        Whether the user is new.

    Raises:
        MalformedRequestError: A name or password that is not allowed; says why.
        NotAllowedError: The user is there and not staff, and a token is asked for.
    """
    user = User.objects.filter(username=username).first()
    made = user is None
    if user is None:
        user = user_make(name=username, password=password, staff=True, superuser=True)
    elif not user.is_active and not user.has_usable_password():
        _let_in_again(user, password)
    if token and not Token.objects.filter(hash=token_hash(token)).exists():
        token_make(user=user, name=NAME, scopes=list(Scope), secret=token)
    return made


def _let_in_again(user: User, password: str) -> None:
    user.is_active = user.is_staff = user.is_superuser = True
    user.set_password(password)
    user.save(update_fields=["is_active", "is_staff", "is_superuser", "password"])
