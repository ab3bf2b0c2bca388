"""Renditions that lie nowhere any more are made again."""

from collections.abc import Iterable

from django.db import transaction

from webapp.core.presets import rendition_names
from webapp.images.models import Image, ImageState
from webapp.images.services.claims import claim_commit, image_claim
from webapp.outbox.services import outbox_add
from webapp.outbox.tasks import Task

FROM = frozenset({ImageState.STORED, ImageState.READY})


def image_remake(*, image_id: str, names: Iterable[str]) -> bool:
    """Forget renditions that are lost and have them made again; False when it is too late.

    The image is ``stored`` until they are made; readers are served the original meanwhile.
    Renditions of presets that are no longer made are only forgotten.
    """
    image = image_claim(image_id=image_id)
    if image is None or image.state not in FROM:
        return False
    lost = {*names}
    wanted = lost & {*rendition_names(transparent=image.transparent)}
    image.renditions = {n: r for n, r in image.renditions.items() if n not in lost}
    if wanted:
        image.state = ImageState.STORED
        image.attempts = image.refusals = 0
    with transaction.atomic():
        done = claim_commit(image, ("renditions", "state", "attempts", "refusals"))
        if done:
            outbox_add(subject=image_id, tasks=_tasks(image))
    return done


def _tasks(image: Image) -> list[Task]:
    stored = image.state == ImageState.STORED
    return [Task.MAKE_RENDITIONS, Task.REPLICATE] if stored else [Task.REPLICATE]
