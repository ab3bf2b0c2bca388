"""One tus request, as the calls need it."""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from webapp.accounts.models import User
from webapp.accounts.principal import Principal
from webapp.core.errors import TooLargeError
from webapp.uploads.tus.headers import body_announced, has_body
from webapp.uploads.tus.place import Place, place_of


@dataclass(frozen=True, slots=True)
class Request:
    """A request of somebody who may upload.

    Args:
        principal: Who sent it; there is nothing here but their own uploads.
        headers: By lower-case name.
        chunks: The body, as it arrives.
        began: When it came in, by ``time.monotonic``.
    """

    principal: Principal
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]
    began: float = field(default_factory=time.monotonic)

    @property
    def owner(self) -> User:
        """Whose uploads they are."""
        return self.principal.user

    @property
    def owner_id(self) -> str:
        """The owner's, as it names their folder."""
        return str(self.owner.pk)

    @property
    def spool(self) -> Path:
        """Where uploads are received."""
        return Path(settings.SHOEBOX.spool)

    def place(self, upload_id: str) -> Place:
        """Return where one of the owner's uploads would lie.

        Raises:
            NotFoundError: Not the id of an upload.
        """
        return place_of(spool=self.spool, owner_id=self.owner_id, upload_id=upload_id)

    @property
    def has_body(self) -> bool:
        """Whether bytes follow, as far as the headers tell."""
        return has_body(self.headers)

    def check_room(self, room: int) -> None:
        """Refuse a body that announces itself longer than what is missing, before it is read.

        Raises:
            TooLargeError: It does.
        """
        announced = body_announced(self.headers) or 0
        if announced > room:
            raise TooLargeError(
                f"The body has {announced} bytes; only {room} are missing.",
                bytes=announced,
                limit=room,
            )
