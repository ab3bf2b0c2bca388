"""The delete link in the answer to an upload."""

from webapp.accounts.principal import Principal
from webapp.images.delete_link import delete_link
from webapp.images.values import Registered


def delete_link_for(principal: Principal, registered: Registered) -> str | None:
    """Return the link that deletes what a program uploaded; None where it is not told one."""
    if not principal.is_told_to_delete(brought=not registered.duplicate):
        return None
    return delete_link(registered.image)
