"""A custom uploader of ShareX: a file that is opened once, and screenshots go here from then on.

Source: ShareX, custom uploader guide (getsharex.com/docs/custom-uploader), syntax of version 14.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from webapp.images.representation import API_IMAGES

FILENAME: Final = "shoebox.sxcu"
_VERSION: Final = "14.0.0"


def sharex_config(*, secret: str) -> Mapping[str, Any]:
    """Return what ShareX has to know to upload with a token.

    What it shows comes out of our answers: links of an image, the sentence of a problem. What
    deletes an image there is a link that a browser opens, to a page that asks once more. Of an
    original that stays private there is no link, as the page of tokens says: one that is right for
    every type would not be the picture itself.

    Args:
        secret: Of a token that may upload.
    """
    base = settings.SHOEBOX.write_url
    return {
        "Version": _VERSION,
        "Name": f"Shoebox ({urlsplit(base).netloc})",
        "DestinationType": "ImageUploader",
        "RequestMethod": "POST",
        "RequestURL": f"{base}{API_IMAGES}",
        "Headers": {"Authorization": f"Bearer {secret}"},
        "Body": "MultipartFormData",
        "FileFormName": "file",
        "URL": "{json:links.original}",
        "ThumbnailURL": "{json:links.renditions.thumb.webp}",
        "DeletionURL": "{json:links.delete}",
        "ErrorMessage": "{json:detail}",
    }
