"""POST: a new upload, with its first bytes or without."""

from django.conf import settings

from webapp.accounts.services import quota_check
from webapp.uploads.threads import on_file_thread, on_look_thread
from webapp.uploads.tus.about import About, Look, upload_create, upload_look
from webapp.uploads.tus.answers import PATH, Answer
from webapp.uploads.tus.continuing import bytes_add, told_headers
from webapp.uploads.tus.headers import (
    checksum_read,
    content_type_check,
    details_of,
    length_read,
)
from webapp.uploads.tus.held import held_upload
from webapp.uploads.tus.place import Place
from webapp.uploads.tus.request import Request

CREATED = 201


async def upload_begin(request: Request) -> Answer:
    """Make an upload.

    What is not answered with 201 leaves nothing: its client would have no name for it.

    Raises:
        MalformedRequestError: No length, or metadata that cannot be read.
        TooLargeError, UnsupportedTypeError, QuotaExceededError: Known before any byte.
        RateLimitedError: The owner has left too many lying.
        ShoeboxError: See ``bytes_add``.
    """
    about = _about_of(request)
    if request.has_body:
        content_type_check(request.headers)
        request.check_room(about.length)
        checksum_read(request.headers)
    place = await on_look_thread(_create, request, about)
    try:
        look = await _first_bytes(request, place)
    except BaseException:  # also a cancelled request leaves nothing behind
        await on_file_thread(place.forget)
        raise
    return Answer(CREATED, {"location": PATH + place.id, **await told_headers(request, look)})


def _about_of(request: Request) -> About:
    length = length_read(request.headers, limit=settings.SHOEBOX.max_upload_bytes)
    metadata = request.headers.get("upload-metadata", "")
    details_of(metadata)  # said now, not after the last byte
    return About(length, metadata)


def _create(request: Request, about: About) -> Place:
    quota_check(request.owner, about.length)
    return upload_create(spool=request.spool, owner_id=request.owner_id, about=about)


async def _first_bytes(request: Request, place: Place) -> Look:
    if not request.has_body:
        return await on_file_thread(upload_look, place)
    async with held_upload(place) as held:
        return await bytes_add(request, held)
