import pytest

from tests.unit.webapp.uploads.forms import (
    BOUNDARY,
    CONTENT_TYPE,
    END,
    Form,
    chunks_of,
    cut,
    file_part,
    form,
    part,
    read_form,
)
from webapp.core.errors import MalformedRequestError, TooLargeError
from webapp.uploads.form import FORM_BYTES, MAX_FIELD_BYTES, MAX_PARTS, FormReader
from webapp.uploads.spool import Spool


async def test_file_and_fields_are_told_apart():
    body = form(part(b"title", b"Sea"), file_part(b"\xff\xd8\0"), part(b"album", b""))
    found = await read_form(body)
    assert found == Form({"title": "Sea", "album": ""}, "photo.jpg", b"\xff\xd8\0")


async def test_an_empty_file_is_a_file():
    assert await read_form(form(file_part(b""))) == Form({}, "photo.jpg", b"")


async def test_a_body_of_one_byte_per_chunk_is_read():
    body = form(part(b"title", b"\xc3\xa9t\xc3\xa9"), file_part(b"\r\n--" + BOUNDARY[:-1] + b"\r"))
    assert await read_form(*(bytes((byte,)) for byte in body)) == await read_form(body)


async def test_line_ends_before_the_first_boundary_are_no_fault():
    assert (await read_form(b"\r\n", b"\r\n" + form(file_part()))).content == b"bytes"


async def test_what_follows_the_last_boundary_is_not_read_as_content():
    assert (await read_form(form(file_part()) + b"epilogue\r\n" + file_part())).content == b"bytes"


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "C:/photos/x.jpg",
        "nul\0byte.jpg",
        "right\u202eto left.jpg",
        "\U0001f468\u200d\U0001f469 of me.jpg",
        "semi;colon=1.jpg",
    ],
)
async def test_a_name_is_passed_on_as_it_was_sent(name):
    assert (await read_form(form(file_part(filename=name.encode())))).filename == name


async def test_a_name_may_have_4000_characters():
    assert (await read_form(form(file_part(filename=b"x" * 4000)))).filename == "x" * 4000


async def test_a_name_that_is_not_utf8_is_readable():
    assert (await read_form(form(file_part(filename=b"caf\xe9.jpg")))).filename == "caf\ufffd.jpg"


async def test_a_file_without_a_name_is_a_file():
    assert await read_form(form(part(b"file", b"bytes"))) == Form({}, "", b"bytes")


async def test_of_a_repeated_field_the_last_counts():
    found = await read_form(form(part(b"title", b"one"), part(b"title", b"two"), file_part()))
    assert found.fields == {"title": "two"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"not multipart",
        END,
        form(part(b"title", b"no file")),
        form(file_part(), file_part()),
        form(file_part()).replace(BOUNDARY, b"another"),
        form(file_part())[: -len(END)],
        form(file_part())[: -len(b"--\r\n")],
        form(file_part())[:40],
        form(part(b"file\r\nX", b"")),
        form(part(b"title", b"", b"no colon"), file_part()),
        form(part(b"title", b"", b": no name"), file_part()),
        form(part(b"title", b"", b"X: y\rz"), file_part()),
        file_part().replace(b"\r\n", b"\n") + END,
    ],
    ids=[
        "empty",
        "line end",
        "text",
        "no part",
        "no file",
        "two files",
        "wrong boundary",
        "no end",
        "half an end",
        "cut in a header",
        "line end in a name",
        "no colon",
        "no header name",
        "line end in a header",
        "bare line feeds",
    ],
)
async def test_a_body_that_is_no_form_with_a_file_is_malformed(body):
    with pytest.raises(MalformedRequestError):
        await read_form(body)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=" + "x" * 300,
        "multipart/form-data; boundary*=utf-8''x",
        "multipart/form-data; charset=utf-8",
    ],
)
async def test_a_form_needs_a_boundary(content_type):
    with pytest.raises(MalformedRequestError):
        await read_form(form(file_part()), content_type=content_type)


