"""Signatures of what webhooks are sent."""

import hashlib
import hmac
import secrets

SIGNATURE_HEADER = "X-Shoebox-Signature"
EVENT_HEADER = "X-Shoebox-Event"
DELIVERY_HEADER = "X-Shoebox-Delivery"
SECRET_PREFIX = "sbwh_"  # noqa: S105 - a marker that secret scanners can look for
_SECRET_BYTES = 32


def secret_make() -> str:
    """Return a new secret of 256 random bits."""
    return SECRET_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def signature_make(*, secret: str, at: int, body: bytes) -> str:
    """Return the value of the signature header.

    The time is signed too, so that a receiver can refuse an old body sent again.

    Args:
        secret: Of the webhook.
        at: Now, in seconds since 1970.
        body: Exactly the bytes that are sent.

    Source:
        RFC 2104 (HMAC) with SHA-256.

    Example:
        >>> signature_make(secret="s", at=1, body=b"{}")[:13]
        't=1,v1=53bbb3'
    """
    digest = hmac.new(secret.encode(), b"%d.%b" % (at, body), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
