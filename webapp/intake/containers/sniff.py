"""The type of a file by its first bytes; its name and its declared type have no say."""

HEAD_BYTES = 256
"""Enough for every signature, and for the brands and the first words told apart here."""

_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0\x10\0\0\0CR", "image/x-canon-cr2"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0\x08\0\0\0", "image/tiff"),
    (b"MM\0+\0\x08\0\0", "image/tiff"),
    # Refused, by name: the answer tells what was sent.
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL ", "image/jxl"),
    (b"\0\0\0\x0cjP  ", "image/jp2"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"\0\0\x01\0", "image/x-icon"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_WORDS = (
    (b"<svg", "image/svg+xml"),
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<script", "text/html"),
    (b"<?xml", "text/xml"),
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_DIB_HEADER_BYTES = frozenset({12, 40, 52, 56, 64, 108, 124})


def sniff(head: bytes) -> str:
    """Return the content type of the file that begins with ``head``, of any kind.

    HEIF with HEVC inside is ``image/heic`` under whichever brand. A file that cannot be
    placed is ``application/octet-stream``, one without a byte is ``empty``.

    Args:
        head: The first ``HEAD_BYTES``, or fewer when there are no more.
    """
    if not head:
        return "empty"
    for signature, content_type in _SIGNATURES:
        if head.startswith(signature):
            return content_type
    if head.startswith(b"RIFF"):
        return "image/webp" if head[8:12] == b"WEBP" else "application/octet-stream"
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    return "image/bmp" if _is_bmp(head) else _sniff_words(head)


def _sniff_brands(head: bytes) -> str:
    """AVIF and HEIC share a container; a general major brand is told by the compatible ones."""
    end = min(int.from_bytes(head[:4]), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return "image/avif"
    if brands & _HEIC_BRANDS:
        return "image/heic"
    return "image/heif" if b"mif1" in brands else "video/mp4"


def _is_bmp(head: bytes) -> bool:
    """Two letters alone would make a picture of every text on BMW."""
    return head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _DIB_HEADER_BYTES


def _sniff_words(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lower()
    found = [(text.find(word), content_type) for word, content_type in _WORDS if word in text]
    return min(found)[1] if found and text.lstrip().startswith(b"<") else _OTHER


_OTHER = "application/octet-stream"
