"""What is wrong with the values of a row, in words."""

from django.core.exceptions import ValidationError
from django.db.models import Model


def said_of(error: ValidationError, row: Model) -> str:
    """Return what ``full_clean`` found: each column, its value, and why not."""
    return "; ".join(
        f"{name} {getattr(row, name)!r}: {' '.join(said).rstrip('.')}"
        for name, said in error.message_dict.items()
    )
