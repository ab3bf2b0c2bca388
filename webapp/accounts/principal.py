"""Who is asking, and what they may do."""

from dataclasses import dataclass

from webapp.accounts.models import Scope, User
from webapp.core.errors import NotAllowedError

OWNER_SCOPES = frozenset({Scope.UPLOAD, Scope.READ, Scope.DELETE})
ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, as somebody who may do some things.

    Args:
        user: Who acts.
        scopes: What they may do; ``admin`` has all of it.
        token_id: Row of the token they came with; None for a session.
    """

    user: User
    scopes: frozenset[Scope]
    token_id: int | None = None

    @classmethod
    def of_session(cls, user: User) -> "Principal":
        """Return who signed in: an owner has everything of their own, staff everything."""
        return cls(user, ALL_SCOPES if is_staff(user) else OWNER_SCOPES)

    def allows(self, scope: Scope) -> bool:
        """Return whether they may do what ``scope`` stands for."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def require(self, scope: Scope) -> None:
        """Check that they may do what ``scope`` stands for.

        Raises:
            NotAllowedError: Their token is not for that.
        """
        if not self.allows(scope):
            held = ", ".join(sorted(self.scopes)) or "none"
            raise NotAllowedError(f"This needs scope {scope.value!r}; the token has: {held}.")

    def is_told_to_delete(self, *, brought: bool) -> bool:
        """Return whether they are told the delete link of an image they sent.

        People have a page for that. Of a picture that was there before it is told only to who
        may delete anyway: a token that uploads must not get to delete what it did not bring.

        Args:
            brought: The picture was not there before.
        """
        return self.token_id is not None and (brought or self.allows(Scope.DELETE))

    @property
    def sees_all(self) -> bool:
        """Whether they see images of others: staff only, and only with ``admin``.

        The token alone is not enough: who stops being staff keeps their tokens.
        """
        return Scope.ADMIN in self.scopes and is_staff(self.user)

    @property
    def owner_limit(self) -> User | None:
        """Whose images they are limited to; None when they see all (see ``image_get``)."""
        return None if self.sees_all else self.user


def is_staff(user: User) -> bool:
    """Return whether a user looks after the installation."""
    return user.is_staff or user.is_superuser
