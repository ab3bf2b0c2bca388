"""However a body is cut into chunks, it says the same; whatever it holds, it is survived."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.webapp.uploads.forms import (
    BOUNDARY,
    CONTENT_TYPE,
    END,
    Form,
    cut,
    file_part,
    form,
    part,
    read_form,
)
from webapp.core.errors import MalformedRequestError, ShoeboxError
from webapp.uploads.form import FormReader

CRUMBS = [b"\r\n--", BOUNDARY, BOUNDARY[:5], b"--", b"-", b"\r", b"\n", b"\r\n", b" ", b"x", b"\0"]
LINES = [END, file_part(), part(b"title", b"x"), b"Content-Type: x\r\n", b":"]
crumbs = st.lists(st.sampled_from(CRUMBS), max_size=12).map(b"".join)
contents = crumbs.filter(lambda content: b"\r\n--" + BOUNDARY not in b"\r\n" + content)
anything = st.lists(st.sampled_from(CRUMBS + LINES), max_size=12).map(b"".join)


@st.composite
def chunked(draw, bodies):
    body = draw(bodies)
    places = draw(st.lists(st.integers(0, len(body)), max_size=8) | st.just(range(len(body))))
    return body, cut(body, places)


async def outcome(chunks):
    """Return the form, or the kind of error."""
    try:
        return await read_form(*chunks)
    except ShoeboxError as error:
        return type(error)


@given(contents, st.text(alphabet="ab\u00e9\U0001f600 ", max_size=20), st.data())
async def test_any_chunking_of_a_form_gives_its_content(content, title, data):
    body = form(part(b"title", title.encode()), file_part(content))
    _, chunks = data.draw(chunked(st.just(body)))
    assert await read_form(*chunks) == Form({"title": title}, "photo.jpg", content)


@settings(max_examples=300)
@given(chunked(anything | anything.map(lambda middle: file_part() + middle + END)))
async def test_any_chunking_of_any_body_gives_the_same(pair):
    body, chunks = pair
    assert await outcome(chunks) == await outcome([body])


@given(st.binary(max_size=200), st.data())
async def test_any_bytes_are_a_form_or_an_error_of_ours(tail, data):
    body = file_part()[: data.draw(st.integers(0, 100))] + tail
    await outcome([body])


@given(st.binary(max_size=80))
def test_any_content_type_is_read_or_refused(raw):
    header = CONTENT_TYPE.partition("=")[0] + raw.decode("latin-1")
    with suppress(MalformedRequestError):
        FormReader(content_type=header, spool=None)
