import hashlib
import hmac

from webapp.webhooks.signing import secret_make, signature_make


def test_receiver_verifies_with_the_secret_and_the_bytes_it_got():
    value = signature_make(secret="s3cret", at=1_700_000_000, body=b'{"a":1}')

    expected = hmac.new(b"s3cret", b'1700000000.{"a":1}', hashlib.sha256).hexdigest()
    assert value == f"t=1700000000,v1={expected}"


def test_another_time_is_another_signature():
    values = [signature_make(secret="s", at=at, body=b"").partition(",")[2] for at in (1, 2)]

    assert values[0] != values[1]


def test_secrets_differ():
    assert secret_make() != secret_make()
