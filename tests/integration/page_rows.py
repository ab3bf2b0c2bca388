"""Images that exist in the index only, for pages that look at nothing else."""

import secrets
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from webapp.core.ids import Kind, id_make
from webapp.core.presets import rendition_names
from webapp.images.models import Image, ImageState

RECORD = {"digest": f"sha256:{'0' * 64}", "bytes": 1}


def make_row(owner, *, age=timedelta(0), state=ImageState.READY, kind=Kind.PUBLIC, **values):
    """Add an image of ``owner`` that was uploaded ``age`` ago."""
    at = timezone.now() - age
    ready = dict.fromkeys(rendition_names(transparent=False), RECORD)
    digest = f"sha256:{secrets.token_hex(32)}"
    fields = {
        "pool": "default",
        "filename": "photo.jpg",
        "bytes": 12345,
        "digest": digest,
        "source_digest": digest,
        "content_type": "image/jpeg",
        "width": 1200,
        "height": 800,
        "created_at": at,
        "renditions": ready if state == ImageState.READY else {},
        "replicas": [{"shard": "s1", "check": "verified", "at": at.isoformat()}],
    }
    if state == ImageState.DELETED:
        fields |= {"deleted_at": at, "restorable_until": at + timedelta(days=30)}
    return Image.objects.create(
        id=str(id_make(kind=kind, version=0)), owner=owner, state=state, **fields | values
    )


def make_rows(owner, count, **values):
    """Add images, each an hour older than the one before; newest first."""
    return [make_row(owner, age=timedelta(hours=hour), **values) for hour in range(count)]


def signed_in(user):
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def text_of(response):
    return response.content.decode()


def tiles_of(response):
    """Ids of the images a page shows, in their order."""
    parts = text_of(response).split('id="tile-')[1:]
    return [part.partition('"')[0] for part in parts]
