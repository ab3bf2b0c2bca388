"""The link that deletes one image: whoever has it needs no account.

The secret in it is derived from the write service's key, so an upload that is answered twice
gives the same link; what is kept beside the image, and compared, is a hash of it.
"""

import base64
import hashlib
from typing import Final

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from webapp.images.models import Image

_SALT: Final = "shoebox.delete-link"


def delete_secret(image_id: str) -> str:
    """Return the secret that deletes an image; 256 bits that only our key tells."""
    derived = salted_hmac(_SALT, image_id, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def delete_hash(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def delete_allowed(image: Image, secret: str) -> bool:
    """Return whether ``secret`` deletes ``image``; takes the same time for every wrong one."""
    kept = image.delete_hash
    return bool(kept) and constant_time_compare(kept, delete_hash(secret))


def delete_link_of(image_id: str) -> str | None:
    """Return the link that deletes an image by its id; None as ``delete_link``. One query."""
    image = Image.objects.only("id", "delete_hash").filter(id=image_id).first()
    return delete_link(image) if image else None


def delete_link(image: Image) -> str | None:
    """Return the link that deletes an image; None where there is none, or not any more.

    A link made under a key that was replaced still works, and cannot be told again.
    """
    secret = delete_secret(image.id)
    if not delete_allowed(image, secret):
        return None
    return f"{settings.SHOEBOX.write_url}/i/{image.id}/remove/{secret}"
