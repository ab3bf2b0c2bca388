"""What is removed from originals at upload."""

from enum import StrEnum


class MetadataPolicy(StrEnum):
    """The values of the setting ``METADATA_POLICY``.

    What a picture needs to be shown right (colour profile, orientation, resolution) stays
    under each of them.
    """

    STRIP_LOCATION = "strip-location"
    """Everything goes that can tell a place; of EXIF, camera, exposure, dates and credit stay."""

    STRIP_ALL = "strip-all"
    """Everything goes."""

    KEEP = "keep"
    """Nothing goes."""
