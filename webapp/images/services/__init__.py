"""Everything that is done to images; each promise has a function."""

from webapp.images.services.attempts import (
    rendition_attempt_begin,
    rendition_failed,
    rendition_postponed,
    rendition_refused,
)
from webapp.images.services.change import (
    image_delete,
    image_get,
    image_rekey,
    image_restore,
    image_retry,
    image_update,
)
from webapp.images.services.erase import image_erase_finish
from webapp.images.services.journal import journal_publish
from webapp.images.services.outcome import Outcome
from webapp.images.services.register import image_register
from webapp.images.services.removal import image_by_link, image_delete_by_link
from webapp.images.services.renditions import (
    original_fetched,
    renditions_store,
    renditions_storing,
)
from webapp.images.services.replicate import image_replicate
from webapp.images.services.sweep import images_sweep
from webapp.images.services.usage import usage_recount

__all__ = [
    "Outcome",
    "image_by_link",
    "image_delete",
    "image_delete_by_link",
    "image_erase_finish",
    "image_get",
    "image_register",
    "image_rekey",
    "image_replicate",
    "image_restore",
    "image_retry",
    "image_update",
    "images_sweep",
    "journal_publish",
    "original_fetched",
    "rendition_attempt_begin",
    "rendition_failed",
    "rendition_postponed",
    "rendition_refused",
    "renditions_store",
    "renditions_storing",
    "usage_recount",
]
