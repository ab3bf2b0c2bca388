"""Terms: what the query of a request grants and asks for.

Source: section 6 of the design, step 1; links are made by webapp.core.links.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from webapp.core.errors import NotAllowedError
from webapp.core.signing import Keyring, link_verify
from webapp.reader.names import Name

MAX_FIELDS: Final = 16
_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request may and wants.

    Args:
        exp: Seconds since 1970 until which the signature is good; None without one.
        download: Name to keep the blob under; None to show it.
    """

    exp: int | None = None
    download: str | None = None


PLAIN: Final = Terms()


def terms_parse(name: Name, query: bytes, *, keyring: Keyring, now: float) -> Terms:
    """Return the terms of a request; fields nobody knows are passed over.

    Raises:
        NotAllowedError: The name needs a signature, and the query has none that is good.
    """
    if not query and not name.signed:
        return PLAIN
    fields = _fields(query)
    download = fields.get("download")
    if not name.signed:
        return Terms(download=download) if download is not None else PLAIN
    exp = _seconds(fields.get("exp", ""))
    granted = link_verify(
        name.path,
        exp=exp,
        sig=fields.get("sig", ""),
        now=now,
        keyring=keyring,
        download=download,
    )
    if not granted:
        raise NotAllowedError("The link is not signed, or its time is over.", id=name.id)
    return Terms(exp, download)


def _seconds(text: str) -> int:
    return int(text) if _SECONDS.fullmatch(text) else 0


def _fields(query: bytes) -> dict[str, str]:
    """Return the first value of each field; nothing of a query that only wants to be long."""
    try:
        pairs = parse_qsl(
            query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS
        )
    except ValueError:
        return {}
    return dict(reversed(pairs))
