"""File names, titles and albums that are made to hurt, in all three ways to upload."""

import unicodedata

import pytest

from tests import samples
from tests.hostile.sending import sending
from webapp.core.text import TEXT_LENGTH

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

NAMES = {
    "up": "../../../../etc/passwd",
    "up-on-windows": "..\\..\\windows\\system32\\config",
    "from-the-root": "/etc/shadow",
    "nul": "photo.jpg\0.exe",
    "long": "x" * 4000 + ".jpg",
    "right-to-left": "photo\u202egpj.exe",
    "marks": "\u200e\u200f\u2066photo\u2069.jpg",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈.jpg",
    "line-ends": "photo.jpg\r\nSet-Cookie: a=b",
    "quotes": 'a".jpg"; filename="b.html',
    "script": "<script>alert(1)</script>.jpg",
    "percent": "%2e%2e%2f%00.jpg",
    "dots": "....",
    "nothing": "",
    "spaces": " \t\u3000 ",
    "half-a-character": "photo\ud800.jpg",
    "accents": "e\u0301" * 300 + ".jpg",
    "device": "CON",
    "hidden": ".htaccess",
}
HARMLESS_JOINERS = "\u200c\u200d"


def is_harmless(name):
    bad = {"Cc", "Cf", "Cs"}
    hidden = [c for c in name if unicodedata.category(c) in bad and c not in HARMLESS_JOINERS]
    return (
        len(name) <= TEXT_LENGTH
        and not hidden
        and not set(name) & {"/", "\\"}
        and not name.startswith(".")
    )


@pytest.fixture(scope="module")
def sender(embedded_system):
    with sending(embedded_system) as sender:
        yield sender


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_kept_harmless_and_given_back_harmless(embedded_system, sender, name):
    text = NAMES[name].encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    quoted = text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").replace("\0", "%00")
    body = samples.jpeg()
    first = sender.send_raw(body, text)
    answers = [
        first,
        sender.send_form(samples.jpeg(), quoted),
        sender.send_tus(samples.jpeg(), text),
    ]
    assert [answer.status_code for answer in answers] == [201] * 3
    images = [answers[0].json(), answers[1].json(), sender._image_of(answers[2])]
    assert [image["filename"] for image in images if not is_harmless(image["filename"])] == []
    answer = embedded_system.client.read(images[0]["links"]["download"])
    disposition = answer.headers["Content-Disposition"]
    assert (answer.status_code, disposition.startswith("attachment;")) == (200, True)
    assert disposition.isascii()
    assert "Set-Cookie" not in answer.headers
