"""Lossless removal of what a picture says beside its pixels."""

from webapp.intake.metadata.policy import MetadataPolicy
from webapp.intake.metadata.removal import can_strip, cleaned_pieces, strip

__all__ = ["MetadataPolicy", "can_strip", "cleaned_pieces", "strip"]
