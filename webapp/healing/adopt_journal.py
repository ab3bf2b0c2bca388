"""Taking over deletions that the published journal lists and a restored index does not."""

from webapp.images.services.journal import journal_publish
from webapp.images.services.journal_later import later_take_over


def journal_take_over() -> int:
    """Take over what a later journal lists, and publish it; return how many entries were new."""
    added = later_take_over()
    if added is None:
        return 0
    journal_publish()
    return added
