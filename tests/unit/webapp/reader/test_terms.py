import pytest

from tests.unit.webapp.reader.world import KEYRING, OTHER_KEYRING
from webapp.core.errors import NotAllowedError
from webapp.core.signing import Keyring, link_sign
from webapp.reader.names import name_parse
from webapp.reader.terms import PLAIN, Terms, terms_parse

PUBLIC = name_parse("/p000rkn6gg0nb8cfaztvtnsd/w320.webp")
SIGNED = name_parse("/s000rkn6gg0nb8cfaztvtnsd/w320.webp")
PRIVATE = name_parse("/p000rkn6gg0nb8cfaztvtnsd/private")
NOW = 1000.0


def query(name, *, exp=2000, keyring=KEYRING, download=None, path=None):
    sig = link_sign(path or name.path, exp=exp, keyring=keyring, download=download)
    text = f"exp={exp}&sig={sig}" + (f"&download={download}" if download is not None else "")
    return text.encode()


def terms(name, text, *, keyring=KEYRING, now=NOW):
    return terms_parse(name, text, keyring=keyring, now=now)


@pytest.mark.parametrize("text", [b"", b"x=1", b"exp=1&sig=nonsense", b"&&&=", b"%ff=%ff"])
def test_a_public_name_needs_no_terms(text):
    assert terms(PUBLIC, text) == PLAIN


def test_a_public_name_may_be_downloaded():
    assert terms(PUBLIC, b"download=a%20b") == Terms(download="a b")


@pytest.mark.parametrize("name", [SIGNED, PRIVATE])
def test_a_good_signature_grants(name):
    assert terms(name, query(name)) == Terms(exp=2000)


def test_a_signature_covers_the_download():
    assert terms(SIGNED, query(SIGNED, download="cat")) == Terms(2000, "cat")


@pytest.mark.parametrize("name", [SIGNED, PRIVATE])
@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"exp=2000",
        b"exp=2000&sig=",
        b"exp=2000&sig=k1.",
        b"exp=2000&sig=\xff\xff",
        b"exp=-1&sig=k1.x",
        b"exp=99999999999999999999&sig=k1.x",
        b"a&" * 100,
    ],
)
def test_nothing_else_grants(name, text):
    with pytest.raises(NotAllowedError):
        terms(name, text)


def refused(name, text, **options):
    with pytest.raises(NotAllowedError):
        terms(name, text, **options)


def test_a_signature_ends():
    refused(SIGNED, query(SIGNED), now=2000.0)


def test_a_signature_is_of_one_path():
    refused(SIGNED, query(SIGNED, path=SIGNED.path.replace("w320", "w1600")))


def test_a_signature_is_of_one_download():
    refused(SIGNED, query(SIGNED) + b"&download=cat")


def test_a_later_end_is_not_covered():
    refused(SIGNED, query(SIGNED).replace(b"exp=2000", b"exp=3000"))


def test_a_signature_of_a_stranger_does_not_grant():
    refused(SIGNED, query(SIGNED, keyring=OTHER_KEYRING))


def test_the_old_key_grants_while_keys_rotate():
    both = Keyring.parse("k2:" + "22" * 32 + ",k1:" + "11" * 32)
    assert terms(SIGNED, query(SIGNED), keyring=both).exp == 2000
