"""What a gallery shows: some of somebody's images, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from webapp.accounts.models import User
from webapp.core.text import clean_text
from webapp.images.models import Image, ImageQuerySet, ImageState

PAGE_IMAGES = 48
MOST_ALBUMS = 200
PROBLEMS = "problems"
DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody wants to see of their images; empty means everything not deleted."""

    q: str = ""
    album: str = ""
    state: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        """Return the filters of an address; a state nobody knows is none."""
        state = query.get("state", "")
        return cls(
            q=clean_text(query.get("q", "")),
            album=clean_text(query.get("album", "")),
            state=state if state in {PROBLEMS, DELETED} else "",
        )

    def __bool__(self) -> bool:
        return bool(self.q or self.album or self.state)

    def rows(self, owner: User) -> ImageQuerySet:
        """Return the images of ``owner`` that pass, newest first; ``page_of`` searches in them."""
        rows = _in_state(Image.objects.visible_to(owner), self.state)
        return rows.filter(album=self.album) if self.album else rows

    def query(self, **more: str) -> str:
        """Return the filters as the query of an address."""
        values = {"q": self.q, "album": self.album, "state": self.state, **more}
        return urlencode({name: value for name, value in values.items() if value})


def _in_state(rows: ImageQuerySet, state: str) -> ImageQuerySet:
    if state == DELETED:
        return rows.filter(state=ImageState.DELETED, restorable_until__isnull=False)
    if state == PROBLEMS:
        return rows.filter(state__in=[ImageState.FAILED, ImageState.REJECTED])
    return rows.not_deleted()
