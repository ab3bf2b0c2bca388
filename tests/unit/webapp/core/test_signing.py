import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.errors import ConfigurationError, SignatureError
from webapp.core.signing import (
    Keyring,
    bytes_digest,
    document_open,
    document_sign,
    link_sign,
    link_verify,
)

OLD = Keyring.parse("k1:" + "ab" * 32)
BOTH = Keyring.parse("k2:" + "cd" * 32 + ",k1:" + "ab" * 32)
PATH = "/s000abcdefghjkmnpqrstvwx.jpg"


def test_a_link_is_good_until_it_ends():
    sig = link_sign(PATH, exp=100, keyring=OLD)
    assert link_verify(PATH, exp=100, sig=sig, now=99.9, keyring=OLD)
    assert not link_verify(PATH, exp=100, sig=sig, now=100, keyring=OLD)


def test_a_link_outlives_the_rotation_of_its_key():
    sig = link_sign(PATH, exp=100, keyring=OLD)
    assert link_verify(PATH, exp=100, sig=sig, now=0, keyring=BOTH)
    assert not link_verify(
        PATH, exp=100, sig=link_sign(PATH, exp=100, keyring=BOTH), now=0, keyring=OLD
    )


@given(path=st.text(), exp=st.integers(1, 2**40), download=st.none() | st.text())
def test_a_signature_covers_path_time_and_download(path, exp, download):
    sig = link_sign(PATH, exp=500, keyring=OLD, download="a.jpg")
    same = (path, exp, download) == (PATH, 500, "a.jpg")
    assert link_verify(path, exp=exp, sig=sig, now=0, keyring=OLD, download=download) is same


@given(sig=st.text(max_size=60))
def test_no_other_text_is_a_signature(sig):
    assert not link_verify(PATH, exp=100, sig=sig, now=0, keyring=OLD)


def test_a_document_of_one_purpose_is_not_one_of_another():
    data = document_sign({"a": 1}, purpose="topology", keyring=OLD)
    assert document_open(data, purpose="topology", keyring=OLD) == {"a": 1}
    with pytest.raises(SignatureError):
        document_open(data.replace(b"topology", b"journal"), purpose="journal", keyring=OLD)


@pytest.mark.parametrize(
    "text", ["", "k1", "k1:zz", "k1:abcd", ":" + "ab" * 32, "k1:" + "ab" * 32 + ",k1:" + "cd" * 32]
)
def test_weak_or_malformed_keys_stop_the_start(text):
    with pytest.raises(ConfigurationError):
        Keyring.parse(text)


def test_a_key_does_not_show_its_secret():
    assert "ab" * 32 not in repr(OLD.current)


def test_a_digest_names_its_algorithm():
    assert bytes_digest(b"").startswith("sha256:e3b0c442")
