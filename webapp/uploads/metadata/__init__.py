"""Lossless removal of what a picture says beside its pixels."""

from webapp.uploads.metadata.policy import MetadataPolicy
from webapp.uploads.metadata.removal import can_strip, strip

__all__ = ["MetadataPolicy", "can_strip", "strip"]
