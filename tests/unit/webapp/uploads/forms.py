"""Multipart bodies as clients send them, and what the receiver reads from them."""

import tempfile
from pathlib import Path
from typing import NamedTuple

from webapp.uploads.form import FormReader
from webapp.uploads.spool import Spool

BOUNDARY = b"----shoebox7MA4YWxk"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY.decode()}"
END = b"--" + BOUNDARY + b"--\r\n"


class Form(NamedTuple):
    fields: dict[str, str]
    filename: str | None
    content: bytes


def part(name, content, *headers, filename=None):
    """Return one part with its delimiter before it; extra headers are whole lines."""
    shown = b'form-data; name="' + name + b'"'
    if filename is not None:
        shown += b'; filename="' + filename + b'"'
    lines = [b"Content-Disposition: " + shown, *headers]
    head = b"".join(line + b"\r\n" for line in lines)
    return b"--" + BOUNDARY + b"\r\n" + head + b"\r\n" + content + b"\r\n"


def file_part(content=b"bytes", filename=b"photo.jpg"):
    return part(b"file", content, b"Content-Type: image/jpeg", filename=filename)


def form(*parts):
    return b"".join(parts) + END


def cut(body, places):
    """Return the body in chunks that end at these places, some perhaps empty."""
    ends = [*sorted(places), len(body)]
    return [body[start:end] for start, end in zip([0, *ends], ends, strict=False)]


async def chunks_of(chunks):
    for chunk in chunks:
        yield chunk


async def read_form(*chunks, content_type=CONTENT_TYPE, limit=10**6) -> Form:
    """Return what is in the form, read into a real spool."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(folder=Path(folder), limit=limit)
        reader = FormReader(content_type=content_type, spool=spool)
        try:
            await reader.read(chunks_of(chunks))
            spooled = await spool.finish()
            assert spooled.size == spooled.path.stat().st_size
            return Form(reader.fields, reader.filename, spooled.path.read_bytes())
        finally:
            await spool.discard()
