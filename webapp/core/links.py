"""Links: the paths and addresses an image is read by.

Always on the read service's public base, always with an extension, signed for kind ``s``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from webapp.core.ids import Kind, id_parse
from webapp.core.on_demand import OnDemandSize
from webapp.core.presets import ORIGINAL_TYPES, PRESETS
from webapp.core.signing import Keyring, link_sign


@dataclass(frozen=True, slots=True)
class LinkMaker:
    """Makes links on one read service.

    Args:
        read_url: Public base of the read service, without a slash at the end.
        keyring: Signs links of kind ``s`` and private originals.
        exp: Seconds since 1970 at which signed links end.
    """

    read_url: str
    keyring: Keyring
    exp: int

    def link(self, path: str, *, signed: bool, download: str | None = None) -> str:
        """Return the absolute link to ``path``."""
        query = {} if download is None else {"download": download}
        if signed:
            sig = link_sign(path, exp=self.exp, keyring=self.keyring, download=download)
            query |= {"exp": str(self.exp), "sig": sig}
        return f"{self.read_url}{path}" + (f"?{urlencode(query)}" if query else "")

    def original(self, image_id: str, content_type: str, *, download: str | None = None) -> str:
        """Return the link to the original, or to its download under a file name."""
        path = f"/{image_id}.{ORIGINAL_TYPES[content_type]}"
        return self.link(path, signed=is_signed(image_id), download=download)

    def private(self, image_id: str, *, download: str | None = None) -> str:
        """Return the owner's link to a private original; always signed."""
        return self.link(f"/{image_id}/private", signed=True, download=download)

    def on_demand(self, image_id: str, size: OnDemandSize, extension: str) -> str:
        """Return the link to a size that no preset names; always signed, whatever the kind."""
        return self.link(f"/{image_id}/{size}.{extension}", signed=True)

    def renditions(self, image_id: str, *, transparent: bool) -> Mapping[str, Mapping[str, str]]:
        """Return preset → extension → link, for every rendition the image should have."""
        return {
            preset.name: {
                extension: self.link(
                    f"/{image_id}/{preset.name}.{extension}", signed=is_signed(image_id)
                )
                for extension in preset.extensions(transparent=transparent)
            }
            for preset in PRESETS
        }


def is_signed(image_id: str) -> bool:
    """Return whether links to the image must be signed."""
    return id_parse(image_id).kind is Kind.SIGNED
