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
    renditions_storing,
)
from webapp.outbox.tasks import Task
from workers.imaging.errors import ImagingError, NotDecodableError
from workers.imaging.model import Limits, Rendered, Rendition
from workers.imaging.renderer import Made, render_limited
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
        renditions_make(image)
    except NotDecodableError as error:
        return rendition_refused(image=image, reason=str(error))
    except ImagingError as error:
        return rendition_failed(image=image, reason=str(error))
    return Outcome.DONE


def renditions_make(image: Image) -> None:
    """Make the renditions of an image and store those it lacks, each as it is made; settle it.

    Raises:
        ImagingError: What it is about the picture.
        NotFoundError, ShardsUnavailableError, DigestMismatchError: As ``original_fetched``.
    """
    with renditions_storing(image=image) as puts:

        def made(name: str, rendition: Rendition) -> None:
            puts.put(name, rendition.data, rendition.content_type)

        picture = _original_render(image, made).picture
        RENDITIONS.inc(puts.finish(placeholder=picture.placeholder, colour=picture.colour))


def _original_render(image: Image, made: Made) -> Rendered:
    with original_fetched(image=image) as path:
        try:
            return render_limited(
                path, limits=_limits(), threads=settings.SHOEBOX.render_threads, made=made
            )
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
