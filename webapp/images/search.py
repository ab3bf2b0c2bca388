"""Searching titles and file names: what is kept of them for it, and what is looked for.

Both sides are folded here and compared byte by byte, so that every database finds the same,
whatever it thinks of letters that are not ASCII.
"""

import unicodedata
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    TextField = models.TextField[str, str]
else:
    TextField = models.TextField

MOST_WORDS = 8


def fold(text: str) -> str:
    """Return a text without case and compatibility forms. Idempotent."""
    once = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


def search_text(*, title: str, filename: str) -> str:
    """Return what is kept of an image to be searched."""
    return fold(f"{title}\n{filename}") if title or filename else ""


def search_words(text: str) -> list[str]:
    """Return the words of a search; an image matches when each is part of its text.

    Words after the eighth are dropped: they cost a look each and hardly narrow anything.
    """
    return list(dict.fromkeys(fold(text).split()))[:MOST_WORDS]


class SearchField(TextField):
    """The text images are searched by, made of title and file name whenever a row is saved.

    An UPDATE that changes one of the two has to set it by ``search_text``.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: ARG002, FBT001 - Django's signature
        """Return the text of the row as it is now."""
        text = search_text(
            title=getattr(model_instance, "title", ""),
            filename=getattr(model_instance, "filename", ""),
        )
        setattr(model_instance, self.attname, text)
        return text
