"""Multipart bodies, parsed while they arrive: one file into the spool, a few short fields."""

import logging
from collections.abc import AsyncIterator
from typing import Protocol

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from webapp.core.errors import MalformedRequestError


class Sink(Protocol):
    """Where the bytes of the file go."""

    async def write(self, data: bytes | memoryview, /) -> None:
        """Add bytes."""
        ...


# What is wrong with a body is told to its sender, not to the log.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

FILE_FIELD = "file"
FORM_BYTES = 64 * 1024
"""What a multipart body may have around its file."""
MAX_PARTS = 20
MAX_HEADER_BYTES = 8 * 1024
MAX_FIELD_BYTES = 4 * 1024


class FormReader:
    """Reads one multipart body.

    Args:
        content_type: Header of the request, with the boundary.
        spool: Where the part named ``file`` goes.

    Raises:
        MalformedRequestError: No boundary, or one that is too long.
    """

    def __init__(self, *, content_type: str, spool: Sink) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise MalformedRequestError("A multipart body needs a boundary in Content-Type.")
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self._spool = spool
        self._parts = 0
        self._around = 0
        self._begun = False
        self._ended = False
        self._pending: list[memoryview] = []
        self._header_bytes = 0
        self._parser = self._make_parser(boundary)

    def _make_parser(self, boundary: bytes) -> MultipartParser:
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._part_begin,
                    "on_header_field": self._header_name_data,
                    "on_header_value": self._header_value_data,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_end,
                    "on_part_data": self._part_data,
                    "on_part_end": self._part_end,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:  # a boundary longer than any client's
            raise _malformed(error) from None

    async def read(self, chunks: AsyncIterator[bytes]) -> None:
        """Read the whole body.

        Raises:
            MalformedRequestError: Not multipart, cut off, or more parts or longer fields
                than anybody needs.
            TooLargeError: The file passed the spool's limit.
        """
        async for chunk in chunks:
            self._parse(chunk)
            del chunk
            await self._drain()
        if not self._ended:
            raise MalformedRequestError("The multipart body ends before its last boundary.")
        if self.filename is None:
            raise MalformedRequestError(f"The form has no part named {FILE_FIELD!r}.")

    def _parse(self, chunk: bytes) -> None:
        """Parse what arrived. How it was cut into chunks makes no difference."""
        self._around += len(chunk)
        if not self._begun:  # the parser skips line ends, but more than these if cut so
            chunk = chunk.lstrip(b"\r\n")
            self._begun = bool(chunk)
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _malformed(error) from None
        if self._around > FORM_BYTES:
            raise MalformedRequestError(f"The form has over {FORM_BYTES} bytes around its file.")

    async def _drain(self) -> None:
        pending, self._pending = self._pending, []
        for data in pending:
            await self._spool.write(data)

    def _part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise MalformedRequestError(f"The form has more than {MAX_PARTS} parts.")
        self._header_name, self._header_value = bytearray(), bytearray()
        self._headers: dict[str, bytes] = {}
        self._header_bytes = 0
        self._value = bytearray()
        self._name = ""
        self._is_file = False

    def _header_name_data(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header_name += data[start:end]

    def _header_value_data(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header_value += data[start:end]

    def _count_header(self, count: int) -> None:
        self._header_bytes += count
        if self._header_bytes > MAX_HEADER_BYTES:
            raise MalformedRequestError(
                f"A part of the form has more than {MAX_HEADER_BYTES} bytes of headers."
            )

    def _header_end(self) -> None:
        name = bytes(self._header_name).decode("latin-1").lower()
        self._headers[name] = bytes(self._header_value)
        self._header_name, self._header_value = bytearray(), bytearray()

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = self._name == FILE_FIELD
        if not self._is_file:
            return
        if self.filename is not None:
            raise MalformedRequestError(f"The form has more than one part named {FILE_FIELD!r}.")
        self.filename = options.get(b"filename", b"").decode("utf-8", "replace")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._around -= end - start
            self._pending.append(memoryview(data)[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > MAX_FIELD_BYTES:
            raise MalformedRequestError(
                f"Field {self._name[:64]!r} is longer than {MAX_FIELD_BYTES} bytes."
            )

    def _part_end(self) -> None:
        if not self._is_file:
            self.fields[self._name] = bytes(self._value).decode("utf-8", "replace")

    def _end(self) -> None:
        self._ended = True


def _malformed(error: FormParserError) -> MalformedRequestError:
    return MalformedRequestError(f"Not a multipart body: {error}.")
