"""The delete link in the answer to an upload."""

from webapp.accounts.models import Scope
from webapp.accounts.principal import Principal
from webapp.images.delete_link import delete_link
from webapp.images.values import Registered


def delete_link_for(principal: Principal, registered: Registered) -> str | None:
    """Return the link that deletes what a program uploaded; None for people, who have a page.

    Of a picture that was there before it is told only to who may delete anyway: a token that
    uploads must not get to delete what it did not bring.
    """
    if principal.token_id is None:
        return None
    if registered.duplicate and not principal.allows(Scope.DELETE):
        return None
    return delete_link(registered.image)
