"""Signatures with keys that rotate: documents on shards, and links that expire.

A process accepts a list of keys and signs with the first. Each purpose has its own key,
derived from the secret, so that a signed link can never pass as a signed document.

Source: HMAC, RFC 2104; deriving by purpose as HKDF-Expand does, RFC 5869 section 2.3.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.core.errors import ConfigurationError, SignatureError

LINK_SIGNATURE_BYTES = 24
MIN_SECRET_BYTES = 16


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret and the id it is known by. The secret never shows in a repr."""

    key_id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id!r})"

    def sign(self, purpose: str, message: bytes) -> bytes:
        """Return the HMAC-SHA256 of ``message`` under this key's key for ``purpose``."""
        derived = hmac.digest(self.secret, b"shoebox/" + purpose.encode(), "sha256")
        return hmac.digest(derived, message, "sha256")


class Keyring:
    """The keys a process accepts; it signs with the first.

    Args:
        keys: At least one, newest first, ids distinct.

    Raises:
        ConfigurationError: No key, or two with the same id.
    """

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self._by_id = {key.key_id: key for key in keys}
        if not keys or len(self._by_id) != len(keys):
            raise ConfigurationError("Signing keys: at least one, and each id once.")
        self.current = keys[0]

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Return the keyring written as ``id:hex[,id:hex…]``, newest first.

        Raises:
            ConfigurationError: Malformed, or a secret under 16 bytes.
        """
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return cls([_key_parse(part, number) for number, part in enumerate(parts, 1)])

    def find(self, key_id: str) -> SigningKey | None:
        """Return the key with this id, None when it is not accepted (any more)."""
        return self._by_id.get(key_id)


def _key_parse(part: str, number: int) -> SigningKey:
    # Told by its number: what stands for the id may be the secret.
    key_id, colon, secret_hex = part.partition(":")
    try:
        secret = bytes.fromhex(secret_hex)
    except ValueError:
        colon = ""
    if not colon:
        raise ConfigurationError(f"Signing key {number} is not `id:hex`, for example `k1:…`.")
    if not key_id.isalnum() or len(secret) < MIN_SECRET_BYTES:
        raise ConfigurationError(
            f"Signing key {number} needs an alphanumeric id and at least "
            f"{MIN_SECRET_BYTES} bytes of secret; make one with `openssl rand -hex 32`."
        )
    return SigningKey(key_id, secret)


def _canonical(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def document_sign(payload: Mapping[str, Any], *, purpose: str, keyring: Keyring) -> bytes:
    """Return ``payload`` as a signed JSON document.

    Args:
        payload: JSON values only.
        purpose: What the document is, ``topology`` or ``journal``.
        keyring: Signs with its first key.
    """
    key = keyring.current
    signature = key.sign(purpose, key.key_id.encode() + b"\n" + _canonical(payload)).hex()
    envelope = {"key_id": key.key_id, "signature": signature, purpose: payload}
    return json.dumps(envelope, indent=1, sort_keys=True).encode()


def document_open(data: bytes, *, purpose: str, keyring: Keyring) -> dict[str, Any]:
    """Return the payload of a signed document.

    Raises:
        SignatureError: Not JSON, cut off, an unknown key, or a wrong signature. Trying
            again helps only when the store was caught in the middle of something.
    """
    try:
        envelope = json.loads(data)
        key_id, signature, payload = envelope["key_id"], envelope["signature"], envelope[purpose]
    except (ValueError, KeyError, TypeError):
        raise SignatureError(f"Not a signed {purpose} document.") from None
    if not isinstance(key_id, str) or not isinstance(payload, dict):
        raise SignatureError(f"Not a signed {purpose} document.")
    key = keyring.find(key_id)
    if key is None:
        raise SignatureError(f"The {purpose} is signed by key {key_id[:32]!r}, which is unknown.")
    expected = key.sign(purpose, key_id.encode() + b"\n" + _canonical(payload)).hex()
    if not isinstance(signature, str) or not hmac.compare_digest(
        expected.encode(), signature.encode()
    ):
        raise SignatureError(f"The {purpose} has a wrong signature of key {key_id[:32]!r}.")
    return payload


def _link_message(key_id: str, path: str, exp: int, download: str | None) -> bytes:
    return json.dumps([key_id, path, exp, download], separators=(",", ":")).encode()


def link_sign(path: str, *, exp: int, keyring: Keyring, download: str | None = None) -> str:
    """Return ``sig`` for a link.

    Args:
        path: Full path as it is requested, from the first slash, without a query.
        exp: Seconds since 1970 after which the link is void.
        keyring: Signs with its first key.
        download: Value of ``?download=`` that the link carries; part of what is signed.
    """
    key = keyring.current
    digest = key.sign("link", _link_message(key.key_id, path, exp, download))
    encoded = base64.urlsafe_b64encode(digest[:LINK_SIGNATURE_BYTES]).decode()
    return f"{key.key_id}.{encoded}"


def link_verify(
    path: str, *, exp: int, sig: str, now: float, keyring: Keyring, download: str | None = None
) -> bool:
    """Return whether a link is signed by an accepted key and not yet void.

    Compares in constant time.
    """
    key_id, _, encoded = sig.partition(".")
    key = keyring.find(key_id)
    if key is None or exp <= now:
        return False
    digest = key.sign("link", _link_message(key_id, path, exp, download))
    expected = base64.urlsafe_b64encode(digest[:LINK_SIGNATURE_BYTES])
    return hmac.compare_digest(expected, encoded.encode())


def bytes_digest(data: bytes) -> str:
    """Return the digest of ``data`` as it is written everywhere: ``sha256:…``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
