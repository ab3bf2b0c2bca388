"""From a request's body to the bytes of an upload."""

from collections.abc import AsyncIterator

from webapp.core.errors import TooLargeError
from webapp.uploads.memory import buffer_room
from webapp.uploads.threads import on_file_thread
from webapp.uploads.tus.appending import PART_BYTES, Appender, Unverified
from webapp.uploads.tus.headers import Checksum
from webapp.uploads.tus.held import Held


async def body_take(*, held: Held, chunks: AsyncIterator[bytes], checksum: Checksum | None) -> None:
    """Add a body to an upload; what was added to one that goes on survives a power cut.

    Less than ``PART_BYTES`` are in memory, besides what is being written. When the client
    goes, what came before stays: unless it was to be verified, then nothing does.

    Raises:
        ClientGoneError, ClientSilentError: See ``body_chunks``.
        TooLargeError: More bytes than the upload was to have.
        ChecksumMismatchError: Not the bytes the client meant to send.
    """
    with buffer_room.taken():
        if checksum is None:
            await _pour(held, chunks, room=held.about.length - held.size)
        else:
            await _pour_verified(held, chunks, checksum)
    if not held.is_whole:  # else it is about to be stored, and synced, on shards
        await on_file_thread(held.sync)


async def _pour_verified(held: Held, chunks: AsyncIterator[bytes], checksum: Checksum) -> None:
    unverified = await on_file_thread(Unverified, held.place.unverified, checksum)
    try:
        await _pour(unverified, chunks, room=held.about.length - held.size)
        await on_file_thread(unverified.move_to, held)
    finally:
        await on_file_thread(unverified.discard)


async def _pour(target: Appender, chunks: AsyncIterator[bytes], *, room: int) -> None:
    buffer = bytearray()
    came = 0
    try:
        async for chunk in chunks:
            came += len(chunk)
            if came > room:
                raise TooLargeError(f"The body goes on after the {room} bytes that were missing.")
            if len(buffer) + len(chunk) < min(PART_BYTES, buffer_room.each):
                buffer += chunk
            else:
                full, buffer = buffer, bytearray()
                await on_file_thread(target.append, full, chunk)
                del full
            del chunk  # or it would stay until the next one arrives
    finally:
        await on_file_thread(target.append, buffer)
