"""Names and words that clients send, made safe to keep, to show and to send back."""

import unicodedata

TEXT_LENGTH = 255
_JOINERS = "\u200c\u200d"


def clean_text(text: str) -> str:
    """Return one line without control and direction characters, 255 characters at most.

    Idempotent. Letters, accents and emoji stay, in Unicode's composed form.
    """
    if text.isascii() and text.isprintable():  # most texts, and a tenth of the time
        return " ".join(text.split())[:TEXT_LENGTH].rstrip()
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or _harmless(c))
    # Composed last: what was dropped may have stood between a letter and its accent.
    composed = unicodedata.normalize("NFC", kept)
    return " ".join(composed.split())[:TEXT_LENGTH].rstrip()


def clean_filename(name: str) -> str:
    """Return the last part of a path, cleaned; its end is kept when it has to be cut."""
    last = name.replace("\\", "/").rpartition("/")[2][-TEXT_LENGTH:]
    return clean_text(last).lstrip(". ")


def _harmless(character: str) -> bool:
    # Cc: control, Cf: direction marks and other formats, Cs: halves of surrogate pairs.
    # The joiners stay: emoji and several scripts are written with them.
    return character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