@pytest.mark.parametrize("quoted", [f'"{BOUNDARY.decode()}"', f"{BOUNDARY.decode()} ; x=y"])
async def test_a_boundary_may_be_written_in_several_ways(quoted):
    content_type = f"Multipart/Form-Data; charset=utf-8; boundary={quoted}"
    assert (await read_form(form(file_part()), content_type=content_type)).content == b"bytes"


async def test_a_hundred_thousand_parts_are_refused_early():
    parts = (part(b"title", b"x") for _ in range(100_000))
    read = 0

    async def counted():
        nonlocal read
        for chunk in parts:
            read += 1
            yield chunk

    reader = FormReader(content_type=CONTENT_TYPE, spool=None)
    with pytest.raises(MalformedRequestError, match="parts"):
        await reader.read(counted())
    assert read == MAX_PARTS + 1


async def test_a_hundred_thousand_headers_are_refused():
    headers = [b"X-%d: y" % number for number in range(100_000)]
    with pytest.raises(MalformedRequestError):
        await read_form(form(part(b"file", b"", *headers)))


@pytest.mark.parametrize("line", [b"X: " + b"y" * 10**6, b"X" * 10**6 + b": y"])
async def test_a_long_header_is_refused(line):
    with pytest.raises(MalformedRequestError):
        await read_form(form(part(b"file", b"", line)))


async def test_many_middling_headers_are_refused():
    with pytest.raises(MalformedRequestError, match="headers"):
        await read_form(form(part(b"file", b"", *[b"X: " + b"y" * 2000] * 5)))


async def test_a_field_may_be_as_long_as_its_limit_and_no_longer():
    found = await read_form(form(part(b"title", b"x" * MAX_FIELD_BYTES), file_part()))
    assert len(found.fields["title"]) == MAX_FIELD_BYTES
    with pytest.raises(MalformedRequestError, match="'title'"):
        await read_form(form(part(b"title", b"x" * (MAX_FIELD_BYTES + 1)), file_part()))


async def test_a_long_name_of_a_field_is_not_repeated_whole():
    body = form(part(b"n" * 3000, b"x" * (MAX_FIELD_BYTES + 1)))
    with pytest.raises(MalformedRequestError) as error:
        await read_form(body)
    assert len(error.value.detail) < 200


async def test_a_file_over_the_limit_is_refused_while_it_arrives(tmp_path):
    sent = 0

    async def endless():
        nonlocal sent
        yield file_part(b"")[:-2]
        while True:
            sent += 1000
            yield b"x" * 1000

    reader = FormReader(content_type=CONTENT_TYPE, spool=Spool(folder=tmp_path, limit=10_000))
    with pytest.raises(TooLargeError):
        await reader.read(endless())
    assert sent == 11_000


@pytest.mark.parametrize("start", [b"\r\n", form(file_part())], ids=["before", "behind"])
async def test_a_body_without_end_around_its_file_is_refused(start, tmp_path):
    sent = 0

    async def endless():
        nonlocal sent
        yield start
        while True:
            sent += 1000
            yield b"\r\n" * 500

    reader = FormReader(content_type=CONTENT_TYPE, spool=Spool(folder=tmp_path, limit=10_000))
    with pytest.raises(MalformedRequestError, match="around"):
        await reader.read(endless())
    assert sent < FORM_BYTES + 2000


async def test_the_file_does_not_count_as_around_itself():
    content = b"x" * (4 * FORM_BYTES)
    body = form(file_part(content))
    assert (await read_form(*cut(body, range(999, len(body), 999)))).content == content


async def test_the_content_of_the_file_is_not_copied():
    class Recorder:
        def __init__(self):
            self.written = []

        async def write(self, data):
            self.written.append(data)

    spool = Recorder()
    chunk = b"x" * 100_000
    body = file_part(b"")[:-2], chunk, b"\r\n" + END
    await FormReader(content_type=CONTENT_TYPE, spool=spool).read(chunks_of(body))
    assert [data.obj for data in spool.written] == [chunk]
    assert spool.written[0].obj is chunk
