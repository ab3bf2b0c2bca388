"""RFC 6266 and RFC 8187."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.reader.disposition import attachment, inline


def named(wanted, extension="jpg"):
    return attachment(wanted, stem="ID", extension=extension)


def test_a_shown_blob_is_named_by_its_id():
    assert inline("ID", "webp") == 'inline; filename="ID.webp"'


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("cat.jpg", "cat.jpg"),
        ("cat.JPEG", "cat.jpg"),
        ("cat.png", "cat.jpg"),
        ("cat", "cat.jpg"),
        ("my cat.final", "my cat.final.jpg"),
        ("evil.html", "evil.html.jpg"),
        ("/etc/passwd", "passwd.jpg"),
        (r"C:\Users\me\cat.jpg", "cat.jpg"),
        ("..", "ID.jpg"),
        ("", "ID.jpg"),
        (".htaccess", "htaccess.jpg"),
        ('a"b\r\nSet-Cookie: x', "a_b_Set-Cookie_ x.jpg"),
        ("a;b%c", "a_b_c.jpg"),
    ],
)
def test_a_name_is_cleaned_and_gets_the_true_extension(wanted, name):
    assert named(wanted) == f'attachment; filename="{name}"'


def test_a_name_beyond_ascii_is_sent_in_both_forms():
    assert named("café ☕") == (
        "attachment; filename=\"cafe .jpg\"; filename*=UTF-8''caf%C3%A9%20%E2%98%95.jpg"
    )


def test_a_name_of_nothing_but_foreign_letters_has_a_plain_form():
    assert named("写真").startswith('attachment; filename="ID.jpg"; filename*=UTF-8')


def test_a_long_name_is_cut():
    assert len(named("x" * 5000)) < 200


@given(st.text(max_size=300))
def test_no_text_breaks_out_of_the_header(wanted):
    header = named(wanted)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
