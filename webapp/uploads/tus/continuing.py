"""PATCH, HEAD and DELETE: what happens to an upload that is there."""

from dataclasses import replace

from webapp.core.errors import RetryError
from webapp.images.delete_link import delete_link_of
from webapp.uploads.threads import on_file_thread, on_look_thread, on_store_thread
from webapp.uploads.tus.about import Look, upload_end, upload_look
from webapp.uploads.tus.answers import NO_CONTENT, Answer, state_headers
from webapp.uploads.tus.errors import OffsetConflictError, UploadLockedError
from webapp.uploads.tus.finish import upload_finish
from webapp.uploads.tus.headers import checksum_read, content_type_check, offset_read
from webapp.uploads.tus.held import Held, held_upload
from webapp.uploads.tus.inflow import body_take
from webapp.uploads.tus.place import Place
from webapp.uploads.tus.request import Request

OK = 200
DELETED = "deleted by its owner"


async def upload_continue(request: Request, place: Place) -> Answer:
    """Add bytes to an upload; with the last one it becomes an image.

    An empty body where the upload ends does what an interrupted request left undone.

    Raises:
        WrongContentTypeError, MalformedRequestError: Headers that say nothing sensible.
        NotFoundError, UploadGoneError, UploadLockedError: See ``held_upload``.
        OffsetConflictError: It ends elsewhere.
        ShoeboxError: See ``bytes_add``.
    """
    content_type_check(request.headers)
    offset = offset_read(request.headers)
    checksum_read(request.headers)
    look = await on_file_thread(upload_look, place)
    if look.about.image:
        _check_continues(request, offset, look.offset, look.about.length)
        return Answer(NO_CONTENT, await told_headers(request, look))
    async with held_upload(place) as held:
        _check_continues(request, offset, held.size, held.about.length)
        return Answer(NO_CONTENT, await told_headers(request, await bytes_add(request, held)))


async def told_headers(request: Request, look: Look) -> dict[str, str]:
    """Return what tells a client of its upload; with the delete link, if it may have one."""
    about = look.about
    link = None
    if about.image and request.principal.is_told_to_delete(brought=not about.duplicate):
        link = await on_look_thread(delete_link_of, about.image)
    return state_headers(look, delete_link=link)


def _check_continues(request: Request, said: int, offset: int, length: int) -> None:
    if said != offset:
        raise OffsetConflictError(f"The upload ends at {offset}, not at {said}.", offset=offset)
    request.check_room(length - offset)


async def bytes_add(request: Request, held: Held) -> Look:
    """Add the body of a request to an upload and return the upload as it is then.

    Raises:
        ClientGoneError, ClientSilentError, TooLargeError, ChecksumMismatchError: See
            ``body_take``.
        ShoeboxError: See ``upload_finish``.
    """
    checksum = checksum_read(request.headers)
    await body_take(held=held, chunks=request.chunks, checksum=checksum)
    return await _concluded(request, held)


async def _concluded(request: Request, held: Held) -> Look:
    if not held.is_whole:
        return await on_file_thread(upload_look, held.place)
    about = await on_store_thread(request.began, upload_finish, owner=request.owner, held=held)
    return Look(about, about.length)


async def upload_tell(request: Request, place: Place) -> Answer:
    """Say how far an upload is, and which image it became; finish one that only lacks that.

    A whole upload is never told as such before it is an image: clients would think it safe.

    Raises:
        NotFoundError, UploadGoneError: There is none, or it has ended.
        UploadLockedError: It is whole, and being stored or waiting to be.
        ShoeboxError: See ``upload_finish``.
    """
    look = await on_file_thread(upload_look, place)
    if look.is_whole and not look.about.image:
        look = await _finished(request, place)
    about = look.about
    said = {"upload-metadata": about.metadata} if about.metadata else {}
    told = await told_headers(request, look)
    headers = {**told, "upload-length": str(about.length), **said}
    return Answer(OK, headers)


async def _finished(request: Request, place: Place) -> Look:
    try:
        async with held_upload(place) as held:
            return await _concluded(request, held)
    except UploadLockedError:
        look = await on_file_thread(upload_look, place)
        if not look.about.image:
            raise
        return look
    except RetryError as error:
        # Not its own status: on any other than 423 clients begin the upload anew.
        raise UploadLockedError(
            f"All bytes are here and cannot be stored yet: {error.detail}",
            retry_after=error.retry_after,
        ) from error


async def upload_delete(_request: Request, place: Place) -> Answer:
    """End an upload and free its room. An image that it became stays.

    Raises:
        NotFoundError, UploadGoneError, UploadLockedError: See ``held_upload``.
    """
    look = await on_file_thread(upload_look, place)
    ended = replace(look.about, ended=DELETED)
    if look.about.image:
        await on_file_thread(upload_end, place, ended)
        return Answer(NO_CONTENT)
    async with held_upload(place):
        await on_file_thread(upload_end, place, ended)
    return Answer(NO_CONTENT)
