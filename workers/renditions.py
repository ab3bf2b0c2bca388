"""Tasks of the `renditions` queue: fetch, decode in a child, encode, store."""

from functools import cache

from celery import shared_task
from django.conf import settings

from webapp.core.errors import DigestMismatchError, NotFoundError, ShardsUnavailableError
from webapp.images.models import Image
from webapp.images.services import (
    Outcome,
    original_fetched,
    rendition_attempt_begin,
    rendition_failed,
    rendition_postponed,
    rendition_refused,
    renditions_store,
)
from webapp.outbox.tasks import Task
from workers.imaging.errors import ImagingError, NotDecodableError
from workers.imaging.model import Limits, Rendered
from workers.imaging.renderer import render_limited
from workers.measures import DECODE_FAILURES, RENDITIONS


@shared_task(name=Task.MAKE_RENDITIONS.value)
def make_renditions(image_id: str) -> str:
    """Make every rendition an image lacks; it becomes ready, or says why not. Twice is once."""
    image = rendition_attempt_begin(image_id=image_id)
    if image is None:
        return Outcome.ALREADY.value
    try:
        return _make(image).value
    except (ShardsUnavailableError, NotFoundError, DigestMismatchError) as error:
        return rendition_postponed(image=image, reason=error.detail).value


def _make(image: Image) -> Outcome:
    try:
        rendered = original_render(image)
    except NotDecodableError as error:
        return rendition_refused(image=image, reason=str(error))
    except ImagingError as error:
        return rendition_failed(image=image, reason=str(error))
    return rendered_store(image, rendered)


def rendered_store(image: Image, rendered: Rendered) -> Outcome:
    """Store what was made of an image and it lacks, and settle it.

    Raises:
        ShardsUnavailableError: As ``renditions_store``.
    """
    lacked = rendered.renditions.keys() - image.renditions.keys()
    outcome = renditions_store(
        image=image,
        blobs={name: (r.data, r.content_type) for name, r in rendered.renditions.items()},
        placeholder=rendered.picture.placeholder,
        colour=rendered.picture.colour,
    )
    RENDITIONS.inc(len(lacked))
    return outcome


def original_render(image: Image) -> Rendered:
    """Fetch the original of an image and make all its renditions, in the child.

    Raises:
        ImagingError: What it is about the picture.
        NotFoundError, ShardsUnavailableError, DigestMismatchError: As ``original_fetched``.
    """
    with original_fetched(image=image) as path:
        try:
            return render_limited(path, limits=_limits())
        except ImagingError as error:
            DECODE_FAILURES.labels(error.code).inc()
            raise


@cache
def _limits() -> Limits:
    shoebox = settings.SHOEBOX
    return Limits(
        memory_bytes=shoebox.render_memory_bytes,
        cpu_seconds=shoebox.render_cpu_seconds,
        wall_seconds=shoebox.render_wall_seconds,
    )
